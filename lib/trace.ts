/**
 * Follows an event from its request to its attempts, when `OTEL_DENO` asks for it; otherwise nothing of it is loaded and
 * nothing is in the way.
 *
 * @module
 */
import type { AttemptReport, DispatcherParts } from "./dispatch/dispatcher.ts";
import type { PluginRunner } from "./dispatch/contract.ts";
import { late } from "./late.ts";
import type { Receipt } from "./receive/receiver.ts";
import type { AppendOne } from "./store/group_commit.ts";

/** Takes part in what the relay does, and makes a span of it. */
export interface Trace {
  /** Says on the request's span what came of it. */
  receipt(receipt: Receipt): void;
  /** An event's way to the disk becomes a span, beneath the request's. */
  append(append: AppendOne): AppendOne;
  /** Each claim of a delivery becomes a span, until what came of it is on disk. */
  store(store: DispatchStore): DispatchStore;
  /** Each run of a plugin becomes a span, beneath its delivery's. */
  runner(runner: PluginRunner): PluginRunner;
  /** What is done about an attempt, a log line say, belongs to its delivery's span. */
  attempt(observe: (report: AttemptReport) => void): (report: AttemptReport) => void;
  /** Runs what belongs to no span, though a request may be what set it off. */
  apart(run: () => void): void;
}

/** What of a store the dispatcher uses. */
export type DispatchStore = DispatcherParts["store"];

const NO_TRACE: Trace = {
  receipt() {},
  append: (append) => append,
  store: (store) => store,
  runner: (runner) => runner,
  attempt: (observe) => observe,
  apart: (run) => run(),
};

/**
 * The trace that the environment asks for: with `OTEL_DENO` as Deno reads it. `mask` takes secrets out of what plugins
 * say.
 */
export async function openTrace(
  environment: Readonly<Record<string, string>>,
  mask: (text: string) => string,
): Promise<Trace> {
  if (!["true", "1"].includes(environment["OTEL_DENO"] ?? "")) return NO_TRACE;
  const { createSpans } = await late<typeof import("./trace/spans.ts")>(
    import.meta.resolve("./trace/spans.ts"),
  );
  return createSpans(mask);
}

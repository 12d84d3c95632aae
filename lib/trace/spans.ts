/**
 * The spans of an event's way. Deno sends them to the collector, and makes those of requests itself.
 *
 * Between a request and its attempts lies a commit, so the spans after it are tied to those before by the event's source
 * and id.
 *
 * @module
 */
import {
  type Attributes,
  context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { createHash } from "node:crypto";
import type { Claimed, NewEvent, Settlement } from "../store/contract.ts";
import type { Trace } from "../trace.ts";

/** Events whose spans are remembered, the newest: their deliveries join the same trace. */
const REMEMBERED = 10_000;

/** Makes a {@linkcode Trace} of spans. `mask` takes secrets out of what plugins say. */
export function createSpans(mask: (text: string) => string): Trace {
  const tracer = trace.getTracer("coinrelay");
  const events = new Map<string, SpanContext>();
  const deliveries = new Map<number, Span>();
  /** Spans that the last write ended: what is told of it belongs to them. */
  const written = new Map<number, Span>();

  function remember(name: string, span: SpanContext) {
    events.set(name, span);
    if (events.size > REMEMBERED) events.delete(events.keys().next().value!);
  }

  function begin({ delivery, event }: Claimed, now: number) {
    end(delivery.id); // lost to another relay, and here again
    const attributes = {
      ...factsOf(event),
      "coinrelay.event.seq": event.seq,
      "coinrelay.route": delivery.route,
      "coinrelay.delivery": delivery.id,
      "coinrelay.waited_ms": Math.max(0, now - delivery.createdAt),
    };
    const parent = events.get(nameOf(event)) ?? traceOf(event);
    const span = tracer.startSpan(
      `delivery ${delivery.route}`,
      { kind: SpanKind.CONSUMER, attributes },
      trace.setSpanContext(ROOT_CONTEXT, parent),
    );
    deliveries.set(delivery.id, span);
  }

  function end(delivery: number, next?: Settlement["next"]) {
    const span = deliveries.get(delivery);
    if (span === undefined) return;
    deliveries.delete(delivery);
    if (next !== undefined) span.setAttribute("coinrelay.state", next.state);
    if (next?.state === "dead") fail(span, "dead letter");
    span.end();
  }

  /** The context of a delivery's span, for what is done about it. */
  function within(delivery: number) {
    const span = deliveries.get(delivery) ?? written.get(delivery);
    return span === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, span);
  }

  return {
    receipt({ source, result, reason }) {
      trace.getActiveSpan()?.setAttributes({
        "coinrelay.source": source,
        "coinrelay.result": result,
        ...(reason !== null && { "coinrelay.reason": reason }),
      });
    },

    append: (append) => (event) => {
      const attributes = {
        ...factsOf(event),
        "coinrelay.routes": event.deliveries.map(({ route }) => route),
      };
      const links = [{ context: traceOf(event) }]; // there its deliveries go on that are not made here
      const span = tracer.startSpan("append", { kind: SpanKind.PRODUCER, attributes, links });
      const name = nameOf(event);
      const first = !events.has(name);
      if (first) remember(name, span.spanContext()); // before the commit: it may be claimed before we hear of it
      return during(span, async () => {
        const appended = await append(event);
        span.setAttribute("coinrelay.result", appended.result);
        if (first && appended.result === "duplicate") events.delete(name);
        return appended;
      });
    },

    store: (store) => ({
      kvGet: (route, key) => store.kvGet(route, key),
      kvList: (route) => store.kvList(route),
      async claim(request) {
        const answer = await store.claim(request);
        for (const claimed of answer.claimed) begin(claimed, request.now);
        return answer;
      },
      async renew(relay, asked, leaseUntil) {
        const still = await store.renew(relay, asked, leaseUntil);
        const kept = new Set(still);
        for (const delivery of asked) if (!kept.has(delivery)) end(delivery);
        return still;
      },
      async settle(relay, settlements, now) {
        for (const { delivery, emitted } of settlements) {
          const span = deliveries.get(delivery)?.spanContext();
          if (span !== undefined) { for (const event of emitted) remember(nameOf(event), span); }
        }
        const settled = await store.settle(relay, settlements, now);
        written.clear();
        for (const { delivery } of settlements) {
          const span = deliveries.get(delivery);
          if (span !== undefined) written.set(delivery, span);
        }
        settlements.forEach(({ delivery, next }, index) => end(delivery, settled[index] ? next : undefined));
        return settled;
      },
    }),

    runner: (runner) => ({
      ...runner,
      run(job) {
        const attributes = {
          "coinrelay.route": job.route,
          "coinrelay.plugin": job.plugin,
          "coinrelay.delivery": job.delivery,
          "coinrelay.attempt": job.attempt,
        };
        const span = tracer.startSpan(`attempt ${job.plugin}`, { attributes }, within(job.delivery));
        return during(span, async () => {
          const result = await runner.run(job);
          span.setAttribute("coinrelay.outcome", result?.outcome ?? "not begun");
          if (result !== null && result.outcome !== "done") fail(span, mask(result.error ?? result.outcome));
          return result;
        });
      },
    }),

    attempt: (observe) => (report) => context.with(within(report.job.delivery), () => observe(report)),

    apart: (run) => context.with(ROOT_CONTEXT, run),
  };
}

/** What an event is known by. */
type Named = Pick<NewEvent, "source" | "id">;

const nameOf = ({ source, id }: Named) => `${source}\0${id}`;

function factsOf({ source, id, type, coin }: Pick<NewEvent, "source" | "id" | "type" | "coin">): Attributes {
  return {
    "coinrelay.source": source,
    "coinrelay.event.id": id,
    ...(type !== null && { "coinrelay.event.type": type }),
    ...(coin !== null && { "coinrelay.coin": coin }),
  };
}

/**
 * The trace of an event whose request is not known here, since it came before a restart or to another relay: the same
 * wherever it is asked.
 */
function traceOf(event: Named): SpanContext {
  const hash = createHash("sha256").update(nameOf(event)).digest("hex");
  return {
    traceId: hash.slice(0, 32),
    spanId: hash.slice(32, 48),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** Ends the span when `work` has ended. */
async function during<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    fail(span, error instanceof Error ? error.name : "failed");
    throw error;
  } finally {
    span.end();
  }
}

function fail(span: Span, message: string) {
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

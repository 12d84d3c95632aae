/** The events that `deno task try` is asked for. @module */
import type { StoredEvent } from "../nouns.ts";
import { SAMPLES } from "../samples.ts";
import type { Store } from "../store/contract.ts";
import { type ChosenEvent, labelOf, lastEvents, madeEvent } from "../try/choose_events.ts";
import { bodyIn, sampleNamed } from "./body_flags.ts";
import { onlyOne, UsageError, wholeNumberOf } from "./command.ts";

/** The flags that choose. */
export interface EventChoice {
  sample?: string[];
  file?: string;
  event?: string;
  last?: string;
  live?: boolean;
  diff?: string;
}

/**
 * Sees that the flags go together.
 *
 * @throws {UsageError} Where they do not.
 */
export function checkChoice({ sample, file, event, last, live, diff }: EventChoice): void {
  onlyOne({ sample, file, event, last });
  if (diff === "sent" && event === undefined && last === undefined) {
    throw new UsageError(
      "--diff sent compares stored events with what was sent for them: add --event or --last",
    );
  }
  onlyOne({ diff, live });
  const one = sample?.length === 1 || file !== undefined || event !== undefined || countOf(last) === 1;
  if (live && !one) {
    throw new UsageError("--live sends one event: choose it with --sample, --file, --event or --last 1");
  }
}

/**
 * The events that the flags choose, every sample without any; `total` of them at most.
 *
 * @param store Not null where stored events are chosen.
 * @param source Name of the source of events that are not stored.
 */
export async function chosenEvents(
  { sample, file, event: id, last }: EventChoice,
  store: Store | null,
  source: string,
): Promise<{ total: number; events: AsyncIterable<ChosenEvent> | Iterable<ChosenEvent> }> {
  const made = (
    label: string,
    id: string,
    body: Uint8Array,
  ) => [{ label, event: madeEvent(id, body, source, Date.now()) }];
  if (file !== undefined) return { total: 1, events: made(`the body in ${file}`, "from-file", bodyIn(file)) };
  if (id !== undefined) {
    const event = await store!.event({ id });
    if (event === null) throw new UsageError(`no stored event has the id ${JSON.stringify(id)}`);
    return { total: 1, events: [{ label: labelOf(event), event }] };
  }
  const count = countOf(last);
  if (count > 0) return { total: count, events: labelled(lastEvents(store!, count)) };
  const samples = sample ? sample.map(sampleNamed) : SAMPLES;
  return {
    total: samples.length,
    events: samples.flatMap(({ name, summary, body }) =>
      made(`${name}: ${summary}`, `sample-${name}`, new TextEncoder().encode(body))
    ),
  };
}

function countOf(last: string | undefined): number {
  return last === undefined ? 0 : wholeNumberOf("--last", last);
}

async function* labelled(events: AsyncIterable<StoredEvent>): AsyncGenerator<ChosenEvent> {
  for await (const event of events) yield { label: labelOf(event), event };
}

/** Makes the bodies that `send` sends: samples, or events of the user's own wording. @module */
import { CHANGE_TYPES, type ChangeType, type Json, type JsonObject } from "../nouns.ts";
import { given } from "../given.ts";
import { didYouMean } from "../config/suggest.ts";
import { SAMPLES } from "../samples.ts";
import { bodyIn, sampleNamed } from "./body_flags.ts";
import { onlyOne, UsageError } from "./command.ts";

/** A body to send. */
export interface TestEvent {
  /** What it is, for the person who sends it. */
  label: string;
  body: Uint8Array<ArrayBuffer>;
}

/** What the user asks for; see the help of `send`. */
export interface Wish {
  sample?: string[];
  all?: boolean;
  file?: string;
  field?: string;
  old?: string;
  new?: string;
  type?: string;
  coin?: string;
  event?: string;
}

/**
 * The events that are wished for; the first sample when nothing is.
 *
 * @throws {UsageError} When the wishes do not fit together.
 */
export function testEvents(wish: Wish): TestEvent[] {
  const { sample, all, file, field } = wish;
  const chosen = onlyOne({ sample, all, file, field });
  if (field === undefined) {
    const alone = (["old", "new", "type"] as const).find((name) => wish[name] !== undefined);
    if (alone) throw new UsageError(`--${alone} needs --field`);
  }
  if (file !== undefined) return [fromFile(file, wish)];
  if (field !== undefined) return [fromField(field, wish)];
  if (wish.event !== undefined && chosen === undefined) return [fromType(wish.event, wish)];
  const samples = all ? SAMPLES : sample ? sample.map(sampleNamed) : SAMPLES.slice(0, 1);
  return samples.map(({ name, summary, body }) => ({
    label: `${name}: ${summary}`,
    body: encode(reworded(body, wish)),
  }));
}

function fromFile(file: string, wish: Wish): TestEvent {
  if (wish.coin !== undefined || wish.event !== undefined) {
    throw new UsageError("--file is sent as it is, byte for byte: --coin and --event do not go with it");
  }
  return { label: `the body in ${file}`, body: bodyIn(file) };
}

function fromField(field: string, wish: Wish): TestEvent {
  const { coin = "bitcoin", event = "cg.coin.info.updated" } = wish;
  if (wish.old === undefined && wish.new === undefined) {
    throw new UsageError("--field needs --old, --new or both");
  }
  const guess = wish.old === undefined ? "addition" : wish.new === undefined ? "removal" : "update";
  const type = wish.type ?? guess;
  if (!CHANGE_TYPES.includes(type as ChangeType)) {
    throw new UsageError(
      `--type is one of ${CHANGE_TYPES.join(", ")}: ${didYouMean(type, CHANGE_TYPES) ?? "choose one"}`,
    );
  }
  const [old_value, new_value] = [wish.old, wish.new].map((text) =>
    text === undefined ? text : jsonOrText(text)
  );
  const change = given({ field, change_type: type, old_value, new_value });
  const body = { event_type: event, data: { ...coinOf(coin), changes: [change] } };
  return { label: `${type} of ${field} on ${coin}`, body: encode(JSON.stringify(body)) };
}

/** An event of a type: its sample where there is one, else one that says no more than the coin. */
function fromType(event: string, wish: Wish): TestEvent {
  const sample = SAMPLES.find(({ body }) => JSON.parse(body).event_type === event);
  const body = sample?.body ?? JSON.stringify({ event_type: event, data: coinOf("bitcoin") });
  return { label: event, body: encode(reworded(body, wish)) };
}

/** A sample's body with another coin or event type. */
function reworded(body: string, { coin, event }: Wish): string {
  if (coin === undefined && event === undefined) return body;
  const { event_type, data } = JSON.parse(body) as { event_type: string; data: JsonObject };
  return JSON.stringify({
    event_type: event ?? event_type,
    data: coin === undefined ? data : { ...data, ...coinOf(coin) },
  });
}

const coinOf = (id: string) => ({ id, symbol: id, name: id });

function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

const encode = (text: string) => new TextEncoder().encode(text);

/** Reads what an event's body says. @module */
import { isRecord } from "../config/loosely.ts";
import { messageOf } from "../message_of.ts";
import type { Change, Coin, Content, Json, JsonObject } from "../nouns.ts";

const strict = new TextDecoder("utf-8", { fatal: true });
const lenient = new TextDecoder();
/** What the lenient one puts where there is no UTF-8. */
const NO_UTF8 = "\uFFFD";

/** What is nested deeper is kept and routed nowhere: all who walk through an event may do so without fear. */
const MAX_DEPTH = 64;

/** A body that says nothing we can route. It is kept all the same. */
export interface NotUnderstood {
  /** What is wrong with it, for a person. */
  notUnderstood: string;
}

/**
 * Reads a body: `{ "event_type", "data": { "id"?, "symbol"?, "name"?, "changes"?, … } }`. A `coin` beside `data` says
 * which coin it is where `data` is not the coin itself, as in events that plugins emit.
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { understand } from "./understand.ts";
 *
 * const body = new TextEncoder().encode('{"event_type":"cg.coin.listed","data":{"id":"aave"}}');
 * assertEquals(understand(body), {
 *   type: "cg.coin.listed",
 *   coin: { id: "aave", symbol: "", name: "" },
 *   changes: null,
 *   data: { id: "aave" },
 * });
 * ```
 */
export function understand(body: Uint8Array): Content | NotUnderstood {
  let payload: Json;
  try {
    payload = JSON.parse(decode(body)) as Json;
  } catch (error) {
    return { notUnderstood: `the body is not JSON in UTF-8: ${messageOf(error)}` };
  }
  if (isDeeperThan(MAX_DEPTH, payload)) return { notUnderstood: `it is nested more than ${MAX_DEPTH} deep` };
  if (!isRecord(payload)) return { notUnderstood: "the body is not a JSON object" };
  const { event_type: type, data } = payload;
  if (typeof type !== "string" || type === "") return { notUnderstood: "event_type is not text" };
  if (!isRecord(data)) return { notUnderstood: "data is not an object" };
  const coin = readCoin(isRecord(payload["coin"]) ? payload["coin"] : data);
  if (!Object.hasOwn(data, "changes")) return { type, coin, changes: null, data };
  const { changes, ...rest } = data;
  if (changes === null) return { type, coin, changes, data: rest }; // as some serializers write what is not there
  if (!Array.isArray(changes)) return { notUnderstood: "data.changes is not a list" };
  const broken = changes.findIndex((change) => !isChange(change));
  if (broken >= 0) return { notUnderstood: `data.changes[${broken}] has no field or no change_type` };
  return { type, coin, changes: changes as unknown as Change[], data: rest };
}

/** Strictly; the lenient decoder is three times as fast, and its mark may also have been sent. */
function decode(body: Uint8Array): string {
  const text = lenient.decode(body);
  return text.includes(NO_UTF8) ? strict.decode(body) : text;
}

function readCoin(from: JsonObject): Coin {
  const text = (value: Json | undefined) => typeof value === "string" ? value : "";
  return { id: text(from["id"]), symbol: text(from["symbol"]), name: text(from["name"]) };
}

/** Makes no list of what is within: this is done for every event, and twice. */
function isDeeperThan(depth: number, value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  if (Array.isArray(value)) return value.some((inner) => isDeeperThan(depth - 1, inner));
  for (const key in value) if (isDeeperThan(depth - 1, value[key]!)) return true;
  return false;
}

/** A change type that we do not know yet is taken too: losing an alert would be worse. */
function isChange(value: Json): boolean {
  return isRecord(value) && typeof value["field"] === "string" && typeof value["change_type"] === "string";
}

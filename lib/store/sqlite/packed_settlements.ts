/** Ends of attempts on their way to the store's thread: values in a row cost a part of what objects do. @module */
import type { Outcome, Sent } from "../../nouns.ts";
import type { Settlement } from "../contract.ts";

type Value = string | number | null;

/** Settlements, packed. */
export interface PackedSettlements {
  /** {@linkcode VALUES} values of each settlement. */
  values: Value[];
  /** {@linkcode SENT_VALUES} values of each thing sent. */
  sent: Value[];
  /** What a settlement has that most have not, by its place. */
  more: Map<number, Pick<Settlement, "kv" | "emitted">>;
}

/** Values of a settlement, the last of them how much its attempt sent. */
const VALUES = 10;
/** Values of something sent. */
const SENT_VALUES = 3;

/** Packs settlements. */
export function packSettlements(settlements: readonly Settlement[]): PackedSettlements {
  const packed: PackedSettlements = { values: [], sent: [], more: new Map() };
  settlements.forEach(({ delivery, attempt, next, route, kv, emitted }, place) => {
    packed.values.push(delivery, route, next.state, next.state === "pending" ? next.dueAt : null);
    if (attempt === null) packed.values.push(null, 0, null, "", null, 0);
    else {
      const { number, startedAt, durationMs, outcome, error, sent } = attempt;
      packed.values.push(number, startedAt, durationMs, outcome, error, sent.length);
      for (const { what, status, body } of sent) packed.sent.push(what, status, body);
    }
    if (kv.length > 0 || emitted.length > 0) packed.more.set(place, { kv, emitted });
  });
  return packed;
}

/** The settlements that were packed. */
export function unpackSettlements({ values, sent: allSent, more }: PackedSettlements): Settlement[] {
  const settlements: Settlement[] = [];
  let sentAt = 0;
  for (let at = 0; at < values.length; at += VALUES) {
    const state = values[at + 2] as Settlement["next"]["state"];
    const number = values[at + 4] as number | null;
    const sent: Sent[] = [];
    for (let left = values[at + 9] as number; left > 0; left--) {
      sent.push({
        what: allSent[sentAt] as string,
        status: allSent[sentAt + 1] as number | null,
        body: allSent[sentAt + 2] as string,
      });
      sentAt += SENT_VALUES;
    }
    const { kv, emitted } = more.get(at / VALUES) ?? NOTHING;
    settlements.push({
      delivery: values[at] as number,
      route: values[at + 1] as string,
      next: state === "pending" ? { state, dueAt: values[at + 3] as number } : { state },
      attempt: number === null ? null : {
        number,
        startedAt: values[at + 5] as number,
        durationMs: values[at + 6] as number | null,
        outcome: values[at + 7] as Outcome,
        error: values[at + 8] as string | null,
        sent,
      },
      kv,
      emitted,
    });
  }
  return settlements;
}

const NOTHING: Pick<Settlement, "kv" | "emitted"> = { kv: [], emitted: [] };

/** Tells in the log what happens: one line an action, and a sum where there are too many to read. @module */
import type { AttemptReport } from "../dispatch/dispatcher.ts";
import { logOf } from "../log.ts";
import { messageOf } from "../message_of.ts";
import type { Receipt } from "../receive/receiver.ts";
import { REASONS } from "../receive/remedies.ts";
import { StoreUnavailable, StoreUnusable } from "../store/contract.ts";

/** More lines of a kind in one second than this are counted instead. */
const LINES_A_SECOND = 20;
/** A commit that takes so long is worth a line, in milliseconds: the provider waits for it, and not much longer. */
const SLOW_COMMIT_MS = 1000;

/** Writes the lines. */
export interface Narrator {
  receipt(receipt: Receipt): void;
  /** One commit of received events. */
  commit(events: number, tookMs: number): void;
  attempt(report: AttemptReport): void;
  /** What the store or the dispatcher could not do. */
  fault(error: unknown): void;
}

/** Makes a narrator. `now` in milliseconds since 1970. */
export function createNarrator(now: () => number): Narrator {
  const receive = logOf("receive");
  const dispatch = logOf("dispatch");
  const received = pace(now, (sum) => receive.info(sum));
  const dispatched = pace(now, (sum) => dispatch.info(sum));

  return {
    receipt({ source, result, reason, authentic, headers, body, notUnderstood, problem, tookMs }) {
      const facts = { source, event: headers.id || null, reason };
      if (notUnderstood !== null && result === "accepted" && received("not understood")) {
        receive.warn(`stored, but not understood: ${notUnderstood}`, facts);
      }
      if (result !== "rejected") {
        if (received(result)) {
          receive.info(result, { ...facts, bytes: body.byteLength, ms: Math.round(tookMs) });
        }
      } else if (reason === "store_unavailable") {
        if (!received("503")) return;
        const why = problem === undefined ? "" : `: ${problem}`;
        receive.error(`answered 503, since the store cannot commit${why}`, facts);
      } else if (authentic && reason !== null) {
        if (received(`${reason}`)) {
          receive.warn(`refused though rightly signed: ${REASONS[reason].remedy}`, facts);
        }
      } else if (received(`${reason}`)) {
        receive.warn("refused", facts);
      }
    },

    commit(events, tookMs) {
      if (tookMs < SLOW_COMMIT_MS || !received("slow commits")) return;
      const seconds = (tookMs / 1000).toFixed(1);
      receive.warn(`the store took ${seconds} s to commit: look at its disk`, { events });
    },

    attempt({ job, settlement, chainCut }) {
      const { outcome, error, durationMs } = settlement.attempt;
      const facts = {
        route: job.route,
        event: job.event.id,
        delivery: job.delivery,
        attempt: job.attempt,
        ms: durationMs,
      };
      if (chainCut) dispatch.warn("emitted events dropped: their chain is too deep", facts);
      if (outcome === "done") {
        if (dispatched("deliveries done")) dispatch.info("done", facts);
      } else if (settlement.next.state === "dead") {
        dispatch.error(`dead letter: ${error ?? outcome}`, facts);
      } else if (dispatched("failed attempts")) {
        const wait = settlement.next.state === "pending" ? settlement.next.dueAt - now() : 0;
        const again = `again in ${Math.max(1, Math.ceil(wait / 1000))} s`;
        dispatch.warn(`failed, ${again}: ${error ?? outcome}`, facts);
      }
    },

    fault(error) {
      const isAway = error instanceof StoreUnavailable || error instanceof StoreUnusable;
      const what = isAway ? "the store cannot be used, trying again" : "a fault of the relay's";
      dispatch.error(`${what}: ${messageOf(error)}`);
    },
  };
}

/**
 * Lets a few lines of each kind through in a second, and sums up the rest with the next of that kind. That may come much
 * later, so a sum names its second.
 */
function pace(now: () => number, sumUp: (sum: string) => void): (kind: string) => boolean {
  const kinds = new Map<string, { second: number; count: number }>();
  return (kind) => {
    const second = Math.floor(now() / 1000);
    let seen = kinds.get(kind);
    if (seen === undefined) kinds.set(kind, seen = { second, count: 0 });
    if (seen.second !== second) {
      if (seen.count > LINES_A_SECOND) {
        const at = new Date(seen.second * 1000).toISOString().replace(".000", "");
        sumUp(`… and ${seen.count - LINES_A_SECOND} more ${kind} in the second of ${at}`);
      }
      seen.second = second;
      seen.count = 0;
    }
    return ++seen.count <= LINES_A_SECOND;
  };
}

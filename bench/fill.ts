/** Fills a store as a relay would have, through the store's own code, but quicker than by sending. @module */
import type { Claimed, NewEvent, Settlement, Store } from "../lib/store/contract.ts";

/** Events of one append: more than a relay has in one, for the sake of speed. */
const STEP = 2000;
/** Appends under way at once: one is written while another is synced. */
const AT_ONCE = 3;
/** Deliveries of one claim. */
const CLAIM = 1000;

/** Appends the events of these numbers, `from` up to but not with `to`, in order. */
export async function appendMany(
  store: Pick<Store, "append">,
  from: number,
  to: number,
  event: (n: number) => NewEvent,
): Promise<void> {
  const running: Promise<unknown>[] = [];
  for (let n = from; n < to; n += STEP) {
    const step = Array.from({ length: Math.min(STEP, to - n) }, (_, index) => event(n + index));
    running.push(store.append(step));
    if (running.length >= AT_ONCE) await running.shift();
  }
  await Promise.all(running);
}

/** Claims all that waits for these routes, and settles each as `outcome` says. */
export async function settleAll(
  store: Pick<Store, "claim" | "settle">,
  names: readonly string[],
  now: number,
  outcome: (claimed: Claimed) => "done" | "dead",
): Promise<void> {
  const relay = "bench";
  const routes = names.map((route) => ({ route, limit: CLAIM, order: "any" as const, rate: null }));
  for (;;) {
    const { claimed } = await store.claim({ relay, now, leaseUntil: now + 3_600_000, routes });
    if (claimed.length === 0) return;
    await store.settle(relay, claimed.map((one) => settlement(one, now, outcome(one))), now);
  }
}

function settlement({ delivery }: Claimed, now: number, state: "done" | "dead"): Settlement {
  const dead = state === "dead";
  return {
    delivery: delivery.id,
    attempt: {
      number: 1,
      startedAt: now,
      durationMs: 3,
      outcome: dead ? "permanent" : "done",
      error: dead ? "example.com answered 404" : null,
      sent: [{ what: "POST https://example.com/•••", status: dead ? 404 : 200, body: "{}" }],
    },
    next: { state },
    route: delivery.route,
    kv: [],
    emitted: [],
  };
}

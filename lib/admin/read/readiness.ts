/** Whether the relay's store takes what comes, and how senders fare where it does not. @module */
import { StoreUnavailable } from "../../store/contract.ts";
import type { AdminParts, AdminStore } from "../parts.ts";
import { iso } from "./views.ts";

/** Whether the store takes what comes; or what it says of why not. Null: it does not answer soon. */
export type Readiness = { ready: true } | { ready: false; said: string } | null;

/** The relay may take so long to try its store, in milliseconds. */
const PATIENCE_MS = 1000;
/** To ask costs a commit, so an answer serves for so long. */
const FRESH_MS = 30_000;

/** Asks the relay, whose own connections to the store are others than the dashboard's. */
export async function askReadiness(
  store: Pick<AdminStore, "ready">,
  patienceMs: number = PATIENCE_MS,
): Promise<Readiness> {
  let patience: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => patience = setTimeout(() => resolve(null), patienceMs));
  const asked = store.ready().then(
    (): Readiness => ({ ready: true }),
    (error): Readiness => error instanceof StoreUnavailable ? { ready: false, said: error.message } : null,
  );
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(patience);
  }
}

/** Makes what asks now and then: again within half a minute only where the store took nothing. */
export function createReadiness(
  { store, now }: { store: Pick<AdminStore, "ready">; now(): number },
  patienceMs?: number,
): () => Promise<Readiness> {
  let known: { at: number; readiness: Promise<Readiness> } | null = null;
  return async () => {
    const at = now();
    if (known === null || at - known.at >= FRESH_MS || at < known.at) {
      known = { at, readiness: askReadiness(store, patienceMs) };
    }
    const readiness = await known.readiness;
    if (readiness?.ready === false) known = null;
    return readiness;
  };
}

/** What is known of those who send while the dashboard cannot read the store. */
export interface Senders {
  /** Whether the relay can store what they send; null: that is not known. */
  served: boolean | null;
  /** Since when they are refused for the store's sake; null: nobody was. */
  refusedSince: string | null;
}

/** Asks the relay how its senders fare. */
export async function sendersOf({ store, standing }: AdminParts, patienceMs?: number): Promise<Senders> {
  const [readiness, { sources }] = await Promise.all([askReadiness(store, patienceMs), standing()]);
  const since = [...sources.values()].flatMap(({ record: { failing } }) =>
    failing?.reason === "store_unavailable" ? [failing.since] : []
  );
  return {
    served: readiness?.ready ?? null,
    refusedSince: since.length === 0 ? null : iso(Math.min(...since)),
  };
}

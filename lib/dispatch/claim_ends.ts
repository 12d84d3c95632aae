/** Writes down what ends claims: an end that the store cannot keep holds up no other. @module */
import { type Claimed, type Settlement, StoreUnavailable } from "../store/contract.ts";
import { together } from "../store/together.ts";

/** The end of a claim: how its attempt ended, or that none took place. */
export interface ClaimEnd {
  claimed: Claimed;
  /** What is to be written of it. */
  settlement: Settlement;
  /** Whether that leaves out events that were emitted, since their chain is too deep. Default: false. */
  chainCut?: boolean;
}

/** Whether it leaves something to be remembered. */
export function remembers({ settlement }: ClaimEnd): boolean {
  return settlement.kv.length > 0;
}

/** How ends are written. */
export interface ClaimEndWriting {
  /** Writes all of them, or none, and then rejects. */
  settle(ends: readonly ClaimEnd[]): Promise<unknown>;
  /** What is written in place of an end that the store refused for a fault of its own; null: itself, later. */
  instead(end: ClaimEnd, refusal: unknown): Settlement | null;
  /** Told why the store refused. */
  onFault(error: unknown): void;
}

/** Writes ends, together as far as can be; answers those that are to be written later. */
export async function writeClaimEnds(
  ends: readonly ClaimEnd[],
  { settle, instead, onFault }: ClaimEndWriting,
): Promise<ClaimEnd[]> {
  if (ends.length === 0) return [];
  const results = await together(ends, async (some) => {
    await settle(some);
    return some;
  });
  const refused = results.flatMap((result, index) =>
    result.status === "rejected" ? [{ end: ends[index]!, why: result.reason as unknown }] : []
  );
  for (const why of new Set(refused.map(({ why }) => why))) onFault(why);
  const left: ClaimEnd[] = [];
  for (const { end, why } of refused) {
    const settlement = why instanceof StoreUnavailable ? null : instead(end, why);
    const written = settlement !== null &&
      await settle([{ ...end, settlement, chainCut: false }]).then(
        () => true,
        (error) => (onFault(error), false),
      );
    if (!written) left.push(end);
  }
  return left;
}

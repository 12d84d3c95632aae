/** Writes down how attempts ended: one that the store cannot keep holds up no other. @module */
import { type Claimed, type Settlement, StoreUnavailable } from "../store/contract.ts";
import { together } from "../store/together.ts";

/** How an attempt ended, or that none took place. */
export interface Outcome {
  /** The claim that it was made under. */
  claimed: Claimed;
  startedAt: number;
  /** What is to be written of it. */
  settlement: Settlement;
}

/** How outcomes are written. */
export interface OutcomeWriting {
  /** Writes all of them, or none, and then rejects. */
  settle(settlements: readonly Settlement[]): Promise<unknown>;
  /** What is written in place of an outcome that the store refused for a fault of its own; null: itself, later. */
  instead(outcome: Outcome, refusal: unknown): Settlement | null;
  /** Told why the store refused. */
  onFault(error: unknown): void;
}

/** Writes outcomes, together as far as can be; answers those that are to be written later. */
export async function writeOutcomes(
  outcomes: readonly Outcome[],
  { settle, instead, onFault }: OutcomeWriting,
): Promise<Outcome[]> {
  if (outcomes.length === 0) return [];
  const results = await together(outcomes, async (some) => {
    await settle(some.map(({ settlement }) => settlement));
    return some;
  });
  const refused = results.flatMap((result, index) =>
    result.status === "rejected" ? [{ outcome: outcomes[index]!, why: result.reason as unknown }] : []
  );
  for (const why of new Set(refused.map(({ why }) => why))) onFault(why);
  const left: Outcome[] = [];
  for (const { outcome, why } of refused) {
    const other = why instanceof StoreUnavailable ? null : instead(outcome, why);
    const written = other !== null &&
      await settle([other]).then(() => true, (error) => (onFault(error), false));
    if (!written) left.push(outcome);
  }
  return left;
}

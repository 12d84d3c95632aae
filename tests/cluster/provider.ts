/** The provider's side: events that are sent until they are taken, as often as the provider would. @module */
import type { RelayProcess } from "../support/relay_process.ts";

/** How often the provider sends an event before it gives up. */
export const TRIES = 14;
/** Its waits of minutes and hours, shortened. */
const WAITS_MS = [20, 50, 100, 200, 400, 800, 1500, 2000, 3000, 4000, 5000, 5000, 5000];

/** An event's body: coin `coin` has another name. */
export function nameChange(coin: string): string {
  const change = { field: "name", change_type: "update", old_value: "a", new_value: "b" };
  return JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: { id: coin, symbol: "abc", name: "Abc", changes: [change] },
  });
}

/**
 * Sends an event until a relay takes it. Answers how many tries that took.
 *
 * @param choose The relay to send it to, asked before each try.
 */
export async function deliver(choose: () => RelayProcess, id: string, coin: string): Promise<number> {
  const answers: string[] = [];
  for (let tried = 1; tried <= TRIES; tried++) {
    const answer = await choose().send({ id, body: nameChange(coin) }).catch((error: Error) => error.message);
    if (answer === "accepted" || answer === "duplicate") return tried;
    answers.push(answer);
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[tried - 1]));
  }
  throw new Error(`The provider gave up on ${id}: ${answers.join(", ")}`);
}

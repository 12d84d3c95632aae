/** What a route really sent for an event, back then. @module */
import type { Sent } from "../nouns.ts";
import type { Store } from "../store/contract.ts";

/** What the last attempt of the event's newest delivery sent; null when the route was never tried with it. */
export async function sentThen(
  store: Pick<Store, "deliveries" | "attempts">,
  route: string,
  event: number,
): Promise<Sent[] | null> {
  const [newest] = await store.deliveries({ events: [event], routes: [route], discarded: true }, {
    limit: 1,
  });
  const attempts = newest === undefined ? [] : await store.attempts(newest.id);
  return attempts.at(-1)?.sent ?? null;
}

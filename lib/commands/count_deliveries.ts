/** Counts deliveries exactly. @module */
import type { DeliveryFilter, Store } from "../store/contract.ts";
import { createProgress } from "./terminal.ts";

/** Rows read at a time: the store serves others in between. */
const STEP = 1000;

/** How many deliveries a filter takes, in all and by route. Reads them, unless the store keeps that count. */
export async function countDeliveries(
  store: Pick<Store, "counts" | "deliveries">,
  filter: DeliveryFilter,
): Promise<{ count: number; routes: Record<string, number> }> {
  const routes = noCounts();
  const { states, routes: asked, ...narrowed } = filter;
  if (Object.keys(narrowed).length === 0) {
    for (const { route, state, count } of await store.counts()) {
      if (states?.includes(state) === false || asked?.includes(route) === false) continue;
      routes[route] = (routes[route] ?? 0) + count;
    }
    return { count: sum(routes), routes };
  }
  const progress = createProgress();
  for (let after = 0;;) {
    const rows = await store.deliveries(filter, { after, limit: STEP });
    for (const { route } of rows) routes[route] = (routes[route] ?? 0) + 1;
    if (rows.length < STEP) break;
    after = rows.at(-1)!.id;
    progress.show(`${sum(routes)} counted`);
  }
  progress.clear();
  return { count: sum(routes), routes };
}

/** No counts yet, by route: a route may have a name of every object's. */
export const noCounts = (): Record<string, number> => Object.create(null);

/** Counts by route, in words. */
export const byRoute = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts).map(([route, count]) => `${route} ${count}`).join(", ");

const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0);

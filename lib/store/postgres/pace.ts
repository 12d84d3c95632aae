/** Keeps the rates of routes, for all relays together: their windows are in the rows of the routes. @module */
import type { ClaimRoute, Rate } from "../contract.ts";
import { allowance, type RateWindow, readAt, refund, spend } from "../rate_window.ts";
import type { Transaction } from "./transaction.ts";

/** What a route's rate allows now, and when it allows more. */
export interface Pace {
  rate: Rate;
  window: RateWindow;
  free: number;
  nextAt: number;
}

/** The paces of routes that have a rate, by name. */
export type Paces = Map<string, Pace>;

/** Reads the paces, and locks them until the transaction has ended. */
export async function readPaces(tx: Transaction, routes: readonly ClaimRoute[], now: number): Promise<Paces> {
  const rates = new Map(routes.flatMap(({ route, rate }) => rate ? [[route, rate] as const] : []));
  if (rates.size === 0) return new Map();
  const rows = await tx.query<{ name: string; claims: RateWindow }>(
    `SELECT name, claims FROM routes WHERE name IN (SELECT value FROM json_array_elements_text($1::json))
     ORDER BY id FOR NO KEY UPDATE`,
    [...rates.keys()],
  );
  return new Map(rows.map(({ name, claims }) => {
    const rate = rates.get(name)!;
    const window = readAt(claims, rate, now);
    if (window !== claims) keep(tx, name, window);
    return [name, { rate, window, ...allowance(window, rate, now) }];
  }));
}

/** Counts claims of `routes`, each as often as it is named. */
export function spendPaces(tx: Transaction, paces: Paces, routes: readonly string[], now: number): void {
  for (const [name, pace] of paces) {
    const claims = routes.filter((route) => route === name).length;
    if (claims === 0) continue;
    const window = spend(pace.window, pace.rate, now, claims);
    paces.set(name, { rate: pace.rate, window, ...allowance(window, pace.rate, now) });
    keep(tx, name, window);
  }
}

/** Takes back what claims that came to nothing count: `started_at` is when each was made. */
export async function refundPaces(
  tx: Transaction,
  undone: readonly { route: string; started_at: number }[],
): Promise<void> {
  if (undone.length === 0) return;
  const rows = await tx.query<{ name: string; claims: RateWindow }>(
    `SELECT name, claims FROM routes WHERE name IN (SELECT value FROM json_array_elements_text($1::json))
     ORDER BY id FOR NO KEY UPDATE`,
    [...new Set(undone.map(({ route }) => route))],
  );
  for (const { name, claims } of rows) {
    if (claims.length === 0) continue; // a route without a rate
    const own = undone.filter(({ route }) => route === name);
    keep(tx, name, own.reduce((window, { started_at }) => refund(window, started_at), claims));
  }
}

function keep(tx: Transaction, route: string, window: RateWindow): void {
  tx.query("UPDATE routes SET claims = $2::json WHERE name = $1", route, window);
}

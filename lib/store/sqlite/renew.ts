/** Extends leases. @module */
import type { Transaction } from "./transaction.ts";

/** See `Store.renew`. */
export function renew(
  tx: Transaction,
  relay: string,
  deliveries: readonly number[],
  until: number,
): number[] {
  return deliveries.filter((delivery) =>
    tx.db.run("UPDATE leases SET until = ? WHERE delivery = ? AND relay = ?", until, delivery, relay) > 0
  );
}

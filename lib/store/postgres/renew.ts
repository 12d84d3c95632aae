/** Extends leases. @module */
import { RUNNING } from "./states.ts";
import type { Transaction } from "./transaction.ts";

/** See `Store.renew`. */
export async function renew(
  tx: Transaction,
  relay: string,
  deliveries: readonly number[],
  until: number,
): Promise<number[]> {
  const rows = await tx.query<{ id: number }>(
    `WITH held AS (
       SELECT id FROM deliveries
       WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json))
         AND relay = $2 AND state = ${RUNNING} ORDER BY id FOR UPDATE
     ) UPDATE deliveries d SET lease_until = $3 FROM held WHERE d.id = held.id RETURNING d.id`,
    deliveries,
    relay,
    until,
  );
  const held = new Set(rows.map(({ id }) => id));
  return deliveries.filter((id) => held.has(id));
}

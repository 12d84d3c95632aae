/** Extends leases. @module */
import { bigints } from "./arrays.ts";
import { RUNNING } from "../states.ts";
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
       WHERE id = ANY($1::bigint[]) AND relay = $2 AND state = ${RUNNING} ORDER BY id FOR UPDATE
     ) UPDATE deliveries SET lease_until = $3 WHERE id = ANY(ARRAY(SELECT id FROM held)) RETURNING id`,
    bigints(deliveries),
    relay,
    until,
  );
  const held = new Set(rows.map(({ id }) => id));
  return deliveries.filter((id) => held.has(id));
}

/** Lets one relay do what is to be done once for all. @module */
import type { Transaction } from "./transaction.ts";

/**
 * Takes a task for `relay` from `now` for `ms`, unless another has it; answers whether it got it. Who has it for much
 * longer than that took it before the clocks were set back.
 */
export async function take(
  tx: Transaction,
  task: string,
  relay: string,
  now: number,
  ms: number,
): Promise<boolean> {
  const rows = await tx.query(
    `INSERT INTO tasks AS t VALUES ($1, $2, $3::bigint + $4::bigint)
     ON CONFLICT (name) DO UPDATE SET relay = excluded.relay, until = excluded.until WHERE t.until NOT BETWEEN $3::bigint + 1 AND $3::bigint + 2 * $4::bigint
     RETURNING 1`,
    task,
    relay,
    now,
    ms,
  );
  return rows.length > 0;
}

/** Puts off the end of a task that `relay` has. */
export async function extend(tx: Transaction, task: string, relay: string, until: number): Promise<void> {
  await tx.query(
    "UPDATE tasks SET until = $3 WHERE name = $1 AND relay = $2 AND until < $3",
    task,
    relay,
    until,
  );
}

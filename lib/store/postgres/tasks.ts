/** Lets one relay do what is to be done once for all. @module */
import type { Transaction } from "./transaction.ts";

/** Takes a task for `relay` until then, unless another has it at `now`; answers whether it got it. */
export async function take(
  tx: Transaction,
  task: string,
  relay: string,
  now: number,
  until: number,
): Promise<boolean> {
  const rows = await tx.query(
    `INSERT INTO tasks AS t VALUES ($1, $2, $4)
     ON CONFLICT (name) DO UPDATE SET relay = excluded.relay, until = excluded.until WHERE t.until <= $3
     RETURNING 1`,
    task,
    relay,
    now,
    until,
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

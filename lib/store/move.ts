/** Moves a store from one engine to another, or from one place to another. @module */
import { createHash } from "node:crypto";
import { StoreUnusable } from "./contract.ts";
import { type Part, PARTS, type Row, type Transfer } from "./transfer.ts";

/** What a part came to: its rows, and a hash over all that is in them, whatever their order. */
export interface Tally {
  part: Part;
  rows: number;
  /** SHA-256 of each row, combined by exclusive or; in hexadecimal. */
  hash: string;
}

/** Told how far a move is. */
export type OnProgress = (doing: "copying" | "checking", part: Part, rows: number, of: number) => void;

/** Most rows that are in memory at a time, and about how many bytes. */
const MOST_ROWS = 2000;
const MOST_BYTES = 4 * 1024 * 1024;

const NAMES = Object.keys(PARTS) as Part[];

/**
 * Copies all of `from` to `to`, compares them, and only then makes `to` a store that relays can open, and `from` one
 * that they refuse: at no time can both be acted on. A move that was interrupted goes on where it was. Answers what was
 * compared.
 *
 * @throws {StoreUnusable} when the two differ in the end; then `to` stays as unusable as it was.
 */
export async function moveStore(from: Transfer, to: Transfer, onProgress: OnProgress): Promise<Tally[]> {
  for (const part of NAMES) await copy(from, to, part, onProgress);
  const tallies: Tally[] = [];
  for (const part of NAMES) {
    const [there, here] = [await tally(from, part, onProgress), await tally(to, part, onProgress)];
    if (there.rows !== here.rows || there.hash !== here.hash) {
      const came = ({ rows, hash }: Tally) => `${rows} rows (${hash.slice(0, 12)}…)`;
      throw new StoreUnusable(
        `The copies of ${part} differ: ${came(there)} in ${from.label}, ${came(here)} in ${to.label}. ` +
          "Has a relay run since the move was begun? Empty the target and move again",
      );
    }
    tallies.push(here);
  }
  await from.retire();
  await to.finish(await from.marks());
  return tallies;
}

async function copy(from: Transfer, to: Transfer, part: Part, onProgress: OnProgress): Promise<void> {
  const of = await from.count(part);
  // What has no common order is copied from the start; rows that are there are left alone.
  const after = part === "remembered" ? null : await to.last(part);
  let rows = after === null ? 0 : await to.count(part);
  for await (const batch of batches(from, part, after)) {
    await to.write(part, batch);
    rows += batch.length;
    onProgress("copying", part, rows, of);
  }
}

/** Counts and hashes a part. */
export async function tally(store: Transfer, part: Part, onProgress: OnProgress = () => {}): Promise<Tally> {
  const of = await store.count(part);
  const hash = new Uint8Array(32);
  let rows = 0;
  for await (const batch of batches(store, part, null)) {
    for (const row of batch) digest(row).forEach((byte, index) => hash[index]! ^= byte);
    rows += batch.length;
    onProgress("checking", part, rows, of);
  }
  return { part, rows, hash: hash.toHex() };
}

function digest(row: Row): Uint8Array {
  const text = JSON.stringify(row.map((cell) => cell instanceof Uint8Array ? cell.toBase64() : cell));
  return createHash("sha256").update(text).digest();
}

/** The rows of a part, so many at a time that memory holds them whatever their size. */
async function* batches(store: Transfer, part: Part, after: Row | null): AsyncGenerator<Row[]> {
  let limit = 16;
  for (;;) {
    const batch = await store.read(part, after, limit);
    if (batch.length === 0) return;
    yield batch;
    after = batch.at(-1)!;
    const bytes = batch.reduce((sum, row) => sum + sizeOf(row), 0) / batch.length;
    limit = Math.max(1, Math.min(limit * 2, MOST_ROWS, Math.floor(MOST_BYTES / bytes)));
  }
}

function sizeOf(row: Row): number {
  return row.reduce<number>(
    (sum, cell) => sum + (typeof cell === "string" || cell instanceof Uint8Array ? cell.length : 8),
    0,
  );
}

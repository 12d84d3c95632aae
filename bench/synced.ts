/**
 * The limit, and what a sync before the answers costs by itself: what arrives together is written to a file and synced
 * once. It knows nothing of what it has, and nobody can ask it. Prints its port.
 *
 * @module
 */
import { groupCommit } from "../lib/store/group_commit.ts";
import type { NewEvent } from "../lib/store/contract.ts";
import { serveBare } from "./bare_server.ts";

/** Written over again and again: a file that grows takes longer to sync. */
const FILE_BYTES = 16 * 1024 * 1024;

const name = await Deno.makeTempFile({ prefix: "coinrelay-bench-" });
const file = await Deno.open(name, { read: true, write: true });
await Deno.remove(name);
file.writeSync(new Uint8Array(FILE_BYTES).fill(1));
file.syncSync();
const together = new Uint8Array(1024 * 1024);
let at = FILE_BYTES;

const keep = groupCommit((events) => {
  let length = 0;
  for (const { body } of events) {
    together.set(body, length);
    length += body.length;
  }
  if (at + length > FILE_BYTES) at = file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(together.subarray(0, length));
  file.syncDataSync();
  at += length;
  return Promise.resolve(events.map(() => ({ result: "duplicate" }))); // nobody looks: it has no numbers to give
});

serveBare((body) => keep({ body } as NewEvent));

/** Tells other relays what this one has committed. @module */
import type { CommitNews } from "../contract.ts";
import type { Engine } from "./engine.ts";
import { channelOf, type Message } from "./hear.ts";

/** PostgreSQL takes payloads below 8000 bytes. */
const MOST_BYTES = 7500;

/**
 * Makes a teller. It does so after the commit, outside of the transaction: a commit that notifies would make all
 * others wait. What happens while it tells goes into the next message. Should a message get lost, others ask.
 *
 * @param me Who says so.
 */
export function createTeller(engine: Engine, me: string): (news: CommitNews) => void {
  let untold: Message | null = null;
  let telling = false;

  async function tell() {
    telling = true;
    while (untold) {
      const text = JSON.stringify(untold);
      const short = new TextEncoder().encode(text).length <= MOST_BYTES;
      const payload = short ? text : JSON.stringify({ ...untold, routes: null });
      untold = null;
      await engine.read("SELECT pg_notify($1, $2)", channelOf(engine.settings), payload).catch(() => {});
    }
    telling = false;
  }

  return ({ lastSeq, routes }) => {
    const before: Message = untold ?? { from: me, seq: null, routes: [] };
    untold = {
      from: me,
      seq: lastSeq ?? before.seq,
      routes: [...new Set([...before.routes ?? [], ...routes])],
    };
    if (!telling) void tell();
  };
}

/** A real relay whose store is where a test can break it, and what it must have kept. @module */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { openStore } from "../../lib/store/open.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, type RelayProcess, SECRET } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";

/** What a test may choose. */
export interface StoringRelaySettings {
  /** How the receiver answers. Default: well. */
  answer?: () => Promise<Response>;
  /** Length of each event's body, or a little more. Default: large enough that a few fill a page or two. */
  bodyBytes?: number;
}

/** Starts a relay with its store in the folder `where`, and one route to a receiver. */
export async function startStoringRelay(
  where: string,
  { answer, bodyBytes = 2000 }: StoringRelaySettings = {},
) {
  const body = (id: string) =>
    JSON.stringify({
      event_type: "cg.coin.info.updated",
      data: { id, changes: [{ field: "name", change_type: "update", new_value: "n".repeat(bodyBytes) }] },
    });
  const receiver = startReceiver(answer);
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  const folder = await createRelayFolder({
    plugins: { "http.ts": http },
    config: {
      store: `sqlite:${join(where, "relay.db")}`,
      routes: [{ name: "out", plugin: "http", events: ["cg.*"], options: { url: receiver.url } }],
    },
  });
  const accepted: string[] = [];
  let sent = 0;
  let relay = await folder.start();

  /** Sends a fresh event; answers the response, its body read. */
  async function send(): Promise<{ status: number; retryAfter: string | null; reason: string }> {
    const id = `evt-${sent++}`;
    const response = await fetch(
      `${relay.url}/webhook`,
      signedRequest({ secret: SECRET, id, body: body(id) }),
    );
    const answer = await response.json();
    if (response.status === 200) accepted.push(id);
    return {
      status: response.status,
      retryAfter: response.headers.get("retry-after"),
      reason: answer.reason,
    };
  }

  const received = () => receiver.received.map(({ text }) => JSON.parse(text).id as string);

  return {
    folder,
    receiver,
    accepted,
    received,
    file: join(where, "relay.db"),
    relay: (): RelayProcess => relay,
    send,
    /** Starts the relay anew, after it was stopped or killed. */
    async startAgain() {
      relay = await folder.start();
    },
    /** Sends until one is refused, and sees that the provider is told to come again. */
    async sendUntilRefused() {
      const refusal = await until("one is refused", async () => {
        const answer = await send();
        return answer.status === 200 ? null : answer;
      });
      assertEquals([refusal.status, refusal.reason], [503, "store_unavailable"]);
      assert(Number(refusal.retryAfter) > 0, "Retry-After tells when to come again");
    },
    sendUntilAccepted: () => until("one is accepted", async () => (await send()).status === 200),
    async ready(): Promise<number> {
      const response = await fetch(`${relay.adminUrl}/readyz`);
      await response.body?.cancel();
      return response.status;
    },
    /** The ids of the events that are stored. */
    async stored(): Promise<string[]> {
      const store = await openStore(`sqlite:${join(where, "relay.db")}`, "/", { shared: true });
      const events = await store.events({ source: "cryptosync" }, { limit: 10_000, after: 0 });
      await store.close();
      return events.map(({ id }) => id);
    },
    /**
     * Every accepted event was delivered, nothing else was, or is stored; and the file is sound. Each was delivered
     * once, unless what told so was not yet synced when the relay was killed or its disk was exchanged: it `repeats`.
     */
    async assertKept({ repeats = false } = {}) {
      await until("every accepted event is delivered", () => accepted.every((id) => received().includes(id)));
      const store = await openStore(`sqlite:${join(where, "relay.db")}`, "/", { shared: true });
      const open = () => store.deliveries({ states: ["pending", "running"], routes: ["out"] }, { limit: 10 });
      await until("every delivery is done", async () => (await open()).length === 0);
      const stored = await store.events({ source: "cryptosync" }, { limit: 10_000, after: 0 });
      await store.close();
      assertEquals(stored.map(({ id }) => id), accepted);
      const delivered = repeats ? [...new Set(received())] : received();
      assertEquals(delivered.toSorted(), accepted.toSorted());
      for (const event of stored) assertEquals(new TextDecoder().decode(event.body), body(event.id));
      const db = new DatabaseSync(join(where, "relay.db"), { readOnly: true });
      assertEquals({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
      db.close();
    },
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

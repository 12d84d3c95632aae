import { assert, assertEquals, assertRejects } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, SECRET } from "../support/relay_process.ts";
import { signedRequest } from "../support/signed_request.ts";

/** What is held is held for longer; a slow machine must not fail a test. */
const PATIENCE_MS = 60_000;

/** A relay with one route, to a receiver that answers when the test lets it. */
async function startHeld() {
  const held: (() => void)[] = [];
  let holds = true;
  const receiver = startReceiver(async () => {
    if (holds) await new Promise<void>((resolve) => held.push(resolve));
    return new Response("ok");
  });
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  const folder = await createRelayFolder({
    plugins: { "http.ts": http },
    config: { routes: [{ name: "out", plugin: "http", events: ["cg.*"], options: { url: receiver.url } }] },
  });
  return {
    receiver,
    folder,
    release() {
      holds = false;
      held.forEach((answer) => answer());
    },
    async attempts() {
      const store = await openStore("sqlite:data/relay.db", folder.folder, { shared: true });
      const deliveries = await store.deliveries({}, { after: 0, limit: 99 });
      const all = await Promise.all(deliveries.map(({ id }) => store.attempts(id)));
      await store.close();
      return all.map((attempts) => attempts.map(({ outcome }) => outcome));
    },
    async [Symbol.asyncDispose]() {
      holds = false;
      held.forEach((answer) => answer());
      await folder[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

Deno.test("SIGTERM: no connection is taken any more, what runs is finished, and the exit code is 0", async () => {
  await using at = await startHeld();
  const relay = await at.folder.start();
  for (let i = 0; i < 3; i++) await relay.send({});
  await at.receiver.arrived(3);
  const stopped = relay.stop();
  await relay.logged("stopping", ({ message }) => message.startsWith("stopping"));
  const refused = () => fetch(`${relay.url}/webhook`, signedRequest({ secret: SECRET }));
  await assertRejects(async () => {
    for (;;) await (await refused()).body?.cancel(); // the listener closes in a moment
  });
  at.release();
  assertEquals(await stopped, 0);
  assertEquals(await at.attempts(), [["done"], ["done"], ["done"]]);
});

Deno.test("SIGTERM: what does not end within the limit is given back, and made at the next start", async () => {
  await using at = await startHeld();
  const relay = await at.folder.start();
  await relay.send({});
  await at.receiver.arrived(1);
  const began = performance.now();
  assertEquals(await relay.stop(), 0);
  assert(performance.now() - began < PATIENCE_MS, "it does not wait for ever");
  assertEquals(await at.attempts(), [["interrupted"]]);
  at.release();
  const again = await at.folder.start();
  await at.receiver.arrived(2);
  assertEquals(await again.stop(), 0);
  assertEquals(await at.attempts(), [["interrupted", "done"]]);
});

Deno.test("a second SIGTERM ends it at once, and nothing is lost by that", async () => {
  await using at = await startHeld();
  const relay = await at.folder.start();
  await relay.send({});
  await at.receiver.arrived(1);
  const stopped = relay.stop();
  await relay.logged("stopping", ({ message }) => message.startsWith("stopping"));
  const began = performance.now();
  Deno.kill(relay.pid, "SIGTERM");
  assertEquals(await stopped, 2);
  assert(performance.now() - began < 4000, "at once, not at the end of the limit");
  at.release();
  const again = await at.folder.start();
  await at.receiver.arrived(2);
  assertEquals(await again.stop(), 0);
  assertEquals(await at.attempts(), [["interrupted", "done"]]);
});

Deno.test("SIGTERM: a sender that never sends the rest of its body does not hold it up", async () => {
  await using at = await startHeld();
  const relay = await at.folder.start();
  const { hostname, port } = new URL(relay.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode("POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"),
  );
  assertEquals(await relay.send({}), "accepted");
  at.release();
  const began = performance.now();
  assertEquals(await relay.stop(), 0);
  assert(performance.now() - began < PATIENCE_MS, "it does not wait for ever");
});

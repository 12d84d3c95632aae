import { assert, assertEquals } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** Asks once for a pause of `seconds`, then is content. Tells when each request came. */
function startBusyReceiver(status: number, retryAfter: () => string) {
  const times: number[] = [];
  const receiver = startReceiver((_, count) => {
    times.push(Date.now());
    return count === 1
      ? new Response("", { status, headers: { "retry-after": retryAfter() } })
      : new Response("ok");
  });
  return { receiver, times };
}

async function startRelayTo(url: string) {
  const http = await Deno.readTextFile(new URL("../../plugins/http.ts", import.meta.url));
  return await createRelayFolder({
    plugins: { "http.ts": http },
    config: {
      retry: { minDelaySeconds: 0.01, maxDelaySeconds: 0.01, maxAttempts: 3 },
      routes: [{ name: "out", plugin: "http", events: ["cg.*"], options: { url } }],
    },
  });
}

Deno.test("Retry-After in seconds is honoured, whatever the route's own delays are", async () => {
  const { receiver, times } = startBusyReceiver(429, () => "1");
  await using _receiver = receiver;
  await using folder = await startRelayTo(receiver.url);
  const relay = await folder.start();
  await relay.send({});
  await receiver.arrived(2);
  assert(times[1]! - times[0]! >= 1000, `${times[1]! - times[0]!} ms`);
});

Deno.test("Retry-After as a date is honoured across a SIGKILL, under the same key", async () => {
  let askedFor = 0;
  const { receiver, times } = startBusyReceiver(503, () => {
    askedFor = Math.ceil(Date.now() / 1000 + 3) * 1000;
    return new Date(askedFor).toUTCString();
  });
  await using _receiver = receiver;
  await using folder = await startRelayTo(receiver.url);
  const relay = await folder.start();
  await relay.send({});
  await receiver.arrived(1);
  const store = await openStore("sqlite:data/relay.db", folder.folder, { shared: true });
  await until("the answer is written down", async () => (await store.attempts(1)).length === 1);
  await store.close();
  await relay.kill();
  await folder.start();
  await receiver.arrived(2);
  assert(times[1]! >= askedFor - 50, `${askedFor - times[1]!} ms early`);
  const [first, second] = receiver.received;
  assertEquals(second!.headers["webhook-id"], first!.headers["webhook-id"]);
});

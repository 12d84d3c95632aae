import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import type { JsonObject } from "../../lib/nouns.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

/** A relay that tells a receiver of itself. */
async function startTelling(
  settings: { source?: Record<string, unknown>; plugins?: Record<string, string> } = {},
) {
  const receiver = startReceiver();
  const out = { name: "out", plugin: "tell", events: ["relay.*"], options: { url: receiver.url } };
  const folder = await createRelayFolder({
    plugins: { "tell.ts": TELL, ...settings.plugins },
    config: {
      sources: [{
        name: "cryptosync",
        path: "/webhook",
        secrets: ["whsec_test_of_the_relay_process"],
        ...settings.source,
      }],
      routes: [
        out,
        ...Object.keys(settings.plugins ?? {}).map((file) => ({
          name: "other",
          plugin: file.replace(".ts", ""),
          events: ["cg.*"],
        })),
      ],
    },
  });
  const told = (state: string) =>
    until(
      `${state} is told`,
      () =>
        receiver.received.map(({ text }) => JSON.parse(text) as { type: string; data: JsonObject })
          .find(({ data }) => data["state"] === state),
    );
  return {
    folder,
    receiver,
    told,
    relay: await folder.start(),
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}

const TELL = `import { definePlugin, z } from "coinrelay/plugin";
export default definePlugin({
  options: z.object({ url: z.url() }),
  async run({ type, data }, { options, fetch }) {
    await fetch(options.url, { method: "POST", body: JSON.stringify({ type, data }) });
  },
});
`;

const stale = () => String(Math.floor(Date.now() / 1000) - 3600);

Deno.test("a stale delivery with a right signature is told at once, and its end when it is taken", async () => {
  await using at = await startTelling();
  assertEquals(await at.relay.send({ id: "evt-1", timestamp: stale() }), "stale_timestamp");
  const { type, data } = await at.told("rejecting");
  assertEquals([type, data["authentic"], data["tries"], data["hoursLeft"], data["eventId"]], [
    "relay.source.rejecting",
    true,
    1,
    23,
    "evt-1",
  ]);
  assertEquals(await at.relay.send({ id: "evt-1" }), "accepted");
  await at.told("recovered");
});

Deno.test("a wrong secret is told at the third try of an event, across a restart", async () => {
  await using at = await startTelling();
  for (let i = 0; i < 3; i++) {
    assertEquals(await at.relay.send({ id: "evt-1", secret: "whsec_wrong" }), "bad_signature");
  }
  const { data } = await at.told("rejecting");
  assertEquals([data["authentic"], data["tries"], data["reason"]], [false, 3, "bad_signature"]);
  await at.relay.kill();
  const again = await at.folder.start();
  assertEquals(await again.send({ id: "evt-1" }), "accepted");
  await at.told("recovered");
});

Deno.test("what could not be stored is told as soon as the store is back", async () => {
  await using at = await startTelling();
  const holder = new DatabaseSync(join(at.folder.folder, "data/relay.db"), { timeout: 5000 });
  holder.exec("BEGIN IMMEDIATE");
  assertEquals(await at.relay.send({ id: "evt-1" }), "store_unavailable");
  assertEquals(at.receiver.received.length, 0);
  holder.exec("ROLLBACK");
  holder.close();
  const { data } = await at.told("rejecting");
  assertEquals([data["authentic"], data["status"], data["eventId"]], [true, 503, "evt-1"]);
  assertEquals(await at.relay.send({ id: "evt-1" }), "accepted");
  await at.told("recovered");
});

Deno.test("a silent source is told, and its first delivery after", async () => {
  await using at = await startTelling({ source: { silentMinutes: 0.02 } });
  const { type } = await at.told("silent");
  assertEquals(type, "relay.source.silent");
  await at.relay.send({});
  await at.told("heard");
});

Deno.test("a plugin whose process keeps dying is told, and its delivery waits", async () => {
  await using at = await startTelling({
    plugins: { "dies.ts": "export default { run() { Deno.exit(3); } };\n" },
  });
  await at.relay.send({});
  const { type, data } = await at.told("failing");
  assertEquals([type, data["plugin"], data["routes"]], ["relay.plugin.failing", "dies", ["other"]]);
  assert(Number(data["deaths"]) >= 1, JSON.stringify(data));
});

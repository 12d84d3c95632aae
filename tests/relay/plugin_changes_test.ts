/** What events are for while plugins change: none is left out, whatever hinders a plugin. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

const change = (field: string) => ({ field, change_type: "update", old_value: "a", new_value: "b" });
const body = (...changes: ReturnType<typeof change>[]) =>
  JSON.stringify({ event_type: "cg.coin.info.updated", data: { id: "aave", changes } });

/** Route and event of the deliveries that an address lists, oldest first. */
async function deliveries(relay: RelayProcess, query: string): Promise<string[]> {
  const { items } = await (await fetch(`${relay.adminUrl}/api/deliveries?${query}`)).json();
  return items.map(({ route, event }: { route: string; event: { id: string } }) => `${route} ${event.id}`)
    .reverse();
}

const taking = (run: string) => `export default { fields: ["links.*"], run({ id }) { ${run} } };\n`;

Deno.test("what a plugin took waits while its new version is broken, over a restart too, and the mended one makes it", async () => {
  await using at = await createRelayFolder({ plugins: { "own.ts": taking("") } });
  const write = (text: string) => Deno.writeTextFile(join(at.pluginsDir, "own.ts"), text);
  const sendTwo = async (relay: RelayProcess, n: number) => {
    assertEquals(await relay.send({ id: `link-${n}`, body: body(change("links.homepage")) }), "accepted");
    assertEquals(await relay.send({ id: `name-${n}`, body: body(change("name")) }), "accepted");
  };
  const relay = await at.start();
  await write("export default {");
  await relay.logged("it is refused", ({ level, plugin }) => level === "error" && plugin === "own");
  await sendTwo(relay, 1);
  assertEquals(await deliveries(relay, "state=pending"), ["own link-1"]);
  await relay.stop();

  const again = await at.start();
  await sendTwo(again, 2);
  assertEquals(await deliveries(again, "state=pending"), ["own link-1", "own link-2"]);
  await write(taking('console.log("mended made " + id);'));
  for (const id of ["link-1", "link-2"]) {
    await again.logged(`${id} is made`, ({ message }) => message === `mended made ${id}`);
  }
  await until("all is done", async () => (await deliveries(again, "state=done")).length === 2);
  assertEquals(await deliveries(again, "limit=500"), ["own link-1", "own link-2"]);
});

Deno.test("a plugin that does not answer keeps no event from one that is new", async () => {
  await using at = await createRelayFolder({
    plugins: {
      "hung.ts": `import { definePlugin, z } from "coinrelay/plugin";
        export default definePlugin({ options: z.object({}), run() { for (;;); } });`,
    },
    config: { routes: [{ name: "hung", plugin: "hung", events: ["cg.hang"] }] },
  });
  const relay = await at.start();
  await relay.send({ id: "hang", body: '{"event_type":"cg.hang","data":{}}' });
  await until("it hangs", async () => (await deliveries(relay, "state=running")).length === 1);
  await Deno.writeTextFile(join(at.pluginsDir, "new.ts"), taking(""));
  await relay.logged(
    "it is in force",
    ({ message, plugin }) => message === "is in force" && plugin === "new",
  );
  await relay.send({ id: "link", body: body(change("links.homepage")) });
  assertEquals(await deliveries(relay, "event=link"), ["new link"]);
  await until("it is done", async () => (await deliveries(relay, "state=done")).length === 1);
});

/** Every released version's store is taken over by this program, with all that is in it. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { openStore } from "../../lib/store/open.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, SECRET } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { startProviderLoad } from "./provider_load.ts";

const FIXTURES = fromFileUrl(new URL("../fixtures/", import.meta.url));
const STORES = [...Deno.readDirSync(FIXTURES)].map(({ name }) => name).filter((name) =>
  /^store-.*\.db$/.test(name)
);

Deno.test("the first release's store is among those that are tried", () => {
  assert(STORES.includes("store-0.1.0.db"), STORES.join());
});

for (const name of STORES) {
  Deno.test(`${name} is taken over under load: what waited is done, what was done is not, and nothing is lost`, async () => {
    await using receiver = startReceiver();
    await using folder = await createRelayFolder({
      config: {
        retention: { days: 100_000 },
        routes: [{ name: "out", plugin: "http", events: ["cg.*"], options: { url: receiver.url } }],
      },
    });
    await Deno.mkdir(join(folder.folder, "data"));
    await Deno.copyFile(join(FIXTURES, name), join(folder.folder, "data", "relay.db"));
    let url = "http://127.0.0.1:1"; // nobody is there while the program is exchanged
    const load = startProviderLoad(() => url, () => SECRET);
    await until("the provider tries in vain", () => load.refused.length > 10);
    const relay = await folder.start();
    url = relay.url;
    await load.more(50);
    const sent = await load.end();

    const store = await openStore("sqlite:./data/relay.db", folder.folder, { shared: true });
    const open = () => store.deliveries({ states: ["pending", "running"] }, { limit: 1 });
    await until("every delivery is done", async () => (await open()).length === 0);
    const arrived = receiver.received.map(({ text }) => String(JSON.parse(text).id));
    const ofThen = arrived.filter((id) => !/^evt-\d+$/.test(id)).toSorted();
    const waited = [1, 2, 5, 6, 9, 10].map((number) =>
      `evt-${number % 4 === 1 ? "waiting" : "running"}-${number}`
    );
    assertEquals(ofThen, waited.toSorted());
    assertEquals(arrived.length - ofThen.length, sent);

    const dead = await store.deliveries({ states: ["dead"] }, { limit: 100 });
    assertEquals(dead.map(({ error }) => error), ["of then", "of then", "of then"]);
    const first = await store.event({ id: "evt-done-0" });
    assertEquals(JSON.parse(new TextDecoder().decode(first!.body)).data.changes[0].new_value, "é");
    assertEquals(await store.kvGet("out", "seen"), '"of then"');
    await store.close();
    assertEquals(await relay.send({ id: "evt-done-0" }), "duplicate", "an id of then is known");
    assertEquals(await relay.send({ id: "evt-dead-3" }), "duplicate");
  });
}

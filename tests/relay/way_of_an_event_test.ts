import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { SAMPLES } from "../../lib/samples.ts";
import { startReceiver } from "../support/receiver.ts";
import { createRelayFolder, SECRET } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

const body = (id: string, ...fields: string[]) =>
  JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: {
      id,
      symbol: "abc",
      name: "Abc",
      changes: fields.map((field) => ({ field, change_type: "update", old_value: "a", new_value: "b" })),
    },
  });

const toHttp = (url: string, route: Record<string, unknown> = {}) => ({
  name: "out",
  plugin: "http",
  options: { url },
  retry: { minDelaySeconds: 0.01, maxDelaySeconds: 0.02, maxAttempts: 1000 },
  ...route,
});

Deno.test("each sample arrives once, with only the changes that its route takes", async () => {
  await using receiver = startReceiver();
  const route = toHttp(receiver.url, { fields: ["*", "!links.*", "!platforms.xdai"] });
  await using folder = await createRelayFolder({ config: { routes: [route] } });
  const relay = await folder.start();
  const expected = new Map<string, string[]>();
  for (const [index, sample] of SAMPLES.entries()) {
    const id = `sample-${index}`;
    assertEquals(await relay.send({ id, body: sample.body }), "accepted");
    const { data } = JSON.parse(sample.body) as { data: { changes?: { field: string }[] } };
    const fields = data.changes?.map(({ field }) => field);
    const taken = fields?.filter((field) => !field.startsWith("links.") && field !== "platforms.xdai");
    if (taken === undefined || taken.length > 0) expected.set(id, taken ?? []);
  }
  assert(expected.size > 5 && expected.size < SAMPLES.length);
  await receiver.arrived(expected.size);
  assertEquals(await relay.stop(), 0);
  const arrived = receiver.received.map(({ text }) =>
    JSON.parse(text) as { id: string; changes: { field: string }[] }
  );
  assertEquals(
    new Map(
      arrived.map(({ id, changes }) => [id, changes.map(({ field }) => field)]).sort() as [
        string,
        string[],
      ][],
    ),
    new Map([...expected].sort()),
  );
  assertEquals(arrived.length, expected.size);
});

Deno.test("a second send of an id is a duplicate, and fifty at once make one call", async () => {
  await using receiver = startReceiver();
  await using folder = await createRelayFolder({ config: { routes: [toHttp(receiver.url)] } });
  const relay = await folder.start();
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => relay.send({ id: "same", body: body("abc", "name") })),
  );
  assertEquals(answers.toSorted(), ["accepted", ...Array.from({ length: 49 }, () => "duplicate")]);
  assertEquals(await relay.send({ id: "same", body: body("abc", "name") }), "duplicate");
  assertEquals(await relay.send({ id: "last", body: body("abc", "name") }), "accepted");
  await receiver.arrived(2);
  assertEquals(await relay.stop(), 0);
  assertEquals(receiver.received.map(({ text }) => JSON.parse(text).id).toSorted(), ["last", "same"]);
});

Deno.test("after a kill -9 while deliveries run, every accepted event's delivery is made", async () => {
  let broken = true;
  const hanging: (() => void)[] = [];
  await using receiver = startReceiver(async () => {
    if (broken) await new Promise<void>((resolve) => hanging.push(resolve));
    return new Response("ok");
  });
  await using folder = await createRelayFolder({ config: { routes: [toHttp(receiver.url)] } });
  const relay = await folder.start();
  const ids = Array.from({ length: 40 }, (_, i) => `evt-${i}`);
  for (const id of ids) assertEquals(await relay.send({ id, body: body("abc", "name") }), "accepted");
  await receiver.arrived(1);
  await relay.kill();
  broken = false;
  hanging.forEach((release) => release());
  const before = receiver.received.length;
  const again = await folder.start();
  const delivered = () => new Set(receiver.received.slice(before).map(({ text }) => JSON.parse(text).id));
  await until("all are delivered", () => delivered().size === ids.length);
  assertEquals(await again.stop(), 0);
  assertEquals([...delivered()].toSorted(), ids.toSorted());
});

Deno.test("a plugin of five lines dropped into the folder is used for the next event", async () => {
  await using folder = await createRelayFolder({ plugins: {} });
  const relay = await folder.start();
  await relay.send({ body: body("early", "links.homepage") });
  await Deno.writeTextFile(
    join(folder.pluginsDir, "new_links.ts"),
    `export default {
  fields: ["links.*"],
  run({ coin, changes }) {
    console.log(coin.name, changes.map((change) => change.field));
  },
};
`,
  );
  let sent = 0;
  await until("an event reaches it", async () => {
    await relay.send({ id: `late-${sent++}`, body: body("late", "links.homepage", "name") });
    return relay.lines.some(({ message }) => /Abc .*links\.homepage/.test(message));
  });
  assertEquals(relay.lines.filter(({ message }) => /Abc .*name"/.test(message)), []);
  await Deno.remove(join(folder.pluginsDir, "new_links.ts"));
});

Deno.test("a changed config takes effect at once, and a wrong one leaves the running one in force", async () => {
  await using receiver = startReceiver();
  await using folder = await createRelayFolder();
  const relay = await folder.start();
  await folder.writeConfig({ routes: [toHttp(receiver.url, { fields: ["name"] })] });
  await relay.logged("in force", ({ message }) => message.includes("in force"));
  await relay.send({ id: "one", body: body("abc", "name") });
  await receiver.arrived(1);
  await folder.writeConfig({ routes: [{ ...toHttp(receiver.url), feilds: ["name"] }] });
  const told = await relay.logged("the mistake", ({ level }) => level === "error");
  assert(told.message.includes("feilds") && told.message.includes("fields"), told.message);
  await relay.send({ id: "two", body: body("abc", "name") });
  await receiver.arrived(2);
  const { health, problems } = await (await fetch(`${relay.adminUrl}/api/overview`)).json();
  assertEquals(health, "bad");
  assert(/not in force.*restart.*feilds/.test(problems[0].text), problems[0].text);
  const page = await (await fetch(`${relay.adminUrl}/config`)).text();
  assert(page.includes("feilds"), page);

  await folder.writeConfig({ routes: [toHttp(receiver.url)] });
  await until("nothing is said of it any more", async () => {
    const { problems } = await (await fetch(`${relay.adminUrl}/api/overview`)).json();
    return problems.length === 0;
  });
  assert(!(await (await fetch(`${relay.adminUrl}/config`)).text()).includes("feilds"));
});

Deno.test("no secret reaches the log", async () => {
  await using receiver = startReceiver(() => new Response("no", { status: 500 }));
  await using folder = await createRelayFolder({
    env: { OUT_TOKEN: "token-that-nobody-may-see" },
    config: { routes: [toHttp(`${receiver.url}/\${OUT_TOKEN}`)] },
  });
  const relay = await folder.start();
  await relay.send({ body: body("abc", "name") });
  await relay.send({ secret: "whsec_wrong", body: body("abc", "name") });
  await receiver.arrived(2);
  await relay.stop();
  assertEquals(receiver.received[0]!.path, "/token-that-nobody-may-see");
  assert(relay.lines.some(({ message }) => message.includes("500")));
  const text = relay.said.join("\n");
  assert(!text.includes("token-that-nobody-may-see") && !text.includes(SECRET), text);
});

Deno.test("a relative path means the same to a plugin as in config.json: from the config's folder", async () => {
  await using folder = await createRelayFolder({
    plugins: {
      "keep.ts": `export default {
  async run({ id }) {
    await Deno.writeTextFile("kept/last.txt", id);
  },
};
`,
    },
    config: { routes: [{ name: "keep", plugin: "keep", allow: { write: ["kept"] } }] },
  });
  await Deno.mkdir(join(folder.folder, "kept"));
  const relay = await folder.start();
  await relay.send({ id: "evt-1", body: body("abc", "name") });
  const kept = await until(
    "the plugin has written",
    () => Deno.readTextFile(join(folder.folder, "kept/last.txt")).catch(() => null),
  );
  assertEquals(kept, "evt-1");
});

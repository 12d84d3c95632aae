import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { listen } from "./doubles/listen.ts";

interface Row {
  id: number;
  route: string;
  state: string;
  attempts: number;
  dueAt: string;
  error: string | null;
}

Deno.test("in a real relay, each answer of a receiver leads to the right state, and every grant is needed", async () => {
  const answers: Record<string, () => Response | Promise<Response>> = {
    "/ok": () => new Response("ok"),
    "/later": () => new Response("", { status: 429, headers: { "retry-after": "600" } }),
    "/broken": () => new Response("", { status: 500 }),
    "/gone": () => new Response("no_service", { status: 404 }),
    "/hangs": () => stop.promise.then(() => new Response("too late")),
  };
  const once = { events: ["cg.*"], retry: { minDelaySeconds: 3600 } };
  const stop = Promise.withResolvers<void>();
  await using receiver = listen(({ path }) => answers[path]!());
  const slack = (name: string) => ({
    name,
    plugin: "slack",
    options: { webhookUrl: `${receiver.origin}/${name}` },
    ...name === "hangs" && { timeoutSeconds: 0.5 },
    ...once,
  });
  await using folder = await createRelayFolder({
    config: {
      routes: [
        ...["ok", "later", "broken", "gone", "hangs"].map(slack),
        { name: "links", plugin: "link_check", ...once },
        { name: "list", plugin: "token_list", options: { file: "./lists/tokens.json" }, ...once },
      ],
    },
  });
  const relay = await folder.start();
  const change = (field: string, new_value: string) => ({ field, change_type: "addition", new_value });
  await relay.send({
    body: JSON.stringify({
      event_type: "cg.coin.info.updated",
      data: {
        id: "tether",
        symbol: "usdt",
        name: "Tether",
        changes: [
          change("links.homepage", "https://tether.invalid"),
          change("platforms.ethereum", "0xdac17f958d2ee523a2206206994597c13d831ec7"),
        ],
      },
    }),
  });
  const rows = await until("every delivery was tried once", async () => {
    const answer = await fetch(`${relay.adminUrl}/api/deliveries?limit=100`);
    const { items } = await answer.json() as { items: Row[] };
    return items.length === 7 && items.every(({ state, error }) => state === "done" || error !== null)
      ? items
      : null;
  });
  stop.resolve();
  const of = (route: string) => rows.find((row) => row.route === route)!;
  const states = Object.fromEntries(rows.map(({ route, state }) => [route, state]));
  assertEquals(states, {
    ok: "done",
    later: "pending",
    broken: "pending",
    gone: "dead",
    hangs: "pending",
    links: "dead",
    list: "dead",
  });
  assert(Date.parse(of("later").dueAt) > Date.now() + 500_000, of("later").dueAt);
  assertStringIncludes(of("gone").error!, "404: no_service");
  assertStringIncludes(of("links").error!, '"allow": { "net": ["*"] }');
  assertStringIncludes(of("list").error!, '"write": ["./lists"]');
});

Deno.test("token_list keeps a list whose route may write that file and nothing else", async () => {
  await using place = await createRelayFolder({
    config: {
      routes: [{
        name: "list",
        plugin: "token_list",
        fields: ["platforms.*", "name"],
        options: { file: "./lists/tokens.json" },
        allow: { write: ["./lists/tokens.json"] },
      }],
    },
  });
  const relay = await place.start();
  const file = join(place.folder, "lists", "tokens.json");
  const send = (name: string, change: { field: string; change_type: string; new_value: string }) =>
    relay.send({
      body: JSON.stringify({
        event_type: "cg.coin.info.updated",
        data: { id: "tether", symbol: "usdt", name, changes: [change] },
      }),
    });
  const added = {
    field: "platforms.ethereum",
    change_type: "addition",
    new_value: "0xdac17f958d2ee523a2206206994597c13d831ec7",
  };
  const failed = async () => {
    const { items } = await (await fetch(`${relay.adminUrl}/api/dead-letters`)).json() as { items: Row[] };
    return items.map(({ error }) => error);
  };
  const listed = (name: string) =>
    until(`the list has ${name}`, async () => {
      const text = await Deno.readTextFile(file).catch(() => "");
      return text.includes(`"name": "${name}"`) && text.endsWith("}\n") ? text : null;
    });

  await send("Tether", added);
  await until("it is told that the folder is missing", async () => (await failed())[0]);
  assertStringIncludes((await failed())[0]!, "its folder is not there");

  await Deno.mkdir(join(place.folder, "lists"));
  await send("Tether", added);
  assertStringIncludes(await listed("Tether"), '"major": 1,\n    "minor": 0,\n    "patch": 0');
  await send("Tether USD", { field: "name", change_type: "update", new_value: "Tether USD" });
  assertStringIncludes(await listed("Tether USD"), '"patch": 1');
});

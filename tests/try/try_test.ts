/** `deno task try`, as a person uses it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { understand } from "../../lib/receive/understand.ts";
import { SAMPLES } from "../../lib/samples.ts";
import type { NewEvent } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { runCommand } from "../commands/run_command.ts";
import { inFolder } from "../config/folder.ts";
import { createPlugins } from "../../lib/sandbox/plugins.ts";
import { ROOT } from "../sandbox/support.ts";

const PLUGINS = join(ROOT, "plugins");

function config(routes: unknown[], pluginsDir = PLUGINS) {
  return {
    "config.json": { pluginsDir, sources: [{ name: "a", secrets: ["whsec_of_the_source"] }], routes },
  };
}

const tried = (folder: string, ...args: string[]) =>
  runCommand(["try", "--config", join(folder, "config.json"), ...args], { NO_COLOR: "1" });

/** A store with `count` events in it, samples in turn. */
async function fill(folder: string, count: number) {
  const store = await openStore("sqlite:./data/relay.db", folder);
  const events: NewEvent[] = Array.from({ length: count }, (_, i) => {
    const body = new TextEncoder().encode(SAMPLES[i % SAMPLES.length]!.body);
    const content = understand(body);
    if ("notUnderstood" in content) throw new Error(content.notUnderstood);
    return {
      source: "a",
      id: `event-${i}`,
      type: content.type,
      coin: content.coin.id,
      receivedAt: 1776066000000 + i,
      timestamp: "1776066000",
      signature: "",
      body,
      test: false,
      depth: 0,
      deliveries: [],
    };
  });
  await store.append(events);
  return store;
}

Deno.test("a thousand stored events are tried, and the address they would go to hears nothing; live, it hears one", async () => {
  const requests: { body: string; test: unknown }[] = [];
  let connections = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}/in`;
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      const buffer = new Uint8Array(65536);
      let text = "";
      while (!/\r\n\r\n.*\}$/s.test(text)) {
        const length = await connection.read(buffer);
        if (length === null) break;
        text += new TextDecoder().decode(buffer.subarray(0, length));
      }
      const body = text.slice(text.indexOf("\r\n\r\n") + 4);
      requests.push({ body, test: JSON.parse(body).test });
      await connection.write(
        new TextEncoder().encode("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"),
      );
      connection.close();
    }
  })();
  await inFolder(
    config([{ name: "desk", plugin: "http", fields: ["platforms.*"], options: { url } }]),
    async (folder) => {
      await (await fill(folder, 1000)).close();
      const { code, stdout, stderr } = await tried(folder, "desk", "--last", "1000");
      assertEquals([code, stderr], [0, ""]);
      assertEquals(connections, 0);
      const taken = SAMPLES.filter(({ body }) => body.includes('"platforms.')).length * 50;
      assertEquals(stdout.match(new RegExp(`^  POST ${url}$`, "gm"))?.length, taken);
      assertEquals(stdout.match(/not taken, by its fields: takes platforms/g)?.length, 1000 - taken);
      assertMatch(
        stdout,
        new RegExp(`\\n1000 events in \\d+ ms: ${taken} taken, ${taken} requests would be sent\\n`),
      );
      assertMatch(stdout, /✓ event-8 · cg\.coin\.info\.updated · usd-coin · 2026-04-13T/);
      assert(stdout.indexOf("event-8 ") < stdout.indexOf("event-998 "), "oldest first");

      const live = await tried(folder, "desk", "--event", "event-8", "--live");
      assertEquals([live.code, live.stderr, connections], [0, "", 1]);
      assertEquals(requests.map(({ test }) => test), [true]);
      assertEquals((await tried(folder, "desk", "--last", "2", "--live")).code, 1);
      assertEquals(connections, 1);
    },
  );
  listener.close();
  await serving;
});

Deno.test("secrets are masked wherever they are shown, in words and in JSON", () =>
  inFolder(
    config([
      {
        name: "chat",
        plugin: "slack",
        options: { webhookUrl: "https://hooks.slack.com/services/T0/B0/xyzzyxyzzy" },
      },
      {
        name: "desk",
        plugin: "http",
        options: { url: "https://desk.example/in", headers: { authorization: "Bearer xyzzyxyzzy" } },
      },
      {
        name: "bot",
        plugin: "telegram",
        options: { botToken: "123456:xyzzyxyzzyxyzzyxyzzyxyzzyxyzzyxyzzyx", chatId: "@c" },
      },
      {
        name: "mail",
        plugin: "email",
        options: { smtp: "smtp://me:xyzzyxyzzy@mail.example", from: "a@a.example", to: "b@b.example" },
      },
    ]),
    async (folder) => {
      const shows = {
        chat: "POST https://hooks.slack.com/•••\n",
        desk: "authorization: Bearer •••\n",
        bot: "POST https://api.telegram.org/bot•••/sendMessage\n",
        mail: "MAIL to b@b.example through mail.example:587 (TLS, signed in)\n",
      };
      for (const [route, shown] of Object.entries(shows)) {
        const words = await tried(folder, route, "--sample", "renamed");
        assertEquals([words.code, words.stderr], [0, ""], route);
        assertStringIncludes(words.stdout, shown);
        const json = await tried(folder, route, "--sample", "renamed", "--json");
        for (const text of [words.stdout, json.stdout]) assert(!text.includes("xyzzy"), text);
        const [event, summary] = json.stdout.trim().split("\n").map((line) => JSON.parse(line));
        assertEquals([event.matched, event.outcome, event.sendings.length], [true, "done", 1]);
        assertEquals(summary.summary.run, 1);
      }
    },
  ));

Deno.test("a plugin is tried by its name: with options given, with those of its one route, or without any", () =>
  inFolder(
    config([
      { name: "one", plugin: "discord", options: { webhookUrl: "https://discord.com/api/webhooks/1/a" } },
      { name: "first", plugin: "http", options: { url: "https://first.example" } },
      { name: "second", plugin: "http", options: { url: "https://second.example" } },
    ]),
    async (folder) => {
      const sample = ["--sample", "renamed"];
      assertMatch((await tried(folder, "discord", ...sample)).stdout, /^route one, plugin discord/);
      assertMatch(
        (await tried(folder, "plugins/log.ts", ...sample)).stdout,
        /logs Wild Goat Coin .*Name changed/,
      );
      const given = await tried(folder, "http", ...sample, "--options", '{"url":"https://third.example/x"}');
      assertStringIncludes(given.stdout, "POST https://third.example/x");
      const wrong: [string[], string][] = [
        [["http"], "2 routes use the plugin http: name one of first, second"],
        [["htp"], 'did you mean "http"?'],
        [[], "needs the name of a route or plugin"],
        [["slack"], "slack does not take these options:\n  options.webhookUrl: is missing\n"],
        [["log", "--options", "[]"], "--options takes a JSON object"],
        [["log", "--sample", "renamd"], 'did you mean "renamed"?'],
        [["log", "--event", "x"], "There is no store at"],
        [["log", "--sample", "renamed", "--last", "3"], "--sample and --last exclude each other"],
        [["log", "--live"], "--live sends one event"],
        [["log", "--diff", "nowhere.ts"], "--diff: there is no"],
        [["log", "--diff", "sent"], "--diff sent compares stored events"],
        [["log", "--diff", "x.ts", "--sample", "renamed", "--live"], "--diff and --live exclude"],
      ];
      for (const [args, message] of wrong) {
        const { code, stderr } = await tried(folder, ...args);
        assertEquals(code, 1, args.join(" "));
        assertStringIncludes(stderr, message);
      }
    },
  ));

Deno.test("what the route remembers is read, and nothing of a dry run is kept", () =>
  inFolder(
    {
      ...config([], "./plugins"),
      "plugins/counter.ts": `export default {
  fields: ["*"],
  async run({ coin }, { kv, emit }) {
    const seen = await kv.get("seen") ?? 0;
    kv.set("seen", seen + 1);
    emit("relay.counted", { seen });
    if (coin.id === "bitcoin") throw new Error("no bitcoin");
  },
};`,
    },
    async (folder) => {
      const store = await fill(folder, 1);
      const event = (await store.event({ id: "event-0" }))!;
      const delivery =
        (await store.replay([{ event: event.seq, route: "counter", matched: null, replayOf: null }], 1))[0]!;
      const route = { route: "counter", limit: 1, order: "any", rate: null } as const;
      await store.claim({ relay: "r", now: 2, leaseUntil: 3, routes: [route] });
      const kv = [{ key: "seen", value: "41" }];
      await store.settle("r", [
        { delivery, attempt: null, next: { state: "done" }, route: "counter", kv, emitted: [] },
      ], 2);
      const { code, stdout } = await tried(folder, "counter", "--sample", "renamed", "--sample", "rebranded");
      assertEquals(code, 0, stdout);
      assertEquals(stdout.match(/remembers seen = 42/g)?.length, 2);
      assertStringIncludes(stdout, 'emits relay.counted\n    {\n      "seen": 41\n    }');
      const failed = await tried(folder, "counter", "--sample", "links-changed");
      assertEquals(failed.code, 1);
      assertMatch(
        failed.stdout,
        /✗ links-changed.*\n {2}fails, and would be tried again: no bitcoin \(counter\.ts:7\)/,
      );
      assertEquals(await store.kvGet("counter", "seen"), "41");
      assertEquals((await store.events({}, { limit: 10 })).length, 1);
      await store.close();
    },
  ));

Deno.test("another version is compared with: only what it would send otherwise is shown", () =>
  inFolder(
    {
      ...config([], "./plugins"),
      "plugins/said.ts": `import { words } from "./_words.ts";
export default { fields: ["*"], run: ({ coin, changes }) =>
  fetch("https://a.example", { method: "POST", body: JSON.stringify({ coin: coin.name, field: words(changes[0]?.field) }) }) };`,
      "plugins/_words.ts": `export const words = (field: string) => field === "name" ? "NAME" : field;`,
      "said_before.ts": `import { words } from "./_words.ts";
export default { fields: ["*"], run: ({ coin, changes }) =>
  fetch("https://a.example", { method: "POST", body: JSON.stringify({ coin: coin.name, field: words(changes[0]?.field) }) }) };`,
      "_words.ts": `export const words = (field: string) => field;`,
    },
    async (folder) => {
      const text = JSON.parse(await Deno.readTextFile(join(folder, "config.json")));
      text.routes = [{ name: "said", plugin: "said", fields: ["*"], allow: { net: ["a.example"] } }];
      await Deno.writeTextFile(join(folder, "config.json"), JSON.stringify(text));
      const { code, stdout, stderr } = await tried(
        folder,
        "said",
        "--diff",
        join(folder, "said_before.ts"),
      );
      assertEquals([code, stderr], [0, ""]);
      const shown = stdout.match(/^✓ \S+/gm);
      assertEquals(shown, ["✓ renamed:", "✓ non-ascii:"]);
      assertStringIncludes(stdout, '-     "field": "name"\n  +     "field": "NAME"\n');
      assertMatch(stdout, /\n2 would be sent otherwise than by the other version\n$/);
    },
  ));

Deno.test("the version that was last in force is compared with, by what it took, too; without one that is told", () =>
  inFolder(config([{ name: "tells", plugin: "said" }], "./plugins"), async (folder) => {
    const source = (fields: string, said: string) =>
      `export default { fields: ["${fields}"], run: ({ coin }, { log }) => log.info(\`${said} \${coin.id}\`) };`;
    const file = join(folder, "plugins/said.ts");
    await Deno.writeTextFile(file, source("name", "hello"));
    const temporary = join(folder, "tmp");
    await Deno.mkdir(temporary);
    const flags = ["--sample", "renamed", "--sample", "links-changed", "--diff", "previous"];
    const command = ["try", "--config", join(folder, "config.json"), "tells", ...flags];
    const diff = () => runCommand(command, { NO_COLOR: "1", TMPDIR: temporary });
    const none = await diff();
    assertEquals(none.code, 1);
    assertStringIncludes(none.stderr, "no version of said before this one is known: a relay keeps the last");

    await using relay = await createPlugins({
      folder: join(folder, "plugins"),
      base: folder,
      keptFolder: join(folder, "data/plugin-versions"),
      now: () => Date.UTC(2026, 3, 13, 7, 40),
    }).then((plugins) => ({ plugins, [Symbol.asyncDispose]: () => plugins.stop(0) }));
    assertEquals(relay.plugins.descriptions().map(({ usable }) => usable), [true]);
    assertEquals((await diff()).code, 1, "the one that is there is not the one before it");

    await Deno.writeTextFile(file, source("links.*", "goodbye"));
    const { code, stdout, stderr } = await diff();
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(stdout, "- logs hello wild-goat-coin-2");
    assertStringIncludes(stdout, "+ not taken, by its fields");
    assertStringIncludes(stdout, "- not taken, by its fields\n  + logs goodbye");
    assertMatch(
      stdout,
      /\n2 would be sent otherwise than by the version that came into force at 2026-04-13T07:40:00Z\n$/,
    );
    assertEquals([...Deno.readDirSync(temporary)], [], "nothing is left of it");
  }));

Deno.test("stored events are compared with what was really sent for them: only what differs is shown", () =>
  inFolder(
    {
      ...config([{
        name: "said",
        plugin: "said",
        coins: ["!wild-goat-coin-2"],
        options: { url: "https://hooks.example/of-the-secret" },
      }], "./plugins"),
      "plugins/said.ts": `export default { fields: ["*"], run: ({ coin }, { options }) =>
  fetch(options.url, { method: "POST", body: JSON.stringify({ coin: coin.id }) }) };`,
    },
    async (folder) => {
      const store = await fill(folder, 4);
      const events = (await store.events({}, { limit: 4, after: 0 })).map(({ seq, coin }) => ({ seq, coin }));
      const what = "POST https://hooks.example/•••";
      const then = [
        [{ what, status: 200, body: JSON.stringify({ coin: events[0]!.coin }) }],
        [{ what, status: 200, body: JSON.stringify({ coin: "another" }) }],
        [],
      ];
      const ids = await store.replay(
        events.slice(0, 3).map(({ seq: event }) => ({ event, route: "said", matched: null, replayOf: null })),
        1,
      );
      await store.claim({
        relay: "r",
        now: 2,
        leaseUntil: 3,
        routes: [{ route: "said", limit: 9, order: "any", rate: null }],
      });
      const attempt = { number: 1, startedAt: 1, durationMs: 1, outcome: "done", error: null } as const;
      await store.settle(
        "r",
        ids.map((delivery, at) => ({
          delivery,
          attempt: { ...attempt, sent: then[at]! },
          next: { state: "done" },
          route: "said",
          kv: [],
          emitted: [],
        })),
        2,
      );
      await store.close();
      const { code, stdout, stderr } = await tried(folder, "said", "--last", "4", "--diff", "sent");
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(
        stdout,
        `
· event-1 · cg.coin.info.updated · wild-goat-coin-2 · 2026-04-13T07:40:00Z
  not taken, by its coins: takes !wild-goat-coin-2; the coin is wild-goat-coin-2
  - POST https://hooks.example/•••
  -   {
  -     "coin": "another"
  -   }
  + sends nothing

✓ event-2 · cg.coin.info.updated · aktionariat-boss-info-ag-tokenized-shares · 2026-04-13T07:40:00Z
  - sends nothing
  + POST https://hooks.example/•••
  +   {
  +     "coin": "aktionariat-boss-info-ag-tokenized-shares"
  +   }
`,
      );
      assertMatch(stdout, /\n2 would be sent otherwise than then\n$/);
      assertEquals(stdout.includes("event-0"), false, "it would be sent as it was");
    },
  ));

Deno.test("an event that is not stored, and a comparison with what a digest sent, are refused", () =>
  inFolder(
    {
      ...config([{ name: "gathered", plugin: "plain", digest: "15m" }], "./plugins"),
      "plugins/plain.ts": "export default { fields: ['*'], run() {} };",
    },
    async (folder) => {
      await (await fill(folder, 1)).close();
      for (
        const [args, says] of [
          [["--event", "nope"], 'no stored event has the id "nope"'],
          [
            ["--last", "1", "--diff", "sent"],
            "--diff sent: the route gathers events, so none was sent by itself",
          ],
        ] as const
      ) {
        const { code, stderr } = await tried(folder, "gathered", ...args);
        assertEquals(code, 1, stderr);
        assertStringIncludes(stderr, says);
      }
    },
  ));

Deno.test("options that a plugin does not take are told without what is secret of them", () =>
  inFolder(
    {
      ...config([{ name: "odd", plugin: "odd", options: { token: "a-token-of-mine" } }], "./plugins"),
      "plugins/odd.ts": `import { definePlugin, z } from "coinrelay/plugin";
export default definePlugin({
  options: z.object({ token: z.string().refine(() => false, { error: (issue) => \`no \${issue.input} is right\` }) }),
  run() {},
});`,
    },
    async (folder) => {
      const { code, stdout, stderr } = await tried(folder, "odd");
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, "odd does not take these options:\n  options.token: no ••• is right");
    },
  ));

Deno.test("a plugin that cannot be loaded is told with file and line", () =>
  inFolder(
    { ...config([], "./plugins"), "plugins/broken.ts": "export default {\n  run( {\n};" },
    async (folder) => {
      const { code, stderr } = await tried(folder, "broken");
      assertEquals(code, 1);
      assertMatch(stderr, /^broken\.ts:3: /);
    },
  ));

Deno.test("from `new` to a dry run on stored events it is two commands, as `new` says, for each kind", () =>
  inFolder(config([], "./plugins"), async (folder) => {
    await (await fill(folder, 40)).close();
    for (const kind of ["message", "http", "check"]) {
      const file = join(folder, "config.json");
      const made = await runCommand(["new", `my_${kind}`, "--kind", kind, "--fields", "*", "--config", file]);
      assertEquals([made.code, made.stderr], [0, ""]);
      const [, line] = /^Try it dry +deno task try (.*)$/m.exec(made.stdout)!;
      const args = [...line!.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
      const { code, stdout, stderr } = await tried(folder, ...args);
      assertEquals([code, stderr], [0, ""], stdout);
      assertMatch(stdout, /\n20 events in \d+ ms: 20 taken, /);
    }
  }));

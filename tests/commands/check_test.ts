import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { inFolder } from "../config/folder.ts";
import { runCommand } from "./run_command.ts";

const BUILT_IN = fromFileUrl(new URL("../../plugins", import.meta.url));
const SOURCES = [{ name: "cryptosync", secrets: ["whsec_of_mine"] }];

const check = (folder: string, args: string[] = [], env: Record<string, string> = {}) =>
  runCommand(["check", "--config", join(folder, "config.json"), ...args], env);

Deno.test("check of the example config finds nothing wrong, and shows that log reaches nothing", () =>
  inFolder({
    "config.json": Deno.readTextFileSync(new URL("../../config.example.json", import.meta.url))
      .replace('"./plugins"', JSON.stringify(BUILT_IN)),
  }, async (folder) => {
    const { code, stdout, stderr } = await check(folder, [], {
      CRYPTOSYNC_WEBHOOK_SECRET: "whsec_0123456789abcdef",
    });
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /^right {2}/);
    assertMatch(stdout, /\n {2}log +log-everything +nothing/);
    assertFalse(stdout.includes("Worth a look"), stdout);
  }));

Deno.test("check shows what each plugin may reach, and why", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      pluginsDir: BUILT_IN,
      routes: [
        {
          name: "chat",
          plugin: "slack",
          options: { webhookUrl: "https://hooks.example/services/T0/B0/hunter2" },
        },
        {
          name: "call",
          plugin: "http",
          options: { url: "${URL}" },
          allow: { net: ["*"], write: ["data/x"] },
        },
      ],
    },
  }, async (folder) => {
    const { code, stdout, stderr } = await check(folder, [], { URL: "http://127.0.0.1:9000/?key=hunter2" });
    assertEquals([code, stderr], [0, ""]);
    for (
      const row of [
        /slack +chat +hooks\.example:443 +options\.webhookUrl/,
        /http +call +127\.0\.0\.1:9000 +options\.url/,
        /http +call +any public host +allow\.net\[0\]/,
        new RegExp(`http +call +write ${folder}/data/x +allow\\.write\\[0\\]`),
      ]
    ) assertMatch(stdout, row);
    assertFalse(stdout.includes("hunter2"));
  }));

Deno.test("check says of a grant for one of the relay's own files that it grants nothing", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      pluginsDir: BUILT_IN,
      routes: [{
        name: "curious",
        plugin: "log",
        allow: { read: [".env", "notes.txt"], write: ["data/relay.db-wal", `${BUILT_IN}/log.ts`] },
      }],
    },
  }, async (folder) => {
    const { code, stdout } = await check(folder);
    assertEquals(code, 0);
    assertEquals(stdout.match(/ {2}log +curious +.*/g), [
      `  log     curious  read ${folder}/notes.txt  allow.read[1]`,
    ]);
    for (const place of ["read[0]: grants nothing: no plugin may read .env", "write[0]: ", "write[1]: "]) {
      assertStringIncludes(stdout, `config.json: routes[0].allow.${place}`);
    }
    assertFalse(stdout.includes("read[1]: "), stdout);
  }));

Deno.test("check tells the mistakes of the config and of its plugins together, each with its place and remedy", () =>
  inFolder({
    "config.json": {
      server: { prot: 8080 },
      sources: SOURCES,
      pluginsDir: BUILT_IN,
      routes: [
        { name: "a", plugin: "slak" },
        { name: "b", plugin: "slack", options: { webhookURL: "https://hooks.example/hunter2" } },
        { name: "c", plugin: "http", options: { url: "hunter2", method: "GET" } },
        { name: "d", plugin: "slack", options: { webhookUrl: "${NOWHERE_SET}" } },
        { name: "e", plugin: "slack" },
        { name: "f", plugin: "log", allow: { net: ["a b"] }, fields: ["x..y"] },
        { name: "g", plugin: "gone", disabled: true },
      ],
    },
  }, async (folder) => {
    const { code, stdout, stderr } = await check(folder);
    assertEquals([code, stdout], [1, ""]);
    const places = stderr.split("\n").filter((line) => line.startsWith("config.json: "))
      .map((line) => line.split(": ")[1]);
    assertEquals(places, [
      "server.prot",
      "routes[0].plugin",
      "routes[1].options.webhookURL",
      "routes[2].options.method",
      "routes[2].options.url",
      "routes[3].options.webhookUrl",
      "routes[4].options.webhookUrl",
      "routes[5].allow.net[0]",
      "routes[5].fields[0]",
    ]);
    assertMatch(
      stderr,
      /there is no plugin "slak"\n {4}did you mean "slack"\?\n {4}permitted: .*\bdiscord, /,
    );
    assertStringIncludes(
      stderr,
      'is not an option of this plugin\n    did you mean "webhookUrl"?\n    permitted: webhookUrl',
    );
    assertStringIncludes(
      stderr,
      "routes[3].options.webhookUrl: the environment variable NOWHERE_SET is not set",
    );
    assertStringIncludes(stderr, "routes[4].options.webhookUrl: is missing");
    assertStringIncludes(stderr, "routes[2].options.url: is no http:// or https:// URL\n");
    assertStringIncludes(stderr, "\n9 mistakes\n");
    assertFalse(stderr.includes("hunter2"));
  }));

Deno.test("check tells of plugins that do not load, with file and line, whether or not a route names them", () =>
  inFolder({ "config.json": { sources: SOURCES } }, async (folder) => {
    const write = (name: string, text: string) => Deno.writeTextFile(join(folder, "plugins", name), text);
    await write("broken.ts", "\nexport default { run( };");
    await write("empty.ts", "export const x = 1;");
    await write("good.ts", 'export default { fields: ["links.*"], run() { throw new Error("was run"); } };');
    const { code, stderr } = await check(folder);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "plugins/broken.ts:2: ");
    assertMatch(stderr, /plugins\/empty\.ts.*has no default export/);
    assertStringIncludes(stderr, "\n2 mistakes\n");
    await Deno.remove(join(folder, "plugins", "broken.ts"));
    await Deno.remove(join(folder, "plugins", "empty.ts"));
    const right = await check(folder);
    assertEquals(right.code, 0);
    assertMatch(
      right.stdout,
      /\n {2}good +good +nothing/,
      "a plugin that declares fields is a route of its own name",
    );
  }));

Deno.test("check tells of a misspelt key, and of an import that is nearly ours, with what was meant", () =>
  inFolder({ "config.json": { sources: SOURCES } }, async (folder) => {
    const texts = {
      "near.ts": 'export default { feilds: ["links.*"], run() {} };',
      "far.ts": "export default { run() {}, banana: 1 };",
      "class.ts": "export default new class { #seen = 0; last = ''; run() { this.#seen++; } }();",
      "import.ts":
        'import { definePlugin } from "coinrelay/plugins";\nexport default definePlugin({ run() {} });',
      "other.ts": 'import "coinrelation";\nexport default { run() {} };',
    };
    for (const [name, text] of Object.entries(texts)) {
      await Deno.writeTextFile(join(folder, "plugins", name), text);
    }
    const { code, stderr } = await check(folder);
    assertEquals(code, 1);
    assertStringIncludes(
      stderr,
      "plugins/near.ts: its default export: `feilds` is not a known key: did you mean `fields`?\n",
    );
    assert(!stderr.includes("far.ts"), "a key of the author's own is no mistake");
    assertStringIncludes(
      stderr,
      'plugins/import.ts:1: nothing is imported as "coinrelay/plugins": did you mean "coinrelay/plugin"?\n',
    );
    assertStringIncludes(
      stderr,
      'plugins/other.ts:1: nothing is imported as "coinrelation": of npm, write "npm:coinrelation"\n',
    );
    assertStringIncludes(stderr, "\n3 mistakes\n");
  }));

Deno.test("check tells of a plugin whose types are wrong, though it would run", () =>
  inFolder({ "config.json": { sources: SOURCES } }, async (folder) => {
    await Deno.writeTextFile(
      join(folder, "plugins", "typed.ts"),
      'import { definePlugin } from "coinrelay/plugin";\n\nexport default definePlugin({ run: ({ coin }) => coin.nmae });\n',
    );
    const { code, stderr } = await check(folder);
    assertEquals(code, 1);
    assertMatch(stderr, /^plugins\/typed\.ts:3: .*nmae/);
  }));

Deno.test("check points at what is permitted but probably not meant, without failing", () =>
  inFolder({
    "config.json": {
      sources: [{ name: "a", secrets: ["4f9c2d7be14f9c2d7be1"] }],
      pluginsDir: BUILT_IN,
      routes: [{
        name: "a",
        plugin: "log",
        fields: ["link.*", "platforms.x", "price.usd"],
        options: { x: 1 },
      }],
    },
  }, async (folder) => {
    const { code, stdout } = await check(folder);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "sources[0].secrets[0]: does not begin with whsec_");
    assertStringIncludes(
      stdout,
      'routes[0].fields[0]: the provider documents no field like "link.*"\n    did you mean "links.*"?',
    );
    assertStringIncludes(stdout, "routes[0].options: the plugin log takes no options");
    assertFalse(/fields\[[12]\]/.test(stdout));
    assertFalse(stdout.includes("4f9c2d7be14f9c2d7be1"));
  }));

Deno.test("check shows no secret and obeys no character of what a plugin says, nor of what a route names", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      routes: [{ name: "a", plugin: "quiet", allow: { read: ["${PLACE}/x"] } }],
    },
    "plugins/quiet.ts": "export default { fields: ['*'], run() {} };",
    "plugins/loud.ts": 'throw new Error("it is whsec_of_mine \\u001b[2J \\u202e");',
  }, async (folder) => {
    const broken = await check(folder, [], { PLACE: "a-place-of-mine" });
    assertEquals(broken.code, 1);
    assertMatch(broken.stderr, /plugins\/loud\.ts:.*it is •••/);
    const told = await check(folder, ["--json"], { PLACE: "a-place-of-mine" });
    assertMatch(JSON.parse(told.stdout).broken.join(), /it is •••/);
    await Deno.remove(join(folder, "plugins", "loud.ts"));
    const right = await check(folder, [], { PLACE: "a-place-of-mine" });
    assertEquals(right.code, 0, right.stderr);
    assertMatch(right.stdout, /quiet +a +read .*•••\/x/);
    for (const { stdout, stderr } of [broken, told, right]) {
      for (const secret of ["whsec_of_mine", "a-place-of-mine"]) {
        assertFalse((stdout + stderr).includes(secret));
      }
    }
    for (const steering of ["\u001b", "\u202e"]) assertFalse(broken.stderr.includes(steering));
  }));

Deno.test("check has nothing to say of the fields of a route that is off, nor of a pattern that begins with a *", () =>
  inFolder({
    "config.json": {
      sources: [{ name: "a", secrets: ["whsec_0123456789abcdef"] }],
      pluginsDir: BUILT_IN,
      routes: [
        { name: "a", plugin: "log", fields: ["link*.x", "*.homepage"] },
        { name: "off", plugin: "log", fields: ["link.*"], disabled: true },
      ],
    },
  }, async (folder) => {
    const { code, stdout } = await check(folder);
    assertEquals(code, 0);
    assertFalse(stdout.includes("the provider documents no field like"), stdout);
  }));

Deno.test("check notes that nothing acts on events, and that only this machine reaches the relay", () =>
  inFolder({
    "config.json": {
      server: { hostname: "127.0.0.1" },
      sources: [{ name: "a", secrets: ["whsec_0123456789abcdef"] }],
    },
  }, async (folder) => {
    const { code, stdout } = await check(folder);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "routes: no route is in force: events are kept, and nothing acts on them");
    assertStringIncludes(stdout, "server.hostname: only this machine reaches the relay");
  }));

Deno.test("check --json tells the same to machines", () =>
  inFolder(
    { "config.json": { sources: SOURCES, routes: [{ name: "a", plugin: "nowhere" }] } },
    async (folder) => {
      const { code, stdout } = await check(folder, ["--json"]);
      assertEquals(code, 1);
      const found = JSON.parse(stdout);
      assertEquals([found.ok, found.mistakes.length, found.mistakes[0].path], [false, 1, "routes[0].plugin"]);
      assert(Array.isArray(found.reach));
    },
  ));

Deno.test("check of a config that is no JSON tells that alone", () =>
  inFolder({ "config.json": "{" }, async (folder) => {
    const { code, stderr } = await check(folder);
    assertEquals(code, 1);
    assertMatch(stderr, /^config\.json: line 1, column 2: .*\n.*\n\n1 mistake\n$/);
  }));

Deno.test("check takes a plugin's public default URL, and tells of one that leads inside and that nothing grants", () =>
  inFolder({
    "config.json": {
      sources: SOURCES,
      routes: [
        { name: "out", plugin: "out" },
        { name: "in", plugin: "in" },
        { name: "anywhere", plugin: "in", allow: { net: ["*"] } }, // any public host, that is
        { name: "granted", plugin: "in", allow: { net: ["127.0.0.1:9000"] } },
        { name: "written", plugin: "in", options: { url: "http://127.0.0.1:9000/" } },
      ],
    },
  }, async (folder) => {
    const write = (name: string, url: string) =>
      Deno.writeTextFile(
        join(folder, "plugins", `${name}.ts`),
        `import { z } from "coinrelay/plugin";
        export default { options: z.strictObject({ url: z.string().default("${url}") }), run() {} };`,
      );
    await write("out", "https://api.example.com/");
    await write("in", "http://127.0.0.1:9000/");
    const { code, stderr } = await check(folder);
    assertEquals(code, 1);
    const told = (route: number) =>
      `config.json: routes[${route}].options.url: reaches 127.0.0.1:9000 by default, which nothing grants: write the ` +
      'URL into the options, or "allow": { "net": ["127.0.0.1:9000"] } into the route\n';
    assertEquals(stderr, `${told(1)}${told(2)}\n2 mistakes\n`);
  }));

Deno.test("check says that a plugin does not run by itself where a route has its name", () =>
  inFolder({
    "config.json": { sources: SOURCES, routes: [{ name: "watch", plugin: "other" }] },
  }, async (folder) => {
    await Deno.writeTextFile(
      join(folder, "plugins", "watch.ts"),
      'export default { fields: ["name"], run() {} };',
    );
    await Deno.writeTextFile(join(folder, "plugins", "other.ts"), "export default { run() {} };");
    const { code, stdout } = await check(folder);
    assertEquals(code, 0);
    assertStringIncludes(
      stdout,
      "routes[0].name: the plugin watch, which would run by itself under this name, does not",
    );
  }));

Deno.test("check notes what is weak of the secrets, as doctor does", () =>
  inFolder({
    "config.json": {
      sources: [{ name: "a", secrets: ["${SECRET}"] }],
      pluginsDir: BUILT_IN,
      routes: [
        { name: "a", plugin: "log" },
        { name: "b", plugin: "http", options: { url: "https://me:${WORD}@x.example/" } },
      ],
    },
  }, async (folder) => {
    const { code, stdout } = await check(folder, [], { SECRET: "hunter2hunter2", WORD: "relay" });
    assertEquals(code, 0);
    assertStringIncludes(
      stdout,
      "config.json: sources[0].secrets[0]: is so short that it can be guessed, or was not copied whole\n" +
        "    copy it from the provider's dashboard again, from whsec_ to its end",
    );
    assertStringIncludes(
      stdout,
      "config.json: the password in routes[1].options.url is short: it is masked wherever these letters stand, " +
        "so logs read oddly\n    choose a longer one",
    );
    assertFalse(/hunter2|me:relay/.test(stdout));
  }));

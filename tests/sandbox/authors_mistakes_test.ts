/** What the author of a plugin does wrong is told in the words of who wrote it, with what to do. @module */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { configureLog } from "../../lib/log.ts";
import { errorText } from "../../lib/sandbox/description.ts";
import { refusalText } from "../../lib/sandbox/refused.ts";
import { until } from "../support/until.ts";
import { house, job, route } from "./support.ts";

const RUNS = `fields: ["links.*"], run({ coin }) { console.log(coin.name); }`;

/** By what is wrong: the file's name, what it holds, and what is said. */
const MISTAKES: Record<string, [file: string, source: string, said: RegExp]> = {
  "an empty file": ["a.ts", "", /^has no default export: write `export default \{ fields: .* run\(event\)/],
  "a named export": [
    "a.ts",
    `export const plugin = { ${RUNS} };`,
    /^has no default export, but one called `plugin`: write `export default/,
  ],
  "a function": [
    "a.ts",
    `export default function ({ coin }) { console.log(coin.name); }`,
    /^its default export is a function: write `export default \{/,
  ],
  "a class": [
    "a.ts",
    `export default class Notify { run() {} }`,
    /^its default export is a class: export an object of it, made with `new`$/,
  ],
  "a list": ["a.ts", `export default [{ ${RUNS} }];`, /^its default export is a list: a file holds one/],
  "a promise": [
    "a.ts",
    `export default Promise.resolve({ ${RUNS} });`,
    /^its default export is a promise: write `export default await …`$/,
  ],
  "null": ["a.ts", `export default null;`, /^its default export is no object: write/],
  "no run": ["a.ts", `export default { fields: ["links.*"], handle() {} };`, /has no function `run`$/],
  "a missing comma": [
    "a.ts",
    `export default {\n  fields: ["links.*"]\n  run() {},\n};\n`,
    /^a\.ts:3: SyntaxError: Expected ',', got 'run'(?!.* at a\.ts:3)/s,
  ],
  "CommonJS": [
    "a.js",
    `module.exports = { ${RUNS} };`,
    /^a\.js:1: ReferenceError: module is not defined: a plugin is no CommonJS: write `import … from "…"` and/,
  ],
  "require": ["a.js", `const fs = require("fs");`, /^a\.js:1: .*: a plugin is no CommonJS/],
  "an import without an ending": [
    "a.ts",
    `import { loud } from "./_words";\nexport default { run: loud };`,
    /^a\.ts:1: Module not found "_words"\. Maybe add a '\.ts' extension$/,
  ],
  "an import of JSON": [
    "a.ts",
    `import list from "./_list.json";\nexport default { run: () => list };`,
    /^a\.ts:1: Attempted to load JSON .*: write `import … from "…" with \{ type: "json" \}`$/,
  ],
  "an import of what is not exported": [
    "a.ts",
    `import { describ } from "coinrelay/plugin";\nexport default { run: describ };`,
    /^a\.ts:1: SyntaxError: .* does not provide an export named 'describ'$/,
  ],
  "an import of nearly ours": [
    "a.ts",
    `import { z } from "coinrelay/plugins";\nexport default { run: z };`,
    /^a\.ts:1: nothing is imported as "coinrelay\/plugins": did you mean "coinrelay\/plugin"\?$/,
  ],
  "an import without npm:": [
    "a.ts",
    `import axios from "axios";\nexport default { run: axios };`,
    /^a\.ts:1: nothing is imported as "axios": of npm, write "npm:axios"$/,
  ],
  "an environment variable": [
    "a.ts",
    `const url = process.env.SLACK_URL;\nexport default { run: () => fetch(url) };`,
    /^a\.ts:1: NotCapable: Requires env access to "SLACK_URL", which its route does not grant$/,
  ],
  "a pattern that is none": [
    "a.ts",
    `export default { fields: ["links..x"], run() {} };`,
    /^its `fields\.0` is not right: "links\.\.x" has an empty segment$/,
  ],
  "a text for a list": [
    "a.ts",
    `export default { fields: "links.*", run() {} };`,
    /^its `fields` is not right: is no list: write \["links\.\*"\]$/,
  ],
  "an await that never ends": [
    "a.ts",
    `await new Promise(() => {});\nexport default { ${RUNS} };`,
    /^its process ended, waiting for what never comes: look for an `await` at the top of the file/,
  ],
  "an await that takes for ever": [
    "a.ts",
    `await new Promise((resolve) => setTimeout(resolve, 1e6));\nexport default { ${RUNS} };`,
    /^did not load within 2 s: look for an `await` or a loop at the top of the file$/,
  ],
};

Deno.test("what keeps a plugin from being loaded is told with what to do", async (t) => {
  for (const [what, [file, source, said]] of Object.entries(MISTAKES)) {
    await t.step(what, async () => {
      const helpers = { "_words.ts": "export const loud = () => {};", "_list.json": "[]" };
      await using home = await house({ [file]: source, ...helpers }, { limits: { loadMs: 2000 } });
      const [description] = home.plugins.descriptions();
      assertMatch(errorText(description!.error!), said);
      assertEquals(description!.usable, false);
      for (const { text } of home.logs) assert(!text.includes("lib/sandbox"), `told our own place: ${text}`);
    });
  }
});

Deno.test("what was refused is told in words", () => {
  const tried = (kind: string, target: string, remedy: string | null = null) =>
    refusalText({ kind, target, route: null, count: 1, lastAt: 0, remedy });
  assertEquals(
    tried("env", "TOKEN", `"allow": { "env": ["TOKEN"] }`),
    `tried to read the environment variable TOKEN, which its route would allow with "allow": { "env": ["TOKEN"] }`,
  );
  assertEquals(tried("env", "*"), "tried to read the whole environment, which no route can allow");
  assertEquals(tried("run", "/bin/sh"), "tried to run /bin/sh, which no route can allow");
  assertEquals(tried("run", "*"), "tried to run programs, which no route can allow");
  assertEquals(tried("odd", "x"), "tried to odd x, which no route can allow");
});

Deno.test("a call that nothing awaits is told with its line", async () => {
  const source = `export default {
  run(_event, { fetch }) {
    fetch("https://hooks.example.com/x");
  },
};`;
  await using home = await house({ "a.ts": source });
  await home.plugins.configure([route("a")]);
  assertEquals((await home.plugins.runner.run(job("a")))?.outcome, "done");
  const said = () => home.logs.find(({ text }) => text.startsWith("outside of a run"))?.text;
  await until("it is told", () => said() !== undefined);
  assertMatch(said()!, /does not grant \(a\.ts:3\): is it a promise that nothing awaits\?$/);
});

Deno.test("a plugin that nothing runs is told apart from one that is run", async () => {
  const lines: string[] = [];
  configureLog({ write: (line) => lines.push(line) });
  try {
    await using home = await house({});
    await home.plugins.configure([route("routed")]);
    await home.write("plugins/own.ts", `export default { ${RUNS} };`);
    await home.write("plugins/routed.ts", `export default { run() {} };`);
    await home.write("plugins/whole.ts", `export default { run() {} };`);
    await home.write(
      "plugins/asks.ts",
      `import { z } from "coinrelay/plugin";
      export default { fields: ["*"], options: z.object({ url: z.string() }), run() {} };`,
    );
    const said = (plugin: string) =>
      lines.find((line) => line.includes("is in force") && line.includes(plugin));
    const waits = "is in force, and waits for a route in config.json: it";
    await until("all are told", () => ["own", "routed", "whole", "asks"].every((name) => said(name)));
    assertMatch(said("whole")!, new RegExp(`${waits} declares no \`fields\``));
    assertMatch(said("asks")!, new RegExp(`${waits} needs options`));
    for (const name of ["own", "routed"]) assert(!said(name)!.includes("waits"), said(name));
  } finally {
    configureLog();
  }
});

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { createPlugins, type Plugins } from "../../lib/sandbox/plugins.ts";

/** A plugin for a file name, which says that it was loaded. */
const plugin = (declares: string) => `console.log("loaded");\nexport default { ${declares} run() {} };\n`;

interface Start {
  plugins: Plugins;
  /** What was loaded so far, by name. */
  loaded(): string[];
}

/** Starts with these files, `named` by routes. */
async function withStart(
  files: Record<string, string>,
  test: (start: (named?: string[]) => Promise<Start>, kept: string) => Promise<void>,
) {
  const base = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const folder = join(base, "plugins");
  const kept = join(base, "plugins.json");
  await Deno.mkdir(folder);
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
  try {
    await test(async (named = []) => {
      const loaded: string[] = [];
      const onLog = (name: string) => void loaded.push(name);
      const pressing = new Set(named);
      const plugins = await createPlugins({ folder, base, knownFile: kept, onLog, pressing });
      return { plugins, loaded: () => loaded.toSorted() };
    }, kept);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

const FILES = {
  "named.ts": plugin(""),
  "alone.ts": plugin('fields: ["name"],'),
  "imports.ts": 'export { default } from "./_alone.ts";\n',
  "_alone.ts": plugin('fields: ["symbol"],'),
  "other.ts": plugin('description: "Other",'),
};

const usable = ({ plugins }: Start) =>
  plugins.descriptions().filter((one) => one.usable).map(({ name }) => name).toSorted();

Deno.test("a start looks at plugins that routes name or that may run by themselves; at the others when asked", () =>
  withStart(FILES, async (begin) => {
    const start = await begin(["named"]);
    assertEquals(start.loaded(), ["alone", "imports", "named"]);
    assertEquals(usable(start), ["alone", "imports", "named"]);
    const told = Promise.withResolvers<void>();
    start.plugins.onChange(told.resolve);
    await start.plugins.lookAtAll();
    await told.promise;
    assertEquals(usable(start), ["alone", "imports", "named", "other"]);
    await start.plugins.stop(0);
  }));

Deno.test("a route that comes to name a plugin that was not looked at waits until it is", () =>
  withStart(FILES, async (begin) => {
    const { plugins } = await begin();
    const route = { name: "other", plugin: "other", options: {}, allow: {} };
    assertEquals(await plugins.configure([route]), []);
    await plugins.stop(0);
  }));

Deno.test("what ran by itself is looked at first, though its text no longer says so and another program described it", () =>
  withStart(FILES, async (begin, kept) => {
    const before = await begin();
    await before.plugins.lookAtAll();
    await before.plugins.stop(0);
    const { plugins } = JSON.parse(await Deno.readTextFile(kept));
    plugins.other.filters = { fields: ["name"] };
    await Deno.writeTextFile(kept, JSON.stringify({ by: "another", plugins }));
    const start = await begin();
    assertEquals(start.loaded(), ["alone", "imports", "other"]);
    await start.plugins.stop(0);
  }));

Deno.test("all that an earlier start has looked at is known at once", () =>
  withStart(FILES, async (begin) => {
    const before = await begin();
    await before.plugins.lookAtAll();
    await before.plugins.stop(0);
    const start = await begin();
    assertEquals([start.loaded(), usable(start)], [[], ["alone", "imports", "named", "other"]]);
    await start.plugins.stop(0);
  }));

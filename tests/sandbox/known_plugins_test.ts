import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { recallPlugins } from "../../lib/sandbox/known_plugins.ts";
import { createPlugins, type Plugins } from "../../lib/sandbox/plugins.ts";

const GREET =
  'console.log("loaded");\nexport default { description: "Greets", fields: ["name"], run() {} };\n';

/** A folder with a plugin, and plugins that are kept beside it. */
async function withFolder(
  test: (at: { file: string; start(): Promise<Plugins>; kept: string; printed: string[] }) => Promise<void>,
) {
  const base = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const folder = join(base, "plugins");
  await Deno.mkdir(folder);
  const file = join(folder, "greet.ts");
  const kept = join(base, "plugins.json");
  await Deno.writeTextFile(file, GREET);
  try {
    const printed: string[] = [];
    const onLog = (_: string, { text }: { text: string }) => void printed.push(text);
    const start = () => createPlugins({ folder, base, knownFile: kept, onLog });
    await test({ file, kept, start, printed });
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

/** What the plugin says of itself. */
async function said(plugins: Plugins) {
  const [{ description, filters, error }] = plugins.descriptions() as [
    ReturnType<Plugins["descriptions"]>[0],
  ];
  await plugins.stop(0);
  return { description, filters, error };
}

const GREETS = { description: "Greets", filters: { fields: ["name"] }, error: null };

Deno.test("a plugin that an earlier start has loaded is known without a process", () =>
  withFolder(async ({ start, kept, printed }) => {
    assertEquals<unknown>(await said(await start()), GREETS);
    assertEquals((await Deno.stat(kept)).mode! & 0o777, 0o600);
    assertEquals(printed, ["loaded"]);
    assertEquals<unknown>(await said(await start()), GREETS);
    assertEquals(printed, ["loaded"]);
  }));

Deno.test("a plugin that has changed since is loaded", () =>
  withFolder(async ({ start, file }) => {
    await said(await start());
    await Deno.writeTextFile(file, GREET.replace("Greets", "Waves"));
    assertEquals((await said(await start())).description, "Waves");
  }));

Deno.test("a plugin that could not be loaded is looked at anew", () =>
  withFolder(async ({ start, file }) => {
    await Deno.writeTextFile(file, "export default 3;\n");
    assertEquals((await said(await start())).error?.stage, "check");
    assertEquals((await said(await start())).error?.stage, "check");
  }));

Deno.test("what a plugin took when it last loaded is known over starts at which it is broken", () =>
  withFolder(async ({ start, file, printed }) => {
    await said(await start());
    await Deno.writeTextFile(file, "export default {");
    for (const _ of ["first", "second"]) {
      const { filters, error } = await said(await start());
      assertEquals([filters, error?.stage], [GREETS.filters, "import"]);
    }
    await Deno.writeTextFile(file, GREET);
    assertEquals<unknown>(await said(await start()), GREETS);
    assertEquals(printed, ["loaded"]);
  }));

for (
  const [what, text] of Object.entries({
    "no JSON": "{",
    "of another program": '{"by":"another","plugins":{}}',
    "not what it should be": '{"by":3,"plugins":null}',
  })
) {
  Deno.test(`a file that is ${what} says nothing`, () =>
    withFolder(async ({ start, kept }) => {
      await Deno.writeTextFile(kept, text);
      assertEquals<unknown>(await said(await start()), GREETS);
    }));
}

Deno.test("what is kept of a plugin counts for its file and version alone", () =>
  withFolder(async ({ start, kept }) => {
    const plugins = await start();
    const { version, file } = plugins.descriptions()[0]!;
    await plugins.stop(0);
    const known = await recallPlugins(kept);
    const find = (name: string, file: string, version: string) =>
      known.find({ name, file, mistake: null }, version)?.description ?? null;
    assertEquals(find("greet", file, version!), "Greets");
    assertEquals(find("greet", "greet/mod.ts", version!), null);
    assertEquals(find("greet", file, "another"), null);
    assertEquals(find("constructor", file, version!), null);
    assertEquals(known.find({ name: "greet", file, mistake: "is there twice" }, version!), null);
    const text = await Deno.readTextFile(kept);
    await Deno.writeTextFile(kept, text.replace(/"by":"[^"]*"/, '"by":"another program"'));
    assertEquals(
      (await recallPlugins(kept)).find({ name: "greet", file, mistake: null }, version!),
      null,
    );
  }));

Deno.test("of a plugin whose newest version is refused the one before is kept, and one with options does not run by itself", () =>
  withFolder(async ({ start, kept }) => {
    const plugins = await start();
    const [greet] = plugins.descriptions();
    await plugins.stop(0);
    const ranByItself = async () => (await recallPlugins(kept)).ranByItself("greet");
    assertEquals(await ranByItself(), true);
    const known = await recallPlugins(kept);
    known.keep([{ ...greet!, needsOptions: true }]);
    assertEquals(await ranByItself(), false);
    known.keep([{ ...greet!, error: { stage: "types", message: "no", file: null, line: null } }]);
    assertEquals(JSON.parse(await Deno.readTextFile(kept)).plugins, {
      greet: { ...greet!, needsOptions: true },
    });
  }));

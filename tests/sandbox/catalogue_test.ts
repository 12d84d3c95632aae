import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { readCatalogue } from "../../lib/sandbox/catalogue.ts";
import { ROOT } from "./support.ts";
import { readVersion } from "../../lib/sandbox/version.ts";

/** A folder with these files (a text), links (`-> target`) and empty folders (null). */
async function withFolder(entries: Record<string, string | null>, check: (folder: string) => unknown) {
  const base = await Deno.realPath(await Deno.makeTempDir());
  const folder = join(base, "plugins");
  try {
    await Deno.mkdir(folder);
    for (const [name, text] of Object.entries(entries)) {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      if (text === null) await Deno.mkdir(path);
      else if (text.startsWith("-> ")) await Deno.symlink(text.slice(3), path);
      else await Deno.writeTextFile(path, text);
    }
    await check(folder);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

Deno.test("a plugin is NAME.ts, NAME.js, or a folder with mod.ts; helpers, tests and declarations are none", async () => {
  await withFolder({
    "one.ts": "",
    "two.js": "",
    "three/mod.ts": "",
    "three/inner.ts": "",
    "_helper.ts": "",
    ".hidden.ts": "",
    "one_test.ts": "",
    "two.test.ts": "",
    "_view.tsx": "",
    "one.ts~": "",
    ".one.ts.swp": "",
    "4913": "",
    "lists/coins.ts": "",
    "types.d.ts": "",
    "README.md": "",
    "data.json": "",
    "_lib/mod.ts": "",
    "notes": null,
    "node_modules/x/mod.ts": "",
  }, (folder) => {
    assertEquals(readCatalogue(folder), {
      plugins: [
        { name: "one", file: "one.ts", mistake: null },
        { name: "three", file: "three/mod.ts", mistake: null },
        { name: "two", file: "two.js", mistake: null },
      ],
      strayLinks: [],
    });
  });
});

Deno.test("names that are taken twice or hold what they must not are refused, with what to do", async () => {
  await withFolder(
    { "twice.ts": "", "twice.js": "", "my plugin.ts": "", "a,b.ts": "", "ünïcode.ts": "" },
    (folder) => {
      const mistakes = readCatalogue(folder).plugins.map(({ name, mistake }) => [name, mistake]);
      assertEquals(mistakes.length, 4);
      for (const [name, mistake] of mistakes) {
        assertMatch(mistake!, name === "twice" ? /is there twice, as .*: remove one of them/ : /rename it/);
      }
    },
  );
});

Deno.test("what its author may take for a plugin is told, with what to do", async () => {
  await withFolder({
    "one.mjs": "",
    "two.tsx": "",
    "three/index.ts": "",
    "four/index.js": "",
    "five.ts": "",
    "five.tsx": "",
    "five/index.ts": "",
  }, (folder) => {
    const found = readCatalogue(folder).plugins.map(({ name, file, mistake }) => [name, file, mistake]);
    const ending = "a plugin's file ends in .ts or .js: rename it";
    const index =
      "a plugin's folder has a mod.ts, no index.ts: rename that, or begin the folder's name with _";
    assertEquals(found, [
      ["five", "five.ts", null], // with helpers of its name
      ["four", "four/index.js", index],
      ["one", "one.mjs", ending],
      ["three", "three/index.ts", index],
      ["two", "two.tsx", ending],
    ]);
  });
});

Deno.test("links that lead out of the folder are found, wherever they are; those inside are followed", async () => {
  await withFolder({
    "real.ts": "",
    "inside.ts": "-> real.ts",
    "outside.ts": "-> ../../outside.ts",
    "deep/mod.ts": "",
    "deep/data/secret": "-> ../../../..",
    "nowhere.ts": "-> missing.ts",
    "itself": "-> .",
  }, (folder) => {
    const { plugins, strayLinks } = readCatalogue(folder);
    assertEquals(plugins.map(({ name, mistake }) => [name, mistake === null]), [
      ["deep", true],
      ["inside", true],
      ["real", true],
    ]);
    assertEquals(
      strayLinks.toSorted(),
      ["deep/data/secret", "itself", "nowhere.ts", "outside.ts"].map((p) => join(folder, p)),
    );
  });
});

Deno.test("a plugin whose module leads out of the folder is refused, also in a folder of its own", async () => {
  await withFolder({
    "../outside.ts": "",
    "file.ts": "-> ../outside.ts",
    "whole/mod.ts": "-> ../../outside.ts",
  }, (folder) => {
    const { plugins } = readCatalogue(folder);
    assertEquals(plugins.map(({ name }) => name), ["file", "whole"]);
    for (const { mistake } of plugins) assertMatch(mistake!, /is a symbolic link that leads out/);
  });
});

Deno.test("a folder that cannot be listed hides no plugin, and is itself hidden", async () => {
  await withFolder({ "one.ts": "", "two/mod.ts": "", "locked/data.json": "" }, async (folder) => {
    const catalogue = new URL("../../lib/sandbox/catalogue.ts", import.meta.url);
    const code = `import { readCatalogue } from ${JSON.stringify(catalogue.href)};
      console.log(JSON.stringify(readCatalogue(${JSON.stringify(folder)})));`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", `--import-map=${join(ROOT, ".imports.json")}`, "--allow-read"]
        .concat(`--deny-read=${join(folder, "locked")}`, `data:text/typescript,${encodeURIComponent(code)}`),
    }).output();
    const { plugins, strayLinks } = JSON.parse(new TextDecoder().decode(stdout));
    assertEquals(plugins.map(({ name }: { name: string }) => name), ["one", "two"]);
    assertEquals(strayLinks, [join(folder, "locked")]);
  });
});

Deno.test("a version changes with every local module that the plugin imports, and with nothing else", async () => {
  await withFolder({
    "plain.ts":
      `import { a } from "./_a.ts"; export * from './_lib/b.ts'; const c = await import("./_c.ts");`,
    "_a.ts": `import json from "./data.json" with { type: "json" };`,
    "_lib/b.ts": `import "../_shared.ts"; import "npm:x"; import "coinrelay/plugin";`,
    "_c.ts": "",
    "_shared.ts": `import "./plain.ts"; // round and round`,
    "data.json": "{}",
    "other.ts": "",
  }, async (folder) => {
    const module = join(folder, "plain.ts");
    const { hash, files } = await readVersion(module);
    const names = ["plain.ts", "_a.ts", "_lib/b.ts", "_c.ts", "data.json", "_shared.ts"];
    assertEquals([...files.keys()].toSorted(), names.map((name) => join(folder, name)).toSorted());
    await Deno.writeTextFile(join(folder, "other.ts"), "changed");
    assertEquals((await readVersion(module)).hash, hash);
    for (const name of names) {
      const path = join(folder, name);
      const before = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, before + " ");
      assertEquals((await readVersion(module)).hash === hash, false, name);
      await Deno.writeTextFile(path, before);
    }
    assertEquals((await readVersion(module)).hash, hash);
  });
});

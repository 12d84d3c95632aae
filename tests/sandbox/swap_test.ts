/** A plugin changes while it is in use. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { join } from "@std/path";
import { until } from "../support/until.ts";
import { type House, house, job, route } from "./support.ts";

/** A plugin that tells its version. */
const version = (name: string | number) =>
  `export default { run(_event, { emit }) { emit("version", { version: "${name}" }); } };`;

async function runVersion(home: House, plugin = "plain") {
  if (!described(home, plugin)?.usable) return null;
  await home.plugins.configure([route(plugin)]); // as the relay does after each change
  const result = await home.plugins.runner.run(job(plugin));
  return result?.emitted[0]?.data["version"] ?? result?.error ?? null;
}

const described = (home: House, plugin = "plain") =>
  home.plugins.descriptions().find(({ name }) => name === plugin);
const errorOf = (home: House, plugin = "plain") => described(home, plugin)?.error ?? null;

Deno.test("a plugin written while the relay runs is used, and one removed is not", async () => {
  await using home = await house({});
  let changes = 0;
  home.plugins.onChange(() => changes++);
  await home.write("plugins/plain.ts", version(1));
  await until("it is found", () => described(home)?.usable);
  assertEquals(await runVersion(home), "1");
  await Deno.remove(join(home.folder, "plain.ts"));
  await until("it is gone", () => described(home) === undefined);
  assertEquals(await home.plugins.runner.run(job("plain")), null);
  assertEquals(home.plugins.runner.readyAt("plain"), null);
  assert(changes >= 2);
});

Deno.test("a changed plugin takes over when it is ready; what runs ends on the version it began with", async () => {
  const held = Promise.withResolvers<string | null>();
  await using home = await house({
    "plain.ts": `export default { async run(_event, { emit, kv }) {
      await kv.get("held");
      emit("version", { version: "1" });
    } };`,
  });
  await home.plugins.configure([route("plain")]);
  const begun = Promise.withResolvers<void>();
  const kvGet = () => {
    begun.resolve();
    return held.promise;
  };
  const slow = home.plugins.runner.run(job("plain", { kvGet }));
  await begun.promise;
  const before = described(home)!.version;
  await home.write("plugins/plain.ts", version(2));
  await until("the new version is in force", () => described(home)!.version !== before);
  assertEquals(await runVersion(home), "2");
  assertEquals(home.plugins.status()[0]!.running, 1);
  held.resolve(null);
  assertEquals((await slow)?.emitted[0]?.data["version"], "1");
});

const BROKEN: Record<string, [source: string, stage: string, message: RegExp, line: number | null]> = {
  "does not parse": [`export default {\n  run() {\n};`, "import", /Expected/, 3],
  "throws when loaded": [`const x = 1;\nthrow new Error("bad start " + x);`, "import", /bad start 1/, 2],
  "imports what is not there": [
    `import "./missing.ts";\nexport default { run() {} };`,
    "import",
    /missing\.ts/,
    1,
  ],
  "has no run": [`export default { fields: ["*"] };`, "check", /no function `run`/, null],
  "has fields that are none": [
    `export default { fields: [7], run() {} };`,
    "check",
    /its `fields\.0` is not right/,
    null,
  ],
  "has wrong types": [
    `export default {\n  run() {\n    const n: number = "text";\n    return n;\n  },\n};`,
    "types",
    /not assignable to type 'number'/,
    3,
  ],
  "does not take the options it took": [
    `import { z } from "coinrelay/plugin";\nexport default { options: z.object({ url: z.string() }), run() {} };`,
    "options",
    /it does not take those of route "plain": url: /,
    null,
  ],
  "exits when loaded": [`Deno.exit(0);`, "import", /ended itself with exit code 0/, null],
};

Deno.test("a changed plugin may leave types out, also those of empty lists and objects", async () => {
  await using home = await house({ "plain.ts": version(1) });
  await home.plugins.configure([route("plain")]);
  assertEquals(await runVersion(home), "1");
  const before = described(home)!.version;
  await home.write(
    "plugins/plain.ts",
    `const seen = [];
const counts = {};
let last = null;
export default {
  run({ coin }, { emit }) {
    seen.push(coin.id);
    counts[coin.id] = (counts[coin.id] ?? 0) + 1;
    last = coin;
    emit("version", { version: "2", seen: seen.length, last: last.id });
  },
};`,
  );
  await until("it is looked at", () => described(home)!.version !== before || errorOf(home) !== null);
  assertEquals(errorOf(home), null);
  assertEquals(await runVersion(home), "2");
});

for (const [what, [source, stage, message, line]] of Object.entries(BROKEN)) {
  Deno.test(`a changed plugin that ${what} is refused, with the reason, and the version before it goes on`, async () => {
    await using home = await house({ "plain.ts": version(1) });
    await home.plugins.configure([route("plain")]);
    assertEquals(await runVersion(home), "1");
    await home.write("plugins/plain.ts", source);
    await until("it is refused", () => errorOf(home) !== null);
    const error = errorOf(home)!;
    assertEquals(error.stage, stage);
    assertMatch(error.message, message);
    assertEquals(error.line, line);
    if (line !== null) assertEquals(error.file, "plain.ts");
    assertEquals(described(home)?.usable, true);
    assertMatch(home.plugins.status()[0]!.lastError!, message);
    assertEquals(await runVersion(home), "1");
    await home.write("plugins/plain.ts", version(3));
    await until("the mended one is in force", async () => await runVersion(home) === "3");
    assertEquals(errorOf(home), null);
  });
}

Deno.test("where no process of the version before runs, a broken one takes what that took, and it waits", async () => {
  const taking =
    `export default { fields: ["links.*"], run(_event, { emit }) { emit("version", { version: "1" }); } };`;
  await using home = await house({ "plain.ts": taking });
  assertEquals(home.plugins.status()[0]!.state, "idle");
  await home.write("plugins/plain.ts", "export default {");
  await until("it is refused", () => errorOf(home) !== null);
  assertEquals([described(home)!.usable, described(home)!.filters], [false, { fields: ["links.*"] }]);
  const mistakes = await home.plugins.configure([route("plain")]);
  assertEquals(mistakes.map(({ path }) => path), ["plugin"]);
  assertEquals([await home.plugins.runner.run(job("plain")), home.plugins.runner.readyAt("plain")], [
    null,
    null,
  ]);
  await home.write("plugins/plain.ts", taking);
  await until("it is back", async () => await runVersion(home) === "1");
  assertEquals(errorOf(home), null);
});

Deno.test("a broken plugin that never worked takes no job until it is mended", async () => {
  await using home = await house({ "plain.ts": "export default {" });
  const mistakes = await home.plugins.configure([route("plain")]);
  assertEquals(mistakes.map(({ route, path }) => [route, path]), [["plain", "plugin"]]);
  assertMatch(mistakes[0]!.message, /^plugin "plain" cannot be used: plain\.ts:1: /);
  assertEquals(home.plugins.runner.readyAt("plain"), null);
  assertEquals(await home.plugins.runner.run(job("plain")), null);
  await home.write("plugins/plain.ts", version(1));
  await until("it can be run", () => home.plugins.runner.readyAt("plain") === 0);
  assertEquals(await runVersion(home), "1");
});

Deno.test("a changed helper changes the plugins that import it", async () => {
  await using home = await house({
    "_words.ts": `export const word = "one";`,
    "plain.ts": `import { word } from "./_words.ts";
      export default { run(_event, { emit }) { emit("version", { version: word }); } };`,
    "other.ts": version("other"),
  });
  assertEquals(home.plugins.descriptions().map(({ name }) => name), ["other", "plain"]);
  const before = described(home, "other")!.version;
  assertEquals(await runVersion(home), "one");
  await home.write("plugins/_words.ts", `export const word = "two";`);
  await until("the change is in force", async () => await runVersion(home) === "two");
  assertEquals(described(home, "other")!.version, before);
});

Deno.test("a plugin may be a folder, written together with its files", async () => {
  await using home = await house({});
  await Deno.mkdir(join(home.base, "made"));
  await home.write("made/_lib/word.ts", `export const word = "folder";`);
  await home.write(
    "made/mod.ts",
    `import { word } from "./_lib/word.ts";
      export default { run(_event, { emit }) { emit("version", { version: word }); } };`,
  );
  await Deno.rename(join(home.base, "made"), join(home.folder, "plain"));
  await until("it is found", () => described(home)?.usable);
  assertEquals(described(home)!.file, "plain/mod.ts");
  assertEquals(await runVersion(home), "folder");
  await home.write("plugins/plain/_lib/word.ts", `export const word = "changed";`);
  await until("the change is in force", async () => await runVersion(home) === "changed");
});

Deno.test("a plugin that is renamed, replaced, or behind a link that turns is noticed", async () => {
  await using home = await house({ "first.ts": version(1) });
  await Deno.rename(join(home.folder, "first.ts"), join(home.folder, "plain.ts"));
  await until("it has its new name", () => described(home)?.usable && !described(home, "first"));
  await home.write("next.ts", version(2)); // as editors save: beside it, then over it
  await Deno.rename(join(home.base, "next.ts"), join(home.folder, "plain.ts"));
  await until("it is replaced", async () => await runVersion(home) === "2");
  // As a Kubernetes volume: the file is a link through a link that is turned.
  for (const n of [3, 4]) await home.write(`plugins/..${n}/plain.ts`, version(n));
  await Deno.symlink("..3", join(home.folder, "..data"));
  await Deno.remove(join(home.folder, "plain.ts"));
  await Deno.symlink("..data/plain.ts", join(home.folder, "plain.ts"));
  await until("the link is followed", async () => await runVersion(home) === "3");
  await Deno.symlink("..4", join(home.folder, "..new"));
  await Deno.rename(join(home.folder, "..new"), join(home.folder, "..data"));
  await until("the turn is noticed", async () => await runVersion(home) === "4");
});

Deno.test("a plugin that is a link out of the folder is refused", async () => {
  await using home = await house({});
  await home.write("elsewhere.ts", version(1));
  await Deno.symlink("../elsewhere.ts", join(home.folder, "plain.ts"));
  await until("it is found", () => errorOf(home));
  assertMatch(errorOf(home)!.message, /is a symbolic link that leads out of the plugins folder/);
  assertEquals(await home.plugins.runner.run(job("plain")), null);
});

Deno.test("a link out of the folder that is made later is not followed; what runs then may end", async () => {
  await using home = await house({
    "reader.ts": `export default { async run(_event, { emit, kv }) {
      await kv.get("held");
      emit("read", { text: await Deno.readTextFile(new URL("./notes.txt", import.meta.url)) });
    } };`,
    "notes.txt": "harmless",
  });
  await home.write("secret.txt", "treasure");
  await home.plugins.configure([route("reader")]);
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<string | null>();
  const kvGet = () => {
    begun.resolve();
    return held.promise;
  };
  const slow = home.plugins.runner.run(job("reader", { kvGet }));
  await begun.promise;
  await Deno.symlink("../secret.txt", join(home.folder, "other.txt"));
  await until("its process takes no more", () => home.plugins.status()[0]!.pid === null);
  held.resolve(null);
  assertEquals((await slow)?.emitted[0]?.data["text"], "harmless");
  await Deno.remove(join(home.folder, "notes.txt"));
  await Deno.rename(join(home.folder, "other.txt"), join(home.folder, "notes.txt"));
  await until("the link is refused", async () => {
    const result = await home.plugins.runner.run(job("reader"));
    return /Requires read access to ".*notes\.txt"/.test(result?.error ?? "");
  });
});

Deno.test("a link out of the folder that cannot be hidden, for a comma in its name, stops none but who has or is granted it", async () => {
  const reader = `export default { async run(_event, { emit, options }) {
    emit("read", { text: await Deno.readTextFile(new URL(options.path, import.meta.url)) });
  } };`;
  await using home = await house({ "reader.ts": reader, "notes.txt": "harmless", "folder/mod.ts": reader });
  await home.write("secret.txt", "treasure");
  await Deno.symlink("../secret.txt", join(home.folder, "_draft, old.txt"));
  await Deno.mkdir(join(home.folder, "data"));
  await Deno.symlink("../../secret.txt", join(home.folder, "data/a,b"));
  await Deno.symlink("../../secret.txt", join(home.folder, "folder/a,b"));
  await until("the links are seen", () => described(home, "folder")?.error?.stage === "find");
  assertMatch(described(home, "folder")!.error!.message, /holds folder\/a,b, a link .*: rename or remove it/);
  const read = async (path: string, allow = {}) => {
    await home.plugins.configure([route("reader", { options: { path }, allow })]);
    const result = await home.plugins.runner.run(job("reader"));
    return result?.error ?? result?.emitted[0]?.data["text"];
  };
  assertEquals(await read("./notes.txt"), "harmless");
  for (const path of ["./_draft, old.txt", "./data/a,b", "./folder/a,b"]) {
    assertMatch(String(await read(path)), /Requires read access/, path);
  }
  assertEquals(await read("./data/a,b", { read: ["plugins/data"] }), undefined);
  const { lastError } = home.plugins.status().find(({ name }) => name === "reader")!;
  assertMatch(lastError ?? "", /data\/a,b: a path must not hold a comma/);
});

Deno.test("a version that is written while another is being loaded is not refused for that one's types", async () => {
  await using home = await house({ "plain.ts": version(1) });
  await home.plugins.configure([route("plain")]);
  assertEquals(await runVersion(home), "1");
  await home.write(
    "plugins/plain.ts",
    `const own = new URL(import.meta.url);
    const wrong: number = "text";
    console.log("loading");
    while ((await Deno.readTextFile(own)).includes("wrong")) await new Promise((wake) => setTimeout(wake, 10));
    export default { run: () => wrong };`,
  );
  await until("it is being loaded", () => home.logged("loading"));
  await home.write("plugins/plain.ts", version(2));
  await until("the next is in force", async () => await runVersion(home) === "2");
  assertEquals(errorOf(home), null);
});

/** A patience that follows the machine: where it is starved, a process that runs must not be taken for one that hangs. */
const PATIENT = { loadMs: 300_000, stallMs: 300_000, graceMs: 300_000 };
const PATIENCE_MS = 300_000;

/** More for a longer look: `COINRELAY_EDITS=1000 deno task test tests/sandbox/swap_test.ts`. */
const EDITS = Number(Deno.env.get("COINRELAY_EDITS") ?? 60);

Deno.test("edits under load: every job is done once, by a version that was valid, and nothing is left of the others", async () => {
  await using home = await house({ "plain.ts": version(0) }, { limits: PATIENT });
  await home.plugins.configure([route("plain")]);
  const valid = new Set(["0"]);
  const seen = new Set<number>();
  let last = -1;
  let over = false;
  let waits = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (!over) {
      const result = await home.plugins.runner.run(job("plain", { timeoutMs: 300_000 }));
      if (result === null) {
        waits++;
        await new Promise((resolve) => setTimeout(resolve, 5));
        continue;
      }
      assertEquals(result.outcome, "done", result.error ?? "");
      assertEquals(result.emitted.length, 1);
      const ran = String(result.emitted[0]!.data["version"]);
      assert(valid.has(ran), `version ${ran} was never valid`);
      seen.add(last = Number(ran));
      await new Promise((resolve) => setTimeout(resolve, 2)); // the checks of types need the machine, too
    }
  });
  const edit = async (n: number) => {
    if (n % 3 === 0) return await home.write("plugins/plain.ts", `export default { run( // broken ${n}`);
    valid.add(String(n));
    await home.write("plugins/plain.ts", version(n));
  };
  const inForce = (n: number) => until(`version ${n} is in force`, () => last === n, PATIENCE_MS);
  let before = 0;
  await inForce(0); // its process is there, and goes on whatever is written
  for (let n = 1; n <= EDITS; n++) {
    await edit(n);
    if (n % 15 === 10) await inForce(n);
    else await new Promise((resolve) => setTimeout(resolve, 20));
    if (n === 25) before = await held(); // what a relay keeps that has exchanged plugins a few times
  }
  const end = EDITS + 3 - EDITS % 3 + 1;
  await edit(end);
  await inForce(end);
  const after = await held();
  over = true;
  await Promise.all(load);
  assertEquals(waits, 0, "a process that runs goes on until the next can take over");
  assert(seen.size > 2, "versions in between came into force");
  if (Deno.build.os === "linux") {
    await until("only one process is left", () => processesIn(home.base) === 1, PATIENCE_MS);
  }
  const grown = (after - before) / 2 ** 20;
  assert(grown < 2, `${EDITS} edits left ${grown.toFixed(2)} MiB on the heap`);
});

/** The processes of plugins in this folder. */
function processesIn(folder: string): number {
  return [...Deno.readDirSync("/proc")].filter(({ name }) => {
    try {
      return /^\d+$/.test(name) && Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(folder);
    } catch {
      return false; // it has ended meanwhile
    }
  }).length;
}

/** Bytes that are left on the heap when all that can be collected is. */
async function held(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let heap = Infinity;
  for (let i = 0; i < 5; i++) { // what a promise or a finalizer lets go of is collected the next time
    collect();
    heap = Math.min(heap, Deno.memoryUsage().heapUsed);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return heap;
}

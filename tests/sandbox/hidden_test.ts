/** What is the relay's alone stays hidden from plugins, whatever they are granted. */
import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { secretFiles } from "../../lib/secret_files.ts";
import { house, job, ROOT, route } from "./support.ts";

const STORE = "sqlite:./data/inner/relay.db";
const hidden = (base: string) => ({ hidden: secretFiles({ store: STORE }, join(base, "prod.json")) });

/** Renames, writes and reads what its options say. */
const MOVER = `export default { run(_event, { options: { from, to, write, read }, emit }) {
  if (from) Deno.renameSync(from, to);
  if (write) Deno.writeTextFileSync(write, "written");
  if (read) emit("read", { text: Deno.readTextFileSync(read) });
} };`;

Deno.test("no folder on the way to what is hidden is renamed, by grants of any of them", async () => {
  await using home = await house({ "mover.ts": MOVER }, hidden);
  const { configure, runner } = home.plugins;
  await home.write("data/inner/relay.db", "treasure");
  await home.write("out/x", "");
  await Deno.symlink(".", join(home.base, "way"));
  const outcomeOf = async (options: Record<string, string>, ...granted: string[]) => {
    await configure([route("mover", { options, allow: { read: granted, write: granted } })]);
    const result = await runner.run(job("mover"));
    return result?.error ?? result?.outcome;
  };
  const refused: [Record<string, string>, ...string[]][] = [
    [{ from: "data", to: "d", read: "d/inner/relay.db" }, "."],
    [{ from: "data/inner", to: "d", read: "d/relay.db" }, "."],
    [{ from: "data/inner", to: "data/d", read: "data/d/relay.db" }, "data"],
    [{ from: "data/inner", to: "out/d", read: "out/d/relay.db" }, "data/inner", "out"],
    [{ from: "data/inner", to: "new", read: "new/relay.db" }, "data/inner", "new"],
    [{ from: "plugins", to: "p" }, "."],
    [{ write: "way/plugins/mover.ts" }, "way"],
  ];
  for (const [options, ...granted] of refused) {
    assertMatch(
      await outcomeOf(options, ...granted) ?? "",
      /Requires write access to "(data|plugins|way.plugins)/,
    );
  }
  assertEquals(await Deno.readTextFile(join(home.base, "data/inner/relay.db")), "treasure");
  assertEquals(await outcomeOf({ write: "list.json" }, "."), "done");
  assertEquals(await outcomeOf({ write: "data/list.json" }, "data"), "done");
  assertEquals(await outcomeOf({ write: "data/inner/list.json" }, "data/inner"), "done");
});

Deno.test("what is hidden is so by every name: the config's own, where links lead, and through a granted link", async () => {
  await using home = await house({ "mover.ts": MOVER }, hidden);
  await home.write("prod.json", "treasure");
  await home.write("secrets/env", "treasure");
  await home.write("real/inner/relay.db", "treasure");
  await home.write("notes.txt", "harmless");
  for (const [link, target] of [[".env", "secrets/env"], ["data", "real"], ["way", "."]]) {
    await Deno.symlink(target!, join(home.base, link!));
  }
  const read = async (path: string, granted: string) => {
    await home.plugins.configure([route("mover", { options: { read: path }, allow: { read: [granted] } })]);
    const result = await home.plugins.runner.run(job("mover"));
    return result?.error ?? result?.emitted[0]?.data["text"];
  };
  const names = ["prod.json", ".env", "secrets/env", "data/inner/relay.db", "real/inner/relay.db"];
  for (const name of names) {
    for (const [path, granted] of [[name, "."], [`way/${name}`, "way"]]) {
      assertMatch(String(await read(path!, granted!)), /Requires read access/, path);
    }
  }
  assertEquals(await read("notes.txt", "."), "harmless");
  assertEquals(await read("way/notes.txt", "way"), "harmless");
});

Deno.test("no plugin writes what the relay runs, by a grant of its folder", async () => {
  await using home = await house({ "mover.ts": MOVER }, hidden);
  for (const name of ["main.ts", "lib/relay.ts", ".imports.json", "deno.json"]) {
    const path = join(ROOT, name);
    const before = await Deno.readTextFile(path);
    // Renamed to its own name, nothing would be lost.
    const moved = route("mover", {
      options: { from: path, to: path },
      allow: { write: [ROOT], read: [ROOT] },
    });
    await home.plugins.configure([moved]);
    assertMatch((await home.plugins.runner.run(job("mover")))?.error ?? "", /Requires write access to/, name);
    assertEquals(await Deno.readTextFile(path), before);
  }
});

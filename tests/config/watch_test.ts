import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type ConfigChange, watchConfig, type WatchOptions } from "../../lib/config/watch.ts";
import { inFolder } from "./folder.ts";

const config = (port: number) => ({ server: { port }, sources: [{ name: "a", secrets: ["${SECRET}"] }] });
const text = (port: number) => JSON.stringify(config(port));

/** Gives out changes one by one as they come; waits at most ten seconds for each. */
function watching(file: string, options: WatchOptions = {}) {
  const seen: ConfigChange[] = [];
  let wake = () => {};
  const watch = watchConfig(file, (change) => {
    seen.push(change);
    wake();
  }, { environment: () => ({ SECRET: "one" }), settleMs: 30, ...options });
  return {
    [Symbol.dispose]: () => watch.stop(),
    async next(): Promise<ConfigChange> {
      if (seen.length === 0) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const deadline = setTimeout(() => reject(new Error("no change was noticed")), 10_000);
        wake = resolve;
        await promise.finally(() => clearTimeout(deadline));
      }
      return seen.shift()!;
    },
  };
}

Deno.test("a written config.json is noticed, and what is wrong with one is told", () =>
  inFolder({ "config.json": config(1) }, async (folder) => {
    const file = join(folder, "config.json");
    using watch = watching(file);
    await Deno.writeTextFile(file, text(2));
    assertEquals((await watch.next()).config?.server.port, 2);
    await Deno.writeTextFile(file, '{ "server": {} ');
    assertStringIncludes((await watch.next()).error?.message ?? "", "config.json: line 1");
    await Deno.writeTextFile(file, text(3));
    assertEquals((await watch.next()).config?.server.port, 3);
  }));

Deno.test("a config.json that is replaced by rename is noticed, again and again", () =>
  inFolder({ "config.json": config(1) }, async (folder) => {
    const file = join(folder, "config.json");
    using watch = watching(file);
    for (const port of [2, 3, 4]) {
      await Deno.writeTextFile(join(folder, "draft"), text(port));
      await Deno.rename(join(folder, "draft"), file);
      assertEquals((await watch.next()).config?.server.port, port);
    }
  }));

Deno.test("a config.json that is a symbolic link is noticed when the link, or what it leads to, changes", () =>
  inFolder({}, (folder) =>
    inFolder({ "one.json": config(1), "two.json": config(2) }, async (elsewhere) => {
      const file = join(folder, "config.json");
      await Deno.symlink(join(elsewhere, "one.json"), file);
      using watch = watching(file, { pollMs: 20 });
      await Deno.symlink(join(elsewhere, "two.json"), join(folder, "draft"));
      await Deno.rename(join(folder, "draft"), file);
      assertEquals((await watch.next()).config?.server.port, 2);
      await Deno.writeTextFile(join(elsewhere, "two.json"), text(3));
      assertEquals((await watch.next()).config?.server.port, 3);
    })));

Deno.test("a folder swapped through a symbolic link, as Kubernetes mounts a config, is noticed", () =>
  inFolder({}, async (folder) => {
    for (const [name, port] of [["v1", 1], ["v2", 2]] as const) {
      await Deno.mkdir(join(folder, name));
      await Deno.mkdir(join(folder, name, "plugins"));
      await Deno.writeTextFile(join(folder, name, "config.json"), text(port));
    }
    await Deno.symlink("v1", join(folder, "current"));
    using watch = watching(join(folder, "current", "config.json"), { pollMs: 20 });
    await Deno.symlink("v2", join(folder, "draft"));
    await Deno.rename(join(folder, "draft"), join(folder, "current"));
    assertEquals((await watch.next()).config?.server.port, 2);
  }));

Deno.test("a changed .env is a change, one that appears too", () =>
  inFolder({ "config.json": config(1) }, async (folder) => {
    using watch = watching(join(folder, "config.json"), { environment: () => ({}) });
    await Deno.writeTextFile(join(folder, ".env"), "SECRET=two");
    assertEquals((await watch.next()).config?.sources[0]?.secrets, ["two"]);
    await Deno.writeTextFile(join(folder, ".env"), "SECRET=three");
    assertEquals((await watch.next()).config?.sources[0]?.secrets, ["three"]);
    await Deno.remove(join(folder, ".env"));
    assertStringIncludes((await watch.next()).error?.message ?? "", "SECRET is not set");
  }));

Deno.test("writes that come close together count as one, and one that changes nothing counts not at all", () =>
  inFolder({ "config.json": config(1) }, async (folder) => {
    const file = join(folder, "config.json");
    using watch = watching(file, { settleMs: 300 });
    await Deno.writeTextFile(file, text(1));
    await Deno.writeTextFile(join(folder, "other.json"), "{}");
    for (const port of [2, 3, 4, 5]) await Deno.writeTextFile(file, text(port));
    assertEquals((await watch.next()).config?.server.port, 5);
    await Deno.writeTextFile(file, text(6));
    assertEquals((await watch.next()).config?.server.port, 6);
  }));

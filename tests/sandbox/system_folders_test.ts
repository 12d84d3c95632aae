/** The system's own folders, through which every file has another name, are closed to a plugin that may read all others. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { systemFolders } from "../../lib/sandbox/hidden.ts";
import { house, job, route } from "./support.ts";

const IMPORTER = `export default { async run(_event, { options: { file }, emit }) {
  const { default: text } = await import("file://" + file, { with: { type: "text" } });
  emit("read", { text });
} };`;

Deno.test({
  name: "what is hidden is not imported by way of /proc either, from a plugin that may read everything",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await house({ "importer.js": IMPORTER }, (base) => ({ hidden: [join(base, ".env")] }));
    await home.write(".env", "SECRET=treasure");
    await home.write("notes.txt", "harmless");
    const read = async (file: string) => {
      await home.plugins.configure([route("importer", { options: { file }, allow: { read: ["/"] } })]);
      return await home.plugins.runner.run(job("importer"));
    };
    const relay = `/proc/${Deno.pid}`; // whose environment may hold every secret
    for (const way of [join(home.base, ".env"), `/proc/self/root${home.base}/.env`, `${relay}/environ`]) {
      const result = await read(way);
      assertMatch(result?.error ?? "no error", /Requires read access/, way);
      assertEquals(result?.outcome === "done", false);
    }
    const result = await read(join(home.base, "notes.txt"));
    assert(result?.outcome === "done");
    assertMatch(JSON.stringify(result), /harmless/);
  },
});

Deno.test("only where a grant opens them there is anything to close", () => {
  assertEquals(systemFolders(["/"]), ["/proc", "/dev", "/sys"]);
  assertEquals(systemFolders(["/proc/self", "/srv/lists"]), ["/proc"]);
  assertEquals(systemFolders(["/srv/lists", "/processes"]), []);
});

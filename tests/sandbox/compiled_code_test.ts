/** What Deno keeps for all programs of a user (packages, what it has compiled) is none that a plugin could write. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { dirname, join } from "@std/path";
import { denoFolder } from "../../lib/sandbox/never_granted.ts";
import { house, job, route } from "./support.ts";

const TELLER = `export default { run(_event, { emit }) { emit("process", { pid: Deno.pid }); } };`;

Deno.test({
  name: "a plugin's process has no compiled code of other programs open",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using home = await house({ "teller.js": TELLER });
    await home.plugins.configure([route("teller")]);
    const result = await home.plugins.runner.run(job("teller"));
    assertEquals(result?.outcome, "done");
    const [told] = result?.emitted ?? [];
    const open = openFiles((told?.data as { pid: number }).pid);
    assert(open.length > 3, JSON.stringify(open));
    assertEquals(open.filter((file) => file.includes("code_cache")), []);
  },
});

const WRITER = `export default { run(_event, { options: { file } }) { Deno.writeTextFileSync(file, ""); } };`;

Deno.test("a plugin that may write a folder with Deno's cache or Deno itself in it writes neither", async () => {
  const [cache = ""] = denoFolder((name) => Deno.env.get(name));
  assert(cache !== "", "the environment tells where the cache is");
  await using home = await house({ "writer.js": WRITER });
  for (const file of [join(cache, "npm", "coinrelay-was-here"), Deno.execPath()]) {
    const allow = { read: [dirname(cache), dirname(file)], write: [dirname(cache), dirname(file)] };
    await home.plugins.configure([route("writer", { options: { file }, allow })]);
    const result = await home.plugins.runner.run(job("writer"));
    assertMatch(result?.error ?? "no error", /Requires write access/, file);
  }
});

function openFiles(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return ""; // closed meanwhile
    }
  });
}

import { assert, assertEquals } from "@std/assert";
import { askKernel } from "../../lib/sandbox/kernel.ts";
import { until } from "../support/until.ts";

Deno.test({
  name: "the kernel tells how much memory each process has, and which one to end first",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const kernel = askKernel();
    const child = new Deno.Command("/bin/sh", { args: ["-c", "read -r x"], stdin: "piped" }).spawn();
    const asked = await Promise.all(
      [Deno.pid, 2 ** 30, child.pid, Deno.pid].map((pid) => kernel.residentBytes(pid)),
    );
    const [mine, nobody, others] = asked as [number, number | null, number];
    assert(Math.abs(mine - Deno.memoryUsage().rss) < 64 * 2 ** 20, `${mine}`);
    assertEquals(nobody, null);
    assert(others > 0 && others < mine);
    kernel.offer(child.pid);
    const score = () => Deno.readTextFileSync(`/proc/${child.pid}/oom_score_adj`);
    await until("the child is first to go", () => score() === "1000\n");
    await child.stdin.close();
    await child.status;
    await kernel.close();
    assertEquals(await kernel.residentBytes(Deno.pid), null, "after the end nothing is told");
  },
});

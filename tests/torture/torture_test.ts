import { assertEquals, assertGreater } from "@std/assert";
import { FAILPOINTS } from "../../lib/failpoint.ts";
import { breaches, torture } from "./torture.ts";

Deno.test("nothing is lost, and nothing done twice but by a kill, over kills at every step", async () => {
  const report = await torture({ kills: FAILPOINTS.length + 8, events: 400, seed: 20260724 });
  assertEquals(breaches(report), []);
  assertEquals(FAILPOINTS.filter((step) => !report.killsAt[step]), []);
  assertGreater(report.accepted, 300); // on a slow machine the provider may give up some
  assertGreater(report.acts, 800);
  assertGreater(report.interrupted, 0);
});

import { assertEquals, assertGreater } from "@std/assert";
import { fuzz } from "./fuzz.ts";

Deno.test({
  name:
    "hostile inputs do no harm: no 5xx, no crash, nothing stored that is not rightly signed, memory given back",
  ignore: Deno.build.os !== "linux", // where /proc tells of memory
  async fn() {
    const report = await fuzz({ inputs: 800, seed: 20260724 });
    assertEquals(report.faults, []);
    for (const status of [200, 400, 401, 404, 405]) {
      assertGreater(report.statuses[status] ?? 0, 5, `${status}`);
    }
    assertGreater(report.stored, 150);
  },
});

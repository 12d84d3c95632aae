import { assert, assertEquals } from "@std/assert";
import { editPlugin } from "./edits.ts";

Deno.test({
  name:
    "of a plugin that is edited under load each event is acted on once, by a version that was valid then, and the relay's memory holds",
  ignore: Deno.build.os !== "linux", // where /proc tells of memory
  async fn() {
    // As short as this is memory still rises to its level: `deno task edits` holds it to less.
    const { faults, versions, broken, events } = await editPlugin({
      edits: 18,
      every: 2,
      restMs: 1000,
      noise: 100,
    });
    assertEquals(faults, []);
    assertEquals([versions, broken], [13, 6]);
    assert(events > 500);
  },
});

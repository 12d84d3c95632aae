import { assert, assertEquals } from "@std/assert";
import { pileUp } from "./backlog.ts";

Deno.test({
  name: "a backlog does not grow the relay, and all of it is made once when the receiver returns",
  ignore: Deno.build.os !== "linux", // where /proc tells of memory
  async fn() {
    const { idle, piledUp, draining, faults, deliveries } = await pileUp({ deliveries: 3000 });
    assertEquals(faults, []);
    assertEquals(deliveries, 3000);
    const most = idle.memory * 1.5 + 100;
    assert(piledUp.memory <= most && draining.memory <= most, JSON.stringify({ idle, piledUp, draining }));
  },
});

import { assertEquals } from "@std/assert";
import { createPacing } from "../../lib/watchdog/pacing.ts";

Deno.test("what was not told for long is told at the first intervals again, and what lasts at ever longer ones", () => {
  const pacing = createPacing({ firstMs: 10, mostMs: 40, calmMs: 100 });
  const told: number[] = [];
  for (let now = 0; now <= 300; now++) {
    if (now > 150 && now < 250) continue; // it is well
    if (pacing.may(now)) told.push(now);
  }
  assertEquals(told, [0, 10, 30, 70, 110, 150, 250, 260, 280]);
});

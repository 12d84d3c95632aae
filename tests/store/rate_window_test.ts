import { assert, assertEquals } from "@std/assert";
import { allowance, type RateWindow, readAt, refund, spend } from "../../lib/store/rate_window.ts";
import { seeded } from "./fixtures.ts";

Deno.test("a rate is kept in every stretch of its time, and is used up to at least half", () => {
  const random = seeded(7);
  for (const rate of [{ count: 1, perMs: 1000 }, { count: 7, perMs: 333 }, { count: 100, perMs: 60_000 }]) {
    let window: RateWindow = [];
    const made: number[] = [];
    const steps = 5000, step = rate.perMs / 40;
    for (let now = 100_000, count = 0; count < steps; count++, now += Math.ceil(random() * step)) {
      const { free, nextAt } = allowance(window, rate, now);
      assert(free > 0 || nextAt > now, "a wait ends later");
      window = spend(window, rate, now, free);
      for (let one = 0; one < free; one++) made.push(now);
    }
    made.forEach((at, index) => {
      const later = made[index + rate.count];
      assert(
        later === undefined || later - at >= rate.perMs,
        `${rate.count + 1} claims within ${later! - at} ms`,
      );
    });
    const wished = (made.at(-1)! - made[0]!) / rate.perMs * rate.count;
    assert(made.length > wished / 2, `${made.length} of ${wished}`);
  }
});

Deno.test("a window holds few entries however many claims it counts", () => {
  let window: RateWindow = [];
  const rate = { count: 1_000_000, perMs: 60_000 };
  for (let now = 0; now < 300_000; now += 7) window = spend(window, rate, now, 1);
  assert(window.length <= 52, `${window.length}`);
});

Deno.test("a rate of none allows none", () => {
  assertEquals(allowance([], { count: 0, perMs: 1000 }, 5000), { free: 0, nextAt: 6000 });
});

Deno.test("readAt leaves a window alone that is not from the future", () => {
  const window: RateWindow = [[5000, 2]];
  assert(readAt(window, { count: 2, perMs: 1000 }, 4980) === window);
  const rewound = readAt(window, { count: 2, perMs: 1000 }, 4000);
  assertEquals(rewound, [[4020, 2]]);
  assertEquals(
    spend(rewound, { count: 3, perMs: 1000 }, 4000, 1),
    [[4020, 3]],
    "the oldest still comes first",
  );
});

Deno.test("a claim that is undone is taken off its own moment, and off no other once it counts no more", () => {
  const rate = { count: 2, perMs: 1000 };
  const free = (window: RateWindow, now: number) => allowance(window, rate, now).free;
  const both = spend(spend([], rate, 5000, 1), rate, 5600, 1);
  assertEquals([free(refund(both, 5600), 5999), free(refund(both, 5600), 6000)], [1, 2]);
  assertEquals([free(refund(both, 5000), 5999), free(refund(both, 5000), 6000)], [1, 1]);
  const later = spend(both, rate, 6700, 2);
  for (const claimedAt of [5000, 5600]) assertEquals(free(refund(later, claimedAt), 6700), 0, `${claimedAt}`);
  assertEquals(free(refund(refund(later, 5000), 5600), 6700), 0, "one after the other");
  assertEquals(free(refund(spend(later, rate, 6800, 0), 5600), 6800), 0);
  assertEquals(free(refund(later, 6700), 6700), 1);
});

import { assert, assertEquals } from "@std/assert";
import { createPatience } from "../../lib/store/patience.ts";

Deno.test("few are never waited for", () => {
  const patience = createPatience();
  for (let i = 0; i < 10_000; i++) patience.began(1 + i % 7);
  assertEquals(patience.wanted, 1);
});

for (const size of [8, 20, 32, 63]) {
  Deno.test(`a crowd of ${size} is found, and seldom waited for in vain`, () => {
    const patience = createPatience();
    patience.began(8);
    let inVain = 0, whole = 0;
    for (let i = 0; i < 10_000; i++) {
      if (patience.wanted > size) inVain++;
      if (patience.wanted >= size) whole++;
      patience.began(Math.min(patience.wanted, size)); // in parts, and no later than it must
    }
    assert(whole > 9_900 && inVain > 0 && inVain < 30, `${whole} whole, ${inVain} in vain`);
  });
}

Deno.test("a crowd that grows is followed at once, however long nothing more was found", () => {
  const patience = createPatience();
  patience.began(8);
  for (let i = 0; i < 10_000; i++) patience.began(Math.min(patience.wanted, 16));
  patience.began(30);
  assert(patience.wanted > 30);
});

Deno.test("a crowd of which some were late once is whole again after a few commits", () => {
  const patience = createPatience();
  patience.began(8);
  for (let i = 0; i < 10_000; i++) patience.began(Math.min(patience.wanted, 32));
  while (patience.wanted > 32) patience.began(32);
  patience.began(20);
  let commits = 0;
  for (; patience.wanted < 32; commits++) patience.began(Math.min(patience.wanted, 32));
  assert(commits < 20, `after ${commits}`);
});

Deno.test("of a large crowd not all are waited for", () => {
  const patience = createPatience();
  for (let i = 0; i < 100; i++) patience.began(1000);
  assertEquals(patience.wanted, 64);
});

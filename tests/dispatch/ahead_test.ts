import { assertEquals } from "@std/assert";
import { Ahead } from "../../lib/dispatch/ahead.ts";
import { resolveRoutes, type Route } from "../../lib/route/resolve.ts";
import { configSchema } from "../../lib/config/schema.ts";

const [ROUTE] = resolveRoutes(
  configSchema.parse({
    sources: [{ name: "s", path: "/webhook", secrets: ["whsec_of_the_test"] }],
    routes: [{ name: "a", plugin: "a", concurrency: 4 }],
  }),
  [],
);

Deno.test("as many are claimed ahead as get a place within 50 ms, where nothing counts claims", () => {
  const limit = (took: number[], settings: Partial<Route> = {}) => {
    const ahead = new Ahead();
    for (const ms of took) ahead.took("a", ms);
    return ahead.limit({ ...ROUTE!, ...settings });
  };
  assertEquals(limit([]), 0, "nobody knows yet");
  assertEquals([limit([50]), limit([51]), limit([10]), limit([201])], [4, 3, 20, 0]);
  assertEquals([limit([50, 60]), limit([60, ...Array<number>(40).fill(1)])], [3, 64], "it follows");
  assertEquals(limit([201, -3_600_000]), 0, "the clock was set back");
  assertEquals([limit([0]), limit([1], { concurrency: 1 }), limit([1], { concurrency: 100 })], [64, 16, 128]);
  assertEquals(limit([1], { rate: { count: 1, perMs: 1000 } }), 0);
  assertEquals(limit([1], { schedule: { ...ROUTE!.schedule, digest: { everyMs: 1000 } } }), 0);
});

import { assertEquals } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import { Places } from "../../lib/dispatch/places.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";
import type { Claimed, ClaimRoute } from "../../lib/store/contract.ts";

const [ROUTE] = resolveRoutes(
  configSchema.parse({
    sources: [{ name: "s", path: "/webhook", secrets: ["whsec_of_the_test"] }],
    routes: [{ name: "a", plugin: "a", concurrency: 3 }],
  }),
  [],
);
const route = ROUTE!;

/** A delivery of the route, of an event of so many bytes. */
const delivery = (bytes = 100) =>
  ({ delivery: { route: "a" }, event: { body: new Uint8Array(bytes) } }) as unknown as Claimed;

/** Places of a route of which up to six may be claimed ahead; what a claim that asked for `limit` got is learnt. */
function startPlaces(queues = false) {
  const at = { waiting: 0 };
  const places = new Places({ limit: () => 6, waiting: () => at.waiting }, queues);
  const learn = (limit: number, got: number) =>
    places.learn(
      [{ route: "a", limit } as ClaimRoute],
      Array.from({ length: got }, () => ({ delivery: { route: "a" } }) as Claimed),
    );
  return { at, places, learn };
}

Deno.test("claimed ahead is only where more was due than was asked for, and as long as that is so", () => {
  const { at, places, learn } = startPlaces();
  assertEquals([places.claimable(route), places.crowded], [3, false]);
  learn(3, 3);
  assertEquals([places.claimable(route), places.crowded], [9, true]);
  at.waiting = 4;
  assertEquals(places.claimable(route), 5, "those that wait already count");
  learn(5, 4);
  at.waiting = 0;
  assertEquals([places.claimable(route), places.crowded], [3, false]);
});

Deno.test("a crowded route's free places are worth a claim once half of what may wait is gone", () => {
  const { at, places } = startPlaces();
  for (let taken = 0; taken < 3; taken++) places.take(delivery());
  assertEquals(places.areWorthClaiming(route), false, "nothing more is due");
  places.crowd("a");
  at.waiting = 3;
  assertEquals(places.areWorthClaiming(route), false);
  at.waiting = 2;
  assertEquals(places.areWorthClaiming(route), true);
});

Deno.test("a runner with whom jobs wait is given as many as may be claimed ahead, but of no more bytes than it may keep", () => {
  const { places } = startPlaces(true);
  const small = delivery();
  for (let given = 0; given < 9; given++) {
    assertEquals(places.admits(route, small), true, `${given}`);
    places.take(small);
  }
  assertEquals(places.admits(route, small), false, "three run, and six wait");
  places.free(small);
  const large = delivery(512 * 1024);
  assertEquals([places.admits(route, small), places.admits(route, large)], [true, false]);
  for (let given = 0; given < 6; given++) places.free(small);
  assertEquals(places.admits(route, large), true, "it has a place");
  places.take(large);
  assertEquals(places.admits(route, small), false);
});

Deno.test("any other runner is given what has a place", () => {
  const { places } = startPlaces();
  for (let given = 0; given < 3; given++) places.take(delivery());
  assertEquals(places.admits(route, delivery()), false);
});

Deno.test("a digest has places for all that it may gather, but not beside another", () => {
  const { places } = startPlaces();
  const gathering = { ...route, schedule: { ...route.schedule, digest: { everyMs: 1000 } } };
  assertEquals(places.left(gathering), 500);
  places.take(delivery());
  assertEquals([places.left(gathering), places.left(route), places.taken().get("a")], [0, 2, 1]);
  places.free(delivery());
  assertEquals([places.left(gathering), places.taken().size], [500, 0]);
});

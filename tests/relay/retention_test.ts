import { assertEquals } from "@std/assert";
import { openStore } from "../../lib/store/open.ts";
import { pruneAll, retentionLimits } from "../../lib/relay/retention.ts";
import { anEvent, withFolder } from "../store/fixtures.ts";

const HOUR = 3_600_000, DAY = 24 * HOUR;
const NOW = 100 * DAY;

/** What is wanted of a config with sources that accept events of these ages. */
function limits(days: number, ...maxAgeSeconds: number[]) {
  const sources = maxAgeSeconds.map((age) => (
    { name: `${age}`, path: `/${age}`, secrets: ["x"], maxAgeSeconds: age }
  ));
  const { olderThan, forgetIdsBefore } = retentionLimits({ retention: { days }, sources }, NOW);
  return [NOW - olderThan, NOW - forgetIdsBefore];
}

Deno.test("ids are remembered for the longest age that is accepted and 48 hours, or as long as events", () => {
  assertEquals(limits(1, 300), [DAY, 48 * HOUR + 300_000]);
  assertEquals(limits(1, 300, 7200, 60), [DAY, 50 * HOUR]);
  assertEquals(limits(30, 300), [30 * DAY, 30 * DAY]);
});

Deno.test("all that is old is deleted, with a pause between steps, unless it is to end meanwhile", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    await store.append(
      Array.from({ length: 1050 }, (_, index) => anEvent(`${index}`, { receivedAt: index })),
    );
    const ending = new AbortController();
    let pauses = 0;
    const pause = () => Promise.resolve(void (++pauses === 2 && ending.abort()));
    const old = { olderThan: 1000, forgetIdsBefore: 1000 };
    assertEquals([await pruneAll(store, old, ending.signal, pause), pauses], [400, 2]);
    assertEquals([await pruneAll(store, old, new AbortController().signal, pause), pauses], [600, 5]);
    assertEquals((await store.events({}, { limit: 99 })).length, 50);
    await store.close();
  }));

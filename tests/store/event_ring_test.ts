import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type Appended, type NewEvent, StoreUnavailable } from "../../lib/store/contract.ts";
import { EventRing, ringMemory } from "../../lib/store/sqlite/event_ring.ts";
import { packEvents } from "../../lib/store/sqlite/packed.ts";
import { type GroupResult, ringCommits } from "../../lib/store/sqlite/ring_commits.ts";
import { ThreadedStore } from "../../lib/store/sqlite/threaded_store.ts";
import { createRandom } from "../support/random.ts";
import { anEvent, planned, withFolder } from "./fixtures.ts";

/** Both ends of a ring. */
function ends() {
  const memory = ringMemory();
  return { writer: new EventRing(memory), reader: new EventRing(memory) };
}

const ALL = Number.MAX_SAFE_INTEGER;
const accepted = (events: readonly NewEvent[]): Appended[] =>
  events.map(({ id }) => ({ result: "accepted", seq: Number(id) }));

Deno.test("what is written to a ring is read as it was, however often it goes around", () => {
  const { writer, reader } = ends();
  const random = createRandom(20261126);
  const inside: NewEvent[][] = [];
  let bytes = 0, refused = 0;
  for (let step = 0; bytes < 5_000_000; step++) {
    const group = Array.from(
      { length: 1 + random.below(5) },
      (_, index) =>
        anEvent(`${step}/${index} \u00e9\u{1f680}\0`, {
          body: new Uint8Array(random.below(random.below(12_000) + 1)).fill(step),
          coin: index % 2 ? null : "btc",
          deliveries: index % 3 ? [] : [planned(), { route: "all", matched: null, dueAt: step }],
        }),
    );
    if (writer.write(packEvents(group))) {
      inside.push(group);
      bytes += group.reduce((sum, { body }) => sum + body.length, 0);
    } else refused++;
    if (inside.length > 0 && random.below(3) === 0) {
      const read = reader.read(random.below(10) + 1);
      assertEquals(read, inside.splice(0, read.length));
      assert(read.length > 0);
    }
  }
  assertEquals(reader.read(ALL), inside);
  assertEquals(reader.read(ALL), []);
  assert(refused > 0, "it was full at times");
});

Deno.test("a full ring takes no more until it is read, and never takes a group that is too large for it", () => {
  const { writer, reader } = ends();
  const group = [anEvent("a", { body: new Uint8Array(10_000) })];
  let written = 0;
  while (writer.write(packEvents(group))) written++;
  assert(written > 10);
  assertEquals(reader.read(1).length, 1);
  while (writer.write(packEvents(group))) written++;
  assertEquals(reader.read(ALL).length, written - 1);
  assertEquals(writer.write(packEvents([anEvent("b", { body: new Uint8Array(100_000) })])), false);
});

Deno.test("what is read is not written over", () => {
  const { writer, reader } = ends();
  writer.write(packEvents([anEvent("a", { body: new Uint8Array(1000).fill(1) })]));
  const [[read]] = reader.read(ALL) as [[NewEvent]];
  for (let round = 0; round < 1000; round++) {
    writer.write(packEvents([anEvent("b", { body: new Uint8Array(1000).fill(2) })]));
    reader.read(ALL);
  }
  assertEquals(read.body, new Uint8Array(1000).fill(1));
});

Deno.test("a reader does not fall asleep on what it has not read, and is woken once", () => {
  const { writer, reader } = ends();
  assertEquals([writer.mustWake(), writer.mustWake()], [true, false]);
  writer.write(packEvents([anEvent("a")]));
  assertEquals(reader.sleeps(), false);
  assertEquals(reader.readWithin(60_000, ALL).length, 1);
  assertEquals(reader.sleeps(), true);
  assertEquals([writer.mustWake(), writer.mustWake()], [true, false]);
});

/** Commits through a ring with an `append` of the test's own; answers what was told once `count` groups were. */
async function commitAll(groups: NewEvent[][], append: (events: readonly NewEvent[]) => Promise<Appended[]>) {
  const { writer, reader } = ends();
  const told: GroupResult[] = [], all = Promise.withResolvers<void>();
  const wake = ringCommits(reader, append, (results) => {
    told.push(...results);
    if (told.length === groups.length) all.resolve();
  });
  for (const group of groups) assert(writer.write(packEvents(group)));
  wake();
  await all.promise;
  return told;
}

Deno.test("groups that lie in a ring share a commit, and each hears of its own events", async () => {
  const commits: string[][] = [];
  const told = await commitAll([[anEvent("1"), anEvent("2")], [anEvent("3")]], (events) => {
    commits.push(events.map(({ id }) => id));
    return Promise.resolve(accepted(events));
  });
  assertEquals(commits, [["1", "2", "3"]]);
  assertEquals(told, [[1, 2], [3]]);
});

Deno.test("a group that cannot be written fails alone, and a store that cannot commit refuses all", async () => {
  const groups = [[anEvent("1")], [anEvent("2")], [anEvent("3")]];
  const told = await commitAll(groups, (events) => {
    if (events.some(({ id }) => id === "2")) return Promise.reject(new TypeError("bad"));
    return Promise.resolve(accepted(events));
  });
  assertEquals(told, [[1], { failure: { name: "TypeError", message: "bad" } }, [3]]);
  let calls = 0;
  const failure = { name: "StoreUnavailable", message: "full" };
  const refused = await commitAll(groups, () => {
    calls++;
    return Promise.reject(new StoreUnavailable("full"));
  });
  assertEquals([calls, refused], [1, groups.map(() => ({ failure }))]);
});

Deno.test("of many appends at once, small and large, each is answered as it was stored, and nothing twice", () =>
  withFolder(async (folder) => {
    const store = await ThreadedStore.open(join(folder, "relay.db"));
    try {
      const random = createRandom(7);
      const groups = Array.from(
        { length: 400 },
        (_, group) =>
          Array.from({ length: 1 + random.below(4) }, (_, index) =>
            anEvent(`${group % 300}/${index}`, {
              body: new Uint8Array(random.below(50) === 0 ? 90_000 : 700),
            })),
      );
      const answers = await Promise.all(groups.map((group) => store.append(group)));
      const first = new Map<string, number>();
      for (const [group, answer] of groups.map((group, index) => [group, answers[index]!] as const)) {
        for (const [{ id }, one] of group.map((event, index) => [event, answer[index]!] as const)) {
          if (one.result !== "accepted") continue;
          assert(!first.has(id), `${id} was accepted once`);
          first.set(id, one.seq);
        }
      }
      const stored = await store.events({}, { limit: 10_000 });
      assertEquals(new Map(stored.map(({ id, seq }) => [id, seq])), first);
      assertEquals(new Set(groups.flat().map(({ id }) => id)).size, first.size);
    } finally {
      await store.close();
    }
  }));

Deno.test("a store that is closed answers what it was given before, and refuses what comes after", () =>
  withFolder(async (folder) => {
    const store = await ThreadedStore.open(join(folder, "relay.db"));
    const given = Array.from({ length: 50 }, (_, index) => store.append([anEvent(`${index}`)]));
    const closed = store.close();
    assertEquals((await Promise.all(given)).flat().filter(({ result }) => result === "accepted").length, 50);
    await closed;
    await assertRejects(() => store.append([anEvent("late")]), StoreUnavailable, "closed");
  }));

import { assertEquals } from "@std/assert";
import { configureLog } from "../../lib/log.ts";
import { startUpkeep, type UpkeepParts } from "../../lib/relay/upkeep.ts";
import { type Store, StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { anEvent, planned } from "../store/fixtures.ts";

const SECOND = 1000, MINUTE = 60 * SECOND, DAY = 24 * 60 * MINUTE;

/** Upkeep of a real store, on the test's clocks: what it does from time to time, it does when the test says so. */
async function startKeeping(parts: (store: Store) => Partial<UpkeepParts["store"]> = () => ({})) {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  const clock = { wall: 100 * DAY, steady: 0 };
  const lines: string[] = [];
  configureLog({ format: "text", write: (line) => lines.push(line.replace(/^\S+ +/, "")) });
  const timers = new Map<number, () => Promise<void>>();
  const { setInterval } = globalThis;
  const { now } = performance;
  globalThis.setInterval = ((callback: () => void, ms = 0) => {
    timers.set(ms, callback as () => Promise<void>);
    return setInterval(() => {}, ms); // what is stopped
  }) as typeof setInterval;
  performance.now = () => clock.steady;
  const upkeep = startUpkeep({
    store: {
      prune: store.prune.bind(store),
      rewind: store.rewind!.bind(store),
      exclusively: store.exclusively,
      ...parts(store),
    },
    config: () => ({
      retention: { days: 30 },
      sources: [{ name: "s", path: "/webhook", secrets: ["x"], maxAgeSeconds: 300 }],
    }),
    now: () => clock.wall,
  });
  globalThis.setInterval = setInterval;
  return {
    store,
    clock,
    lines,
    upkeep,
    /** Lets time pass, and has done what is done every so often. */
    pass(ms: number, every: number) {
      clock.wall += ms;
      clock.steady += ms;
      return timers.get(every)!();
    },
    async left() {
      return (await store.events({}, { limit: 999 })).length;
    },
    async [Symbol.asyncDispose]() {
      performance.now = now;
      configureLog();
      upkeep.stop();
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const old = (count: number) =>
  Array.from({ length: count }, (_, index) => anEvent(`old ${index}`, { receivedAt: 69 * DAY }));

Deno.test("every ten minutes what is older than the config wants kept is deleted, and that is told", async () => {
  await using at = await startKeeping();
  await at.store.append([...old(3), anEvent("new", { receivedAt: 90 * DAY })]);
  await at.pass(10 * MINUTE, 10 * MINUTE);
  assertEquals(at.lines, ["upkeep   deleted 3 events older than 30 days"]);
  assertEquals(await at.left(), 1);
  await at.pass(10 * MINUTE, 10 * MINUTE);
  assertEquals(at.lines.length, 1, "nothing was old");
});

Deno.test("what could not be deleted is told, and deleted ten minutes later", async () => {
  let away = true;
  await using at = await startKeeping((store) => ({
    prune: (...given) =>
      away ? Promise.reject(new StoreUnavailable("the disk fails")) : store.prune(...given),
  }));
  await at.store.append(old(3));
  await at.pass(10 * MINUTE, 10 * MINUTE);
  assertEquals(at.lines, ["upkeep   warning: cannot delete old events, trying again later: the disk fails"]);
  away = false;
  await at.pass(10 * MINUTE, 10 * MINUTE);
  assertEquals(await at.left(), 0);
});

Deno.test("a relay that stops waits for no more than the step of deleting that is under way", async () => {
  await using at = await startKeeping();
  await at.store.append(old(900));
  const deleting = at.pass(10 * MINUTE, 10 * MINUTE);
  at.upkeep.stop();
  await deleting;
  assertEquals(await at.left(), 700);
});

Deno.test("a clock that is set back moves what waits, and that is told; a store that cannot ends nothing", async () => {
  let away = true;
  await using at = await startKeeping((store) => ({
    rewind: (...given) =>
      away ? Promise.reject(new StoreUnavailable("the disk fails")) : store.rewind!(...given),
  }));
  const dueAt = 100 * DAY;
  await at.store.append([anEvent("a", { receivedAt: dueAt, deliveries: [planned("slack", dueAt)] })]);
  for (const isAway of [true, false]) {
    away = isAway;
    at.clock.wall -= 30 * MINUTE;
    await at.pass(SECOND, SECOND);
  }
  const told = "upkeep   warning: the clock was set back by 1800 s; what waits falls due that much earlier";
  assertEquals(at.lines, [told, "upkeep   warning: cannot move what waits: the disk fails", told]);
  const [delivery] = await at.store.deliveries({}, { limit: 1 });
  assertEquals(delivery!.dueAt, dueAt - 30 * MINUTE);
});

Deno.test("a standstill is told once it is over", async () => {
  await using at = await startKeeping();
  await at.pass(SECOND, SECOND);
  await at.pass(6 * SECOND, SECOND);
  await at.pass(SECOND, SECOND);
  assertEquals(at.lines, [
    "upkeep   error: the relay stood still for 5.0 s and answered nobody: its disk did not answer, or the machine " +
    "had no time for it",
  ]);
});

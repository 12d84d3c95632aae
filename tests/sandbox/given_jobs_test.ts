/** What relay and process make of what they say to each other of jobs, be it true or not. */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { GivenJobs } from "../../lib/sandbox/given_jobs.ts";
import { type Arrived, createBeginnings } from "../../lib/sandbox/inside/beginnings.ts";
import type { FromPlugin, ToPlugin } from "../../lib/sandbox/protocol.ts";
import { until } from "../support/until.ts";
import { job } from "./support.ts";

type End = FromPlugin & { t: "end" };

/** Jobs of a process that does nothing: what it was told is in `said`. */
function startJobs(times: { graceMs?: number; stallMs?: number } = {}) {
  const said: ToPlugin[] = [];
  const ignored: number[] = [];
  const jobs = new GivenJobs({
    say: (message) => said.push(message),
    now: Date.now,
    graceMs: 1,
    stallMs: 100_000,
    ...times,
    secretsOf: () => [],
    onAnswer() {},
    onIgnored: () => ignored.push(1),
  });
  let id = 0;
  return {
    jobs,
    said,
    ignored,
    /** Gives a job of the route "x", of which `most` may run; its id is how many were given. */
    give(most: number, timeoutMs = 100_000) {
      const given = job("x", { timeoutMs });
      return { job: given, result: jobs.give(++id, given, {}, { most }) };
    },
    told: (kind: ToPlugin["t"]) => said.filter(({ t }) => t === kind).length,
    end: (id: number, kv: End["kv"] = []) =>
      jobs.end({
        t: "end",
        id,
        ms: 1,
        outcome: "done",
        error: null,
        retryAfterSeconds: null,
        kv,
        emitted: [],
      }),
    close: () => jobs.close(() => ({ ...CRASHED })),
  };
}

const CRASHED = {
  outcome: "crashed" as const,
  error: "it ended",
  retryAfterSeconds: null,
  kv: [],
  emitted: [],
  sent: [],
  ms: null,
};

Deno.test("what was given after a recall comes back by the next, though the first is not answered yet", async () => {
  const { jobs, give, told, close } = startJobs();
  give(1);
  const second = give(1);
  assertEquals([jobs.recall(), told("recall")], [true, 1]);
  const third = give(1);
  assertEquals([jobs.recall(), told("recall")], [false, 1], "one at a time");
  jobs.begun(1);
  assertEquals([jobs.back([2]), told("recall")], [true, 2]);
  assertEquals(await second.result, "recalled");
  assertEquals([jobs.back([3]), told("recall")], [false, 2]);
  assertEquals(await third.result, "recalled");
  close();
});

Deno.test("what was given after a recall need not come back, and begins when there is a place", () => {
  const { jobs, give, end, close } = startJobs();
  give(1);
  give(1);
  jobs.recall();
  give(1);
  jobs.begun(1);
  assertEquals(jobs.back([2]), false);
  end(1);
  jobs.begun(3);
  assertEquals([jobs.size, jobs.running], [1, 1]);
  close();
});

Deno.test("a process that gives back something else than what has not begun breaks the protocol", () => {
  const cases: [what: string, ids: number[]][] = [
    ["not all", [2]],
    ["none", []],
    ["what runs", [1, 2, 3]],
    ["what was given later", [2, 3, 4]],
    ["what nobody gave", [2, 3, 5]],
  ];
  for (const [what, ids] of cases) {
    const { jobs, give, close } = startJobs();
    for (let count = 0; count < 3; count++) give(1);
    jobs.begun(1);
    assertThrows(() => jobs.back([2, 3]), Error, "back");
    jobs.recall();
    give(1);
    assertThrows(() => jobs.back(ids), Error, "back");
    assertEquals(jobs.size, 4, `${what}: none has come back`);
    close();
  }
});

Deno.test("a process that begins what waits for a place breaks the protocol", () => {
  const { jobs, give, close } = startJobs();
  give(1);
  give(1);
  assertThrows(() => jobs.begun(2), Error, "begun");
  jobs.begun(3); // nobody knows it, or it has its result
  close();
});

Deno.test("a job's time is not counted before its process comes to it, but that must not take longer than it may be silent", async () => {
  const patient = startJobs();
  const first = patient.give(1, 1);
  const other = patient.give(2, 1);
  patient.jobs.begun(2);
  patient.jobs.begun(1);
  assertEquals(patient.jobs.running, 2);
  for (const { result } of [first, other]) {
    assertMatch(String((await result as typeof CRASHED).error), /did not end/);
  }
  const late = startJobs();
  late.give(2, 100_000);
  const waits = late.give(2, 1);
  const quick = late.give(3, 1);
  late.jobs.begun(3);
  await quick.result;
  assertEquals([late.jobs.size, late.told("abort")], [2, 1], "only what has begun runs out of time");
  late.jobs.begun(2);
  late.jobs.begun(2);
  await waits.result;
  const silent = startJobs({ stallMs: 1 });
  const never = await silent.give(1, 1).result as typeof CRASHED;
  assertEquals([never.outcome as string, silent.ignored.length], ["timeout", 1]);
  for (const { close } of [patient, late, silent]) close();
});

Deno.test("a process that says again and again that a job has begun gives it no more time", async () => {
  const { jobs, give, close } = startJobs();
  const { result } = give(1, 20);
  const again = setInterval(() => jobs.begun(1), 1);
  await result;
  clearInterval(again);
  close();
});

Deno.test("what is recalled before it begins comes back, and has no place in its process any more", () => {
  const sent: FromPlugin[] = [];
  const begun: number[] = [];
  const beginnings = createBeginnings<Arrived>(
    { send: (message) => sent.push(message), flush() {} },
    ({ id }) => begun.push(id),
  );
  const arrive = (id: number) => beginnings.arrive({ id, route: "x", most: 1, tell: false });
  arrive(1);
  arrive(2);
  beginnings.recall();
  assertEquals(sent, [{ t: "back", ids: [2, 1] }]);
  arrive(3);
  beginnings.begin();
  assertEquals(begun, [3]);
});

Deno.test("what cannot be read fails a job, and its run is ended all the same when its time is over", async () => {
  const { jobs, give, said, ignored, close } = startJobs();
  const failing = give(1, 1);
  give(1);
  jobs.begun(1);
  jobs.fail(1, "the disk is away");
  assertEquals((await failing.result as typeof CRASHED).error, "the disk is away");
  assertEquals(jobs.placesTaken("x"), 1, "it goes on");
  await until("its signal is ignored", () => ignored.length === 1);
  assertEquals(said.filter((one) => one.t === "abort").map(({ id }) => id), [1]);
  assertEquals(jobs.placesTaken("x"), 0);
  close();
});

Deno.test("whoever waits for a place learns that a run has ignored its signal", async () => {
  const { jobs, give, close } = startJobs();
  give(1, 1);
  jobs.begun(1);
  const freed = jobs.placeFreed();
  await freed;
  assertEquals(jobs.placesTaken("x"), 0);
  close();
});

Deno.test("what a job left to be remembered takes its place until that is on disk, also when its process has ended", async () => {
  const { jobs, give, end, told, close } = startJobs();
  const one = give(2);
  const two = give(2);
  end(1, [{ key: "a", value: "1" }]);
  close();
  assertEquals(await two.result, "unsure");
  assertEquals([jobs.placesTaken("x"), jobs.placesTaken("y"), jobs.allSettled], [1, 0, false]);
  const freed = jobs.placeFreed();
  jobs.settled(two.job);
  assertEquals(jobs.placesTaken("x"), 1, "it left nothing");
  jobs.settled(one.job);
  await freed;
  assertEquals([jobs.placesTaken("x"), jobs.allSettled, told("free")], [0, true, 0]);
});

/** Jobs of a route beyond those that may run at a time: they wait in the plugin's process. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Job, Result } from "../../lib/dispatch/contract.ts";
import { JobQueue } from "../../lib/sandbox/job_queue.ts";
import { until } from "../support/until.ts";
import { type House, house, job, route } from "./support.ts";

/** A plugin whose jobs say that they have begun, and wait until they are let go. */
const asker = (more = "") =>
  `export default { async run({ id }, { kv, emit, options }) { ${more} await kv.get(id); } };`;

/** Gives jobs of these ids, which ask for their id before they end, to the plugin "asker". */
function give(home: House, ids: readonly string[], parts: Partial<Job> = {}) {
  const begun: string[] = [];
  const gates = new Map(ids.map((id) => [id, Promise.withResolvers<string | null>()]));
  const jobs = ids.map((id) => {
    const base = job("asker", { concurrency: 1, ...parts });
    const kvGet = (key: string) => {
      begun.push(key);
      return gates.get(id)!.promise;
    };
    return { ...base, kvGet, event: { ...base.event, id } };
  });
  return {
    jobs,
    begun,
    results: jobs.map((one) => home.plugins.runner.run(one)),
    begins: (count: number) => until(`${count} have begun`, () => begun.length >= count),
    end: (id: string) => gates.get(id)!.resolve(null),
  };
}

/** Waits until the process has done all that it could have: a job of another route was asked for after that. */
async function passesBy(home: House, other = "other") {
  assertEquals((await home.plugins.runner.run(job("asker", { route: other })))?.outcome, "done");
}

const outcomes = async (results: readonly Promise<Result | null>[]) =>
  (await Promise.all(results)).map((result) => result?.outcome ?? null);

/** With a route of the plugin's name, and another. */
async function startAsker(source = asker(), limits: Record<string, number> = {}): Promise<House> {
  const home = await house({ "asker.ts": source }, { limits });
  assertEquals(await home.plugins.configure([route("asker"), route("asker", { name: "other" })]), []);
  return home;
}

Deno.test("no more jobs of a route run at a time than may, and they begin in the order in which they were given", async () => {
  await using home = await startAsker();
  const { begun, begins, end, results } = give(home, ["a", "b", "c", "d"], { concurrency: 2 });
  await begins(2);
  await passesBy(home);
  assertEquals(begun, ["a", "b"]);
  end("b");
  await begins(3);
  await passesBy(home);
  assertEquals(begun, ["a", "b", "c"]);
  assertEquals(home.plugins.status()[0]!.running, 2);
  ["a", "c", "d"].forEach(end);
  assertEquals(await outcomes(results), ["done", "done", "done", "done"]);
});

Deno.test("a job that left something to be remembered has its place until that is on disk", async () => {
  await using home = await startAsker(
    `export default { async run({ id }, { kv }) { await kv.get(id); kv.set("last", id); } };`,
  );
  const { jobs, begun, begins, end, results } = give(home, ["a", "b"]);
  ["a", "b"].forEach(end);
  assertEquals((await results[0]!)?.kv, [{ key: "last", value: '"a"' }]);
  await passesBy(home);
  assertEquals(begun, ["a"]);
  home.plugins.runner.queue!.settled(jobs[0]!);
  await begins(2);
  assertEquals((await results[1]!)?.outcome, "done");
});

Deno.test("what a route remembers and cannot be read fails one job, and holds up none that waits", async () => {
  await using home = await startAsker(
    `export default { async run({ id }, { kv }) { await kv.get(id).catch(() => {}); kv.set("last", id); } };`,
  );
  const failing = job("asker", {
    concurrency: 1,
    kvGet: () => Promise.reject(new Error("the disk is away")),
  });
  const failed = home.plugins.runner.run(failing);
  const waiting = home.plugins.runner.run(job("asker", { concurrency: 1 }));
  assertMatch((await failed)?.error ?? "", /could not be read: the disk is away/);
  assertEquals((await waiting)?.outcome, "done");
});

Deno.test("when a plugin changes, what waits runs in its new version, and no more of both run than may", async () => {
  await using home = await startAsker();
  const { begun, begins, end, results } = give(home, ["a", "b", "c", "d"], { concurrency: 2 });
  await begins(2);
  const before = home.plugins.descriptions()[0]!.version;
  await home.write("plugins/asker.ts", asker(`emit("version", { version: 2 });`));
  await until("the new version is in force", () => home.plugins.descriptions()[0]!.version !== before);
  await passesBy(home);
  assertEquals(begun, ["a", "b"], "those of the old one have all places");
  end("b");
  await begins(3);
  await passesBy(home);
  assertEquals(begun, ["a", "b", "c"]);
  ["a", "c", "d"].forEach(end);
  const versions = (await Promise.all(results)).map((result) => result?.emitted[0]?.data["version"]);
  assertEquals(versions, [undefined, undefined, 2, 2]);
});

Deno.test("what waits runs with the options that its route has then, and not where the route is gone", async () => {
  await using home = await startAsker(asker(`emit("options", options);`));
  const set = (name: string, options: Record<string, string>) =>
    home.plugins.configure([route("asker", { name, options }), route("asker", { name: "other" })]);
  const first = give(home, ["a", "b"]);
  await first.begins(1);
  await set("asker", { to: "new" });
  ["a", "b"].forEach(first.end);
  const told = (await Promise.all(first.results)).map((result) => result?.emitted[0]?.data);
  assertEquals(told, [{}, { to: "new" }]);
  const second = give(home, ["a", "b"]);
  await second.begins(1);
  await set("another", {});
  second.end("a");
  assertEquals(await outcomes(second.results), ["done", null]);
  assertEquals(second.begun, ["a"]);
});

Deno.test("when a process ends, what waited was not attempted, and runs in the next", async () => {
  await using home = await startAsker(asker(`if (id === "a") Deno.exit(1);`));
  const { begun, end, results } = give(home, ["a", "b", "c"]);
  ["b", "c"].forEach(end);
  assertEquals(await outcomes(results), ["crashed", "done", "done"]);
  assertEquals(begun, ["b", "c"]);
  assertEquals(home.plugins.status()[0]!.deaths, 1);
});

Deno.test("what has ended is told before another begins in its place, which may end the process", async () => {
  await using home = await startAsker(`
    import process from "node:process";
    ${asker(`if (id === "b") process.abort();`)}`);
  const { end, results } = give(home, ["a", "b"]);
  end("a");
  assertEquals(await outcomes(results), ["done", "crashed"]);
});

Deno.test("a job's time is counted from where it begins", async () => {
  await using home = await startAsker(asker(), { graceMs: 1 });
  const first = give(home, ["a"]);
  await first.begins(1);
  const base = job("asker", { concurrency: 1, timeoutMs: 1 });
  const short = home.plugins.runner.run(base);
  for (let rounds = 0; rounds < 20; rounds++) await passesBy(home);
  assertEquals(home.plugins.status()[0]!.deaths, 0);
  first.end("a");
  assertEquals(await outcomes(first.results), ["done"]);
  assertEquals((await short)?.outcome, "done");
});

Deno.test("a run that ignores its signal holds up none that waits", async () => {
  await using home = await startAsker(asker(`if (id === "a") await new Promise(() => {});`), { graceMs: 1 });
  const stuck = give(home, ["a"], { timeoutMs: 1 });
  const { end, results } = give(home, ["b", "c"]);
  ["b", "c"].forEach(end);
  assertEquals(await outcomes([...stuck.results, ...results]), ["timeout", "done", "done"]);
});

Deno.test("what has not begun is asked anew when it is recalled: it comes back, or runs beside as many as may then", async () => {
  await using home = await startAsker();
  const { jobs, begun, begins, end, results } = give(home, ["a", "b", "c", "d", "e"], { concurrency: 2 });
  const set = (concurrency: number, ...some: number[]) =>
    some.forEach((index) => Object.assign(jobs[index]!, { concurrency }));
  await begins(2);
  set(0, 2);
  set(1, 3, 4);
  home.plugins.runner.queue!.recall();
  assertEquals(await outcomes([results[2]!]), [null]);
  end("a");
  await passesBy(home);
  assertEquals(begun, ["a", "b"], "only one may run now");
  end("b");
  await begins(3);
  await passesBy(home);
  assertEquals(begun, ["a", "b", "d"]);
  set(0, 0, 1, 2, 3, 4);
  home.plugins.runner.queue!.recall();
  assertEquals(await outcomes([results[4]!]), [null]);
  assertEquals(await outcomes([home.plugins.runner.run(job("asker", { concurrency: 0 }))]), [null]);
  end("d");
  assertEquals(await outcomes(results), ["done", "done", null, "done", null]);
});

Deno.test("what waits for a process to start, or for another to free a place, comes back too", async () => {
  await using home = await startAsker(asker("await null;"));
  const starting = give(home, ["a"]);
  starting.jobs.forEach((one) => Object.assign(one, { concurrency: 0 }));
  home.plugins.runner.queue!.recall();
  assertEquals(await outcomes(starting.results), [null]);
  const first = give(home, ["b"]);
  await first.begins(1);
  await home.plugins.configure([
    route("asker", { allow: { net: ["a.example"] } }),
    route("asker", { name: "other" }),
  ]);
  const second = give(home, ["c"]);
  await passesBy(home);
  assertEquals(second.begun, []);
  second.jobs.forEach((one) => Object.assign(one, { concurrency: 0 }));
  home.plugins.runner.queue!.recall();
  assertEquals(await outcomes(second.results), [null]);
  first.end("b");
  assertEquals(await outcomes(first.results), ["done"]);
});

Deno.test("no more jobs of a route run than may, also when it gets another plugin, or its plugin's file goes and comes back", async () => {
  await using home = await startAsker();
  const first = give(home, ["a"]);
  await first.begins(1);
  await home.write("plugins/another.ts", asker());
  await until("it is there", () => home.plugins.descriptions().length === 2);
  const others = ["asker", "another"].map((plugin) => route(plugin, { name: `other ${plugin}` }));
  const configure = () => home.plugins.configure([route("another", { name: "asker" }), ...others]);
  await configure();
  const second = give(home, ["b", "c"], { plugin: "another" });
  await passesBy(home, "other asker");
  assertEquals(await outcomes([home.plugins.runner.run(job("another", { route: "other another" }))]), [
    "done",
  ]);
  assertEquals(second.begun, []);
  first.end("a");
  await second.begins(1);
  await Deno.remove(`${home.folder}/another.ts`);
  await until("it is gone", () => home.plugins.descriptions().length === 1);
  await home.write("plugins/another.ts", asker());
  await until("it is back", () => home.plugins.descriptions().length === 2);
  await configure();
  const third = give(home, ["d"], { plugin: "another" });
  assertEquals(await outcomes([home.plugins.runner.run(job("another", { route: "other another" }))]), [
    "done",
  ]);
  assertEquals(third.begun, []);
  second.end("b");
  await third.begins(1);
  third.end("d");
  assertEquals(await outcomes([...first.results, ...second.results, ...third.results]), [
    "done",
    "done",
    null,
    "done",
  ]);
});

Deno.test("a job that waited for its plugin's process runs with the options that its route has then", async () => {
  await using home = await startAsker(asker(`emit("options", options);`));
  const set = (options: Record<string, string>) =>
    home.plugins.configure([
      route("asker", { options, allow: { net: ["a.example"] } }),
      route("asker", { name: "other" }),
    ]);
  await set({ to: "old" }); // what it may reach has changed: the next job has another process started
  const { end, results } = give(home, ["a"]);
  const setting = set({ to: "new" });
  end("a");
  assertEquals((await results[0])?.emitted[0]?.data, { to: "new" });
  await setting;
});

Deno.test("when a process ends, the place of what it left to be remembered is free once that is on disk", async () => {
  await using home = await startAsker(
    `export default { async run({ id, type }, { kv }) { await kv.get(id); if (type === "end") Deno.exit(1); kv.set("last", id); } };`,
  );
  const { jobs, begun, begins, end, results } = give(home, ["a", "b"]);
  ["a", "b"].forEach(end);
  await results[0];
  const base = job("asker", { route: "other" });
  assertEquals(
    await outcomes([home.plugins.runner.run({ ...base, event: { ...base.event, type: "end" } })]),
    ["crashed"],
  );
  await passesBy(home);
  assertEquals(begun, ["a"]);
  home.plugins.runner.queue!.settled(jobs[0]!);
  await begins(2);
  assertEquals((await results[1])?.outcome, "done");
});

Deno.test("a job that may run beside fewer waits for that, and those behind it wait for it", () => {
  const of = (most: number) => ({ route: "a", most });
  const [one, two, three, four] = [of(2), of(2), of(1), of(2)];
  const queue = new JobQueue();
  assertEquals([one, two, three, four].map((given) => queue.enter(given)), [true, true, false, false]);
  assertEquals(queue.enter({ route: "b", most: 1 }), true, "another route is another queue");
  const careful = new JobQueue();
  assertEquals([one, three, two].map((given) => careful.enter(given)), [true, false, false]);
  assertEquals([queue.leave(one), queue.crowded], [[], true]);
  assertEquals([queue.leave(two), queue.crowded], [[three, four], false]);
  assertEquals([queue.enter(one), queue.enter(two), queue.crowded], [false, false, true]);
  assertEquals([queue.leave(two), queue.recall(), queue.recall()], [[], [one], []], "it waited");
  assertEquals([queue.leave(three), queue.leave(three), queue.enter(one), queue.enter(two)], [
    [],
    [],
    true,
    false,
  ]);
});

/** What becomes of a process's jobs when it answers, falls silent or ends, whatever runs in it. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Job, Result } from "../../lib/dispatch/contract.ts";
import type { LoadFailure } from "../../lib/sandbox/load_failure.ts";
import type { NotRun, RunSettings } from "../../lib/sandbox/given_jobs.ts";
import { PluginProcess } from "../../lib/sandbox/process.ts";
import type { ProcessSpec } from "../../lib/sandbox/process_spec.ts";
import { type FromPlugin, LIMITS, type ToPlugin } from "../../lib/sandbox/protocol.ts";
import { job } from "./support.ts";

/** What a process does at a word of the relay's. It runs in that process: it sees nothing of this file but its types. */
type Hear = (
  message: ToPlugin,
  say: (message: FromPlugin) => void,
  end: (id: number, outcome: "done" | "permanent") => void,
) => unknown;

/** Speaks in place of the bootstrap. Where `hear` says nothing of `load`, it has loaded. */
const MOUTH = `
let token = "", rest = "";
const say = (message) => Deno.stdout.writeSync(new TextEncoder().encode(token + JSON.stringify(message) + "\\n"));
const sent = [{ what: "POST https://x.example/", status: 200, body: "", left: 0 }];
const result = { error: "no", retryAfterSeconds: null, kv: [], emitted: [], sent };
const end = (id, outcome) => say({ t: "end", id, ms: 0, outcome, ...result });
const loads = !/"load"/.test(hear);
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\\n");
  rest = lines.pop();
  for (const message of lines.map((line) => JSON.parse(line))) {
    if (message.t === "load") token = message.token;
    if (message.t === "load" && loads) say({ t: "loaded", plugin: {} });
    hear(message, say, end);
  }
}`;

/** Starts a process that does what `hear` says. */
function start(hear: Hear, spec: Partial<ProcessSpec> = {}): PluginProcess {
  return new PluginProcess({
    args: ["eval", "--no-config", "--no-lock", `const hear = ${hear};${MOUTH}`],
    env: {},
    cwd: "/",
    url: "file:///plugins/x.ts",
    folder: "file:///plugins/",
    ipv4Only: false,
    dry: null,
    secrets: () => [],
    loadMs: 20_000,
    graceMs: 20_000,
    stallMs: 20_000,
    memoryMiB: 100,
    kernel: kernelThatTells(null),
    now: Date.now,
    onLog() {},
    onRefused() {},
    ...spec,
  });
}

const kernelThatTells = (bytes: number | null) => ({
  residentBytes: () => Promise.resolve(bytes),
  offer() {},
  close: () => Promise.resolve(),
});

const OPTIONS = {};
/** Runs one job. */
async function run(
  process: PluginProcess,
  parts: Partial<Job> = {},
  settings: RunSettings = {},
): Promise<Partial<Result> & { notRun?: NotRun }> {
  const result = await process.run(job("x", { timeoutMs: 20_000, ...parts }), OPTIONS, settings);
  return typeof result === "string" ? { notRun: result } : result;
}

/** Is entered for each job, and does nothing else. */
const enter: Hear = (message, say) => {
  if (message.t === "run") say({ t: "begin", id: message.id });
};

Deno.test("of those that ran in a process that hung, the one entered last is to blame, unless it answered since", async () => {
  const cases: [what: string, hear: Hear, outcomes: string[]][] = [
    ["it answers no more", enter, ["crashed", "timeout"]],
    ["it answered since", (message, say) => {
      if (message.t === "run") say({ t: "begin", id: message.id });
      if (message.t !== "ping" || "asked" in globalThis) return;
      Object.assign(globalThis, { asked: true });
      say({ t: "pong" });
    }, ["crashed", "crashed"]],
    ["it went on to others", (message, say) => {
      if (message.t !== "run") return;
      say("entered" in globalThis ? { t: "begun", ids: [message.id] } : { t: "begin", id: message.id });
      Object.assign(globalThis, { entered: true });
    }, ["crashed", "crashed"]],
  ];
  await Promise.all(cases.map(async ([what, hear, outcomes]) => {
    const process = start(hear, { stallMs: 500 });
    const results = await Promise.all([run(process), run(process)]);
    assertEquals<unknown>(results.map((result) => result.outcome), outcomes, what);
    for (const result of results) {
      assertMatch(result.error!, /did not answer for 0\.5 s.* \(2 of its deliveries ran\)$/, what);
    }
    assertEquals((await process.ended).orderly, false);
  }));
});

Deno.test("whether a process may have been in a job that it did not tell of is known, unless that was to be told at once", async () => {
  const exit: Hear = (message) => {
    if (message.t === "run") Deno.exit(1);
  };
  for (const tell of [false, true]) {
    const process = start(exit);
    assertEquals((await run(process, {}, { tell })).notRun, tell ? "not begun" : "unsure");
    assertEquals((await process.ended).unsure, !tell);
  }
});

Deno.test("what is over its time has run out of it, however it ends then, unless that is well; what it sent is kept", async () => {
  const cases: [hear: Hear, outcome: string, sent: number][] = [
    [
      (message, say, end) => {
        if (message.t === "run") say({ t: "begin", id: message.id });
        if (message.t === "abort") end(message.id, "done");
      },
      "done",
      1,
    ],
    [
      (message, say, end) => {
        if (message.t === "run") say({ t: "begin", id: message.id });
        if (message.t === "abort") end(message.id, "permanent");
      },
      "timeout",
      1,
    ],
    [
      (message, say) => {
        if (message.t === "run") say({ t: "begin", id: message.id });
        if (message.t === "abort") Deno.exit(3);
      },
      "timeout",
      0,
    ],
  ];
  for (const [hear, outcome, sent] of cases) {
    const process = start(hear);
    const result = await run(process, { timeoutMs: 1 });
    assertEquals([result.outcome, result.sent?.length], [outcome, sent]);
    process.kill("is no longer needed");
    await process.ended;
  }
});

Deno.test("a run that heeds nothing costs its process, in order: at once where it is alone, else when the others have ended", async () => {
  const hear: Hear = (message, say, end) => {
    if (message.t === "run") say({ t: "begin", id: message.id });
    if (message.t === "abort" && message.reason === "now") end(message.id, "done");
    if (message.t === "stop") Deno.exit(0);
  };
  const alone = start(hear, { graceMs: 1 });
  assertEquals((await run(alone, { timeoutMs: 1 })).outcome, "timeout");
  const { orderly, reason } = await alone.ended;
  assertEquals([orderly, reason], [true, "was ended with a run that ignored its signal"]);

  const shared = start(hear, { graceMs: 1 });
  const other = run(shared);
  assertEquals((await run(shared, { timeoutMs: 1 })).outcome, "timeout");
  assertEquals([shared.retiring, shared.running], [true, 1]);
  shared.abort("now");
  assertEquals((await other).outcome, "done");
  assertEquals((await shared.ended).orderly, true);
});

Deno.test("a process that does not end when it is told to, or that minds no signal, is ended", async () => {
  const logs: string[] = [];
  const process = start((message, say) => {
    if (message.t === "load") {
      Deno.addSignalListener("SIGTERM", () => {});
      say({ t: "loaded", plugin: {} as never });
    }
    if (message.t !== "ping") return;
    say({ t: "pong" });
    const asked = Number(Reflect.get(globalThis, "asked") ?? 0) + 1;
    Object.assign(globalThis, { asked });
    if (asked < 4) return;
    say({ t: "log", id: null, level: "info", text: "still there" });
    Deno.exit(0);
  }, { onLog: ({ text }) => logs.push(text) });
  await process.loaded;
  process.retire();
  const { orderly, reason } = await process.ended;
  assertEquals([orderly, reason, logs], [true, "was stopped", []]);
});

Deno.test("why a process ends is what was said first", async () => {
  const process = start(enter);
  await process.loaded;
  process.kill("took too much");
  process.retire();
  process.kill("was stopped", { orderly: true });
  const { orderly, reason } = await process.ended;
  assertEquals([orderly, reason], [false, "took too much"]);
});

Deno.test("a process that has ended runs nothing, takes no options, and leaves nobody waiting for what it was asked", async () => {
  const process = start((message) => {
    if (message.t === "route") Deno.exit(1);
  });
  const asked = await process.setRoute("x", OPTIONS);
  assertMatch(asked.issues[0]!.message, /^cannot be checked: the plugin's process ended itself/);
  await process.ended;
  assertEquals((await run(process)).notRun, "not begun");
  const { issues } = await process.setRoute("x", OPTIONS);
  assertEquals(issues.map(({ message }) => message), ["cannot be checked: the plugin's process has ended"]);
});

Deno.test("what keeps a process from loading may pass, but for what the plugin says itself", async () => {
  const cases: [hear: Hear, message: RegExp, passing: boolean][] = [
    [(message) => message.t === "load" && message, /did not load within 0\.6 s/, true],
    [(message) => message.t === "load" && Deno.exit(0), /its process ended itself with exit code 0/, true],
    [
      (message, say) =>
        message.t === "load" && say({ t: "failed", stage: "import", error: "no", file: null, line: null }),
      /^no$/,
      false,
    ],
  ];
  await Promise.all(cases.map(async ([hear, message, passing]) => {
    const process = start(hear, { loadMs: message.source.includes("within") ? 600 : 20_000, stallMs: 250 });
    const failure = await process.loaded.then(() => null, (error: LoadFailure) => error);
    assertMatch(failure!.message, message);
    assertEquals(failure!.passing, passing);
    await process.ended;
  }));
});

Deno.test("a process that takes too much memory is ended: while it loads, while it works, and while it has nothing to do", async () => {
  const kernel = kernelThatTells(101 * 2 ** 20);
  let asked = 0;
  const hanging = { ...kernel, residentBytes: () => Promise.resolve(asked++ === 0 ? 1 : 101 * 2 ** 20) };
  const loading = start((message) => message.t === "load" && message, { kernel });
  const working = start(enter, { kernel: hanging, stallMs: 3000 });
  const idle = start(enter, { kernel });
  const result = run(working);
  for (const process of [loading, working, idle]) {
    process.loaded.catch(() => {});
    assertEquals((await process.ended).reason, "took more than 100 MiB of memory, and was ended");
  }
  assertEquals((await result).outcome, "crashed");
});

Deno.test("what a route remembers and cannot be read makes the attempt fail, and no key is read that is too long to be there", async () => {
  const process = start((message, say) => {
    if (message.t !== "run") return;
    say({ t: "begin", id: message.id });
    say({ t: "kvGet", id: message.id, ask: 1, key: "k".repeat(100_000) });
  });
  const asked: string[] = [];
  const kvGet = (key: string) => {
    asked.push(key);
    return Promise.reject(new Error("the disk is full"));
  };
  const result = await run(process, { kvGet });
  assertEquals(
    [result.outcome, result.error],
    ["retry", "what its route remembers could not be read: the disk is full"],
  );
  assertEquals(asked.map((key) => key.length), [LIMITS.kvKeyBytes + 1]);
  process.kill("is no longer needed");
  await process.ended;
});

Deno.test("lines that were dropped are told of when a process ends, too", async () => {
  let now = 0;
  const logs: string[] = [];
  const process = start((message, say) => {
    if (message.t !== "run") return;
    for (let i = 0; i < 2005; i++) say({ t: "log", id: null, level: "info", text: "a line" });
    say({ t: "refused", id: null, kind: "net", target: "*" });
    Deno.exit(0);
  }, { now: () => now, onLog: ({ text }) => logs.push(text), onRefused: () => now = 1000 });
  await process.loaded;
  await run(process);
  await process.ended;
  assertEquals([logs.length, logs.at(-1)], [2001, "logged too fast: 5 lines were dropped"]);
});

Deno.test({
  name: "nothing of a process is left when it has ended",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const killed = start(enter);
    await killed.loaded;
    const result = run(killed);
    killed.kill("took too much");
    await killed.ended;
    await result;
    const stopped = start((message) => message.t === "stop" && Deno.exit(0));
    await stopped.loaded;
    stopped.retire();
    await stopped.ended;
  },
});

/** Is entered for the first job alone. */
const enterFirst: Hear = (message, say) => {
  if (message.t !== "run" || "entered" in globalThis) return;
  Object.assign(globalThis, { entered: message.id });
  say({ t: "begin", id: message.id });
};

Deno.test("a process that does not give back what waits is ended, and what waited was not begun", async () => {
  const process = start(enterFirst, { stallMs: 500 });
  const [first, second] = [run(process, {}, { most: 1 }), run(process, {}, { most: 1 })];
  await process.loaded;
  process.retire();
  assertEquals((await first).outcome, "timeout");
  assertEquals((await second).notRun, "not begun");
  assertEquals((await process.ended).unsure, false);
});

Deno.test("a process gives back only what it was asked for, and what has not begun", async () => {
  const unasked: Hear = (message, say) => {
    if (message.t === "run") say({ t: "back", ids: [message.id] });
  };
  const begun: Hear = (message, say) => {
    if (message.t === "run") say({ t: "begin", id: message.id });
    if (message.t === "run") Object.assign(globalThis, { last: message.id });
    if (message.t === "recall") say({ t: "back", ids: [(globalThis as unknown as { last: number }).last] });
  };
  for (const hear of [unasked, begun]) {
    const process = start(hear);
    const jobs = [run(process, {}, { most: 1 }), run(process, {}, { most: 1 })];
    await process.loaded;
    process.recall();
    await Promise.all(jobs);
    assertMatch((await process.ended).reason, /broke the protocol/);
  }
});

Deno.test("how long a job ran is told by its process, but is no longer than it was given", async () => {
  const tells: Hear = (message, say) => {
    const nothing = { error: null, retryAfterSeconds: null, kv: [], emitted: [] };
    if (message.t !== "run") return;
    const ms = [20, 400, -1, "x" as unknown as number][Number(message.job.event.id)]!;
    say({ t: "end", id: message.id, ms, outcome: "done", ...nothing });
  };
  const clock = { now: 1000 };
  const process = start(tells, { now: () => clock.now });
  const base = job("x");
  const jobs = ["0", "1", "2", "3"].map((id) => run(process, { event: { ...base.event, id } }));
  clock.now += 50;
  assertEquals((await Promise.all(jobs)).map(({ ms }) => ms), [20, 50, 50, 50]);
  process.kill("was stopped", { orderly: true });
  await process.ended;
});

/** A plugin's life: import, check options, start, run, stop; and its process's. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { join } from "@std/path";
import { until } from "../support/until.ts";
import { type House, house, job, ROOT, route } from "./support.ts";

const only = (home: House) => home.plugins.status()[0]!;
const alive = async (pid: number) => {
  try {
    return !(await Deno.readTextFile(`/proc/${pid}/stat`)).includes(") Z ");
  } catch {
    return false;
  }
};

const LIVING = `import { definePlugin, z } from "coinrelay/plugin";
export default definePlugin({
  options: z.object({ greeting: z.string().default("hello"), fail: z.boolean().default(false) }),
  start({ options, route }) {
    console.log("start", route, options.greeting);
    if (options.fail) throw new Error("cannot start");
  },
  run(event, { options }) { console.log("run", options.greeting); },
  stop() { console.log("stop"); },
});`;

Deno.test("start comes once for each route, before its first event and after its options changed; stop at the end", async () => {
  const home = await house({ "living.ts": LIVING });
  const { configure, runner } = home.plugins;
  const texts = () => home.logs.map(({ text }) => text);
  await configure([route("living")]);
  await runner.run(job("living"));
  await runner.run(job("living"));
  assertEquals(texts(), ["start living hello", "run hello", "run hello"]);
  const second = route("living", { name: "second", options: { greeting: "hi" } });
  await configure([route("living"), second]);
  await runner.run(job("living", { route: "second" }));
  await runner.run(job("living"));
  assertEquals(texts().slice(3), ["start second hi", "run hi", "run hello"]);
  await configure([route("living", { options: { greeting: "ahoy" } }), second]);
  await runner.run(job("living"));
  assertEquals(texts().slice(6), ["start living ahoy", "run ahoy"]);
  await home.plugins.stop(5000);
  assertEquals(texts().slice(8), ["stop"]);
  await home[Symbol.asyncDispose]();
});

Deno.test("a start that fails makes the attempt fail, and is tried again", async () => {
  await using home = await house({ "living.ts": LIVING });
  await home.plugins.configure([route("living", { options: { fail: true } })]);
  for (let attempt = 1; attempt <= 2; attempt++) {
    const result = await home.plugins.runner.run(job("living", { attempt }));
    assertEquals(result?.outcome, "retry");
    assertMatch(result?.error ?? "", /^start failed: cannot start \(living\.ts:6\)/);
  }
  assertEquals(home.logs.filter(({ text }) => text.startsWith("start")).length, 2);
});

Deno.test("options are described as JSON Schema, by zod as by zod/mini, and what that cannot say is anything", async () => {
  await using home = await house({
    "full.ts": `import { z } from "coinrelay/plugin";
      export default { options: z.object({ to: z.string(), from: z.string().transform(Number), not: z.undefined() }), run() {} };`,
    "mini.ts": `import * as z from "npm:zod@^4.6.7/mini";
      export default { options: z.object({ to: z.string(), not: z.undefined() }), run() {} };`,
    "other.ts": `const validate = () => ({ value: {} });
      export default { options: { "~standard": { version: 1, vendor: "own", validate } }, run() {} };`,
  });
  const [full, mini, other] = home.plugins.descriptions().map(({ optionsSchema }) =>
    optionsSchema?.["properties"]
  );
  assertEquals(full, { to: { type: "string" }, from: { type: "string" }, not: {} });
  assertEquals(mini, { to: { type: "string" }, not: {} });
  assertEquals(other, undefined);
});

Deno.test("options are checked before they are used, each mistake with its place", async () => {
  await using home = await house({
    "typed.ts": `import { definePlugin, z } from "coinrelay/plugin";
      export default definePlugin({
        description: "Tells people.",
        options: z.object({ url: z.url(), to: z.array(z.string()).min(1), retries: z.int().default(3) }),
        run() {},
      });`,
  });
  const [description] = home.plugins.descriptions();
  assertEquals([description!.hasOptions, description!.needsOptions], [true, true]);
  assertEquals(description!.description, "Tells people.");
  assertEquals(description!.optionsSchema!["required"], ["url", "to"]);
  const mistakes = await home.plugins.configure([
    route("typed", { name: "good", options: { url: "https://a.example", to: ["x"] } }),
    route("typed", { name: "bad", options: { url: "nowhere", to: ["x", 1] } }),
    route("typed", { name: "empty", options: { url: "https://a.example", to: [] } }),
    route("typd", { name: "lost" }),
  ]);
  assertEquals(mistakes.map(({ route, path }) => [route, path]), [
    ["lost", "plugin"],
    ["bad", "options.url"],
    ["bad", "options.to[1]"],
    ["empty", "options.to"],
  ]);
  assertMatch(mistakes[0]!.message, /^there is no plugin "typd" in .*; did you mean "typed"\?$/);
  assertEquals((await home.plugins.runner.run(job("typed", { route: "good" })))?.outcome, "done");
  for (const name of ["bad", "empty"]) {
    assertEquals(await home.plugins.runner.run(job("typed", { route: name })), null);
  }
  assertEquals(await home.plugins.checkOptions("typed", { url: "https://a.example", to: [] }), [{
    path: "to",
    message: "Too small: expected array to have >=1 items",
  }]);
});

Deno.test("what a route would grant by mistake is not given, and told", async () => {
  await using home = await house({ "plain.ts": "export default { run() {} };" });
  const mistakes = await home.plugins.configure([
    route("plain", {
      allow: { net: ["https://ok.example/path", "not a host"], env: ["*"], sys: ["hostname"] },
    }),
  ]);
  assertEquals(mistakes.map(({ path }) => path), ["allow.net[1]", "allow.env[0]"]);
  assertEquals(
    home.plugins.grants().map(({ plugin, route, kind, target, why }) => [plugin, route, kind, target, why]),
    [["plain", "plain", "net", "ok.example:443", "allow.net[0]"], [
      "plain",
      "plain",
      "sys",
      "hostname",
      "allow.sys[0]",
    ]],
  );
});

Deno.test("what a route no longer grants is out of reach at once, also of a process that is starting", async () => {
  await using home = await house({
    "reader.ts": `console.log("loading");
      const isThere = (name) => Deno.stat(new URL(name, import.meta.url)).then(() => true, () => false);
      while (!await isThere("./go.txt")) await new Promise((wake) => setTimeout(wake, 10));
      export default { run: () => Deno.readTextFile("granted.txt") };`,
    "go.txt": "",
  });
  await home.write("granted.txt", "");
  await home.plugins.configure([route("reader", { allow: { read: ["granted.txt"] } })]);
  await Deno.remove(join(home.folder, "go.txt"));
  home.logs.length = 0;
  const starting = home.plugins.runner.run(job("reader"));
  await until("a process starts", () => home.logged("loading"));
  await home.plugins.configure([route("reader")]);
  await home.write("plugins/go.txt", "");
  for (const result of [await starting, await home.plugins.runner.run(job("reader"))]) {
    assertMatch(result?.error ?? "", /Requires read access to ".*granted\.txt"/);
  }
});

Deno.test("a process that had no work for long is stopped, and started on demand", async () => {
  let now = Date.now();
  const files = { "living.ts": LIVING, "other.ts": "export default { run() {} };" };
  await using home = await house(files, { now: () => now, limits: { idleMs: 60_000 } });
  const other = () => home.plugins.status()[1]!;
  await home.plugins.configure([route("living"), route("other")]);
  now += 10_000;
  await until("the process that only described it has ended", () => only(home).state === "idle");
  assertEquals((await home.plugins.runner.run(job("living")))?.outcome, "done");
  assertEquals((await home.plugins.runner.run(job("other")))?.outcome, "done");
  const { pid } = only(home);
  assert(await alive(pid!));
  now += 59_000;
  assertEquals((await home.plugins.runner.run(job("living")))?.outcome, "done");
  assertEquals(only(home).pid, pid);
  now += 59_000;
  await until("the other, which had no work since, rests", () => other().state === "idle");
  assertEquals(only(home).pid, pid);
  now += 2_000;
  await until("it rests", () => only(home).state === "idle");
  await until("its process is gone", async () => !await alive(pid!));
  assertEquals(only(home).deaths, 0);
  assertEquals((await home.plugins.runner.run(job("living")))?.outcome, "done");
});

Deno.test("a process that keeps dying is started again later and later", async () => {
  let now = 1_000_000;
  await using home = await house({
    "dying.ts": `export default { run({ id }) { if (id !== "harmless") Deno.exit(3); } };`,
  }, { now: () => now, limits: { minRestartMs: 1000, maxRestartMs: 3000 } });
  await home.plugins.configure([route("dying")]);
  const { runner } = home.plugins;
  const waits: (number | null)[] = [];
  for (let death = 1; death <= 5; death++) {
    const result = await runner.run(job("dying"));
    assertEquals([result?.outcome, death], ["crashed", death]);
    await until("its end is noted", () => only(home).deaths === death);
    const readyAt = runner.readyAt("dying")!;
    waits.push(readyAt === 0 ? 0 : readyAt - now);
    if (readyAt > 0) {
      assertEquals(await runner.run(job("dying")), null);
      assertEquals(only(home).state, "waiting");
      now = readyAt;
    }
  }
  assertEquals(waits, [0, 1000, 2000, 3000, 3000]);
  const base = job("dying");
  assertEquals((await runner.run({ ...base, event: { ...base.event, id: "harmless" } }))?.outcome, "done");
  assertEquals((await runner.run(job("dying")))?.outcome, "crashed");
  await until("its end is noted", () => only(home).deaths === 6);
  assertEquals(runner.readyAt("dying"), 0, "a success makes it begin anew");
});

Deno.test("at the timeout the signal aborts; a run that heeds it has run out of time, and hurts no other", async () => {
  await using home = await house({
    "waiting.ts": `export default { run: (_event, { signal }) => new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason))) };`,
  });
  await home.plugins.configure([route("waiting")]);
  const result = await home.plugins.runner.run(job("waiting", { timeoutMs: 100 }));
  assertEquals(result?.outcome, "timeout");
  assertMatch(
    result?.error ?? "",
    /did not end within 0\.1 s: TimeoutError: the route's timeout of 0\.1 s is over/,
  );
  assertEquals([only(home).deaths, only(home).state], [0, "running"]);
});

Deno.test("a run that heeds nothing costs its process, once the others in it have ended", async () => {
  await using home = await house({
    "mixed.ts": `export default { async run({ id }, { kv, emit }) {
      if (id === "never") await new Promise(() => {});
      await kv.get("held");
      emit("pid", { pid: Deno.pid });
    } };`,
  }, { limits: { graceMs: 100 } });
  await home.plugins.configure([route("mixed")]);
  const { runner } = home.plugins;
  const held = Promise.withResolvers<null>();
  const patient = runner.run(job("mixed", { kvGet: () => held.promise }));
  const base = job("mixed", { timeoutMs: 100 });
  const never = await runner.run({ ...base, event: { ...base.event, id: "never" } });
  assertEquals(never?.outcome, "timeout");
  const next = await runner.run(job("mixed"));
  held.resolve(null);
  const ended = await patient;
  assertEquals(ended?.outcome, "done");
  const first = ended?.emitted[0]?.data["pid"] as number;
  assertNotEquals(next?.emitted[0]?.data["pid"], first, "new jobs go to a new process");
  await until("the old process has ended", async () => !await alive(first));
  const later = await runner.run(job("mixed"));
  assertEquals(later?.emitted[0]?.data, next?.emitted[0]?.data, "the new one goes on");
  assertEquals(only(home).pid, next?.emitted[0]?.data["pid"]);
  const alone = await runner.run({ ...base, event: { ...base.event, id: "never" } });
  assertEquals(alone?.outcome, "timeout");
  await until("its process has ended", () => only(home).state === "idle");
  assertEquals([only(home).deaths, runner.readyAt("mixed")], [0, 0], "no death of the plugin's");
});

Deno.test("deliveries that were not begun when a process died are not attempts", async () => {
  await using home = await house({
    "first.ts": `export default { run({ id }, { emit }) {
      if (id === "kill") for (;;);
      emit("ran", {});
    } };`,
  }, { limits: { stallMs: 500 } });
  await home.plugins.configure([route("first")]);
  const { runner } = home.plugins;
  const base = job("first");
  const guilty = runner.run({ ...base, event: { ...base.event, id: "kill" } });
  const innocent = Array.from({ length: 5 }, () => runner.run(job("first")));
  assertEquals((await guilty)?.outcome, "timeout");
  for (const result of await Promise.all(innocent)) assertEquals(result?.outcome, "done");
});

Deno.test("of those that came together the one that ends the process is found, and the others are made all the same", async () => {
  await using home = await house({
    "among.ts": `export default { run({ id }, { emit }) {
      if (id === "loop") for (;;);
      if (id === "exit") Deno.exit(3);
      emit("ran", {});
    } };`,
  }, { limits: { stallMs: 500 } });
  await home.plugins.configure([route("among")]);
  const { runner } = home.plugins;
  const run = (id: string) => {
    const base = job("among");
    return runner.run({ ...base, event: { ...base.event, id } });
  };
  assertEquals((await run("first"))?.outcome, "done");
  for (
    const [guilty, outcome, error] of [["exit", "crashed", /exit code 3/], [
      "loop",
      "timeout",
      /did not answer/,
    ]] as const
  ) {
    const [before, it, after] = await Promise.all([run("before"), run(guilty), run("after")]);
    assertEquals([it?.outcome, before?.outcome, after?.outcome], [outcome, "done", "done"]);
    assertMatch(it?.error ?? "", error);
    assert(!it?.error?.includes("of its deliveries ran"), "it alone is to blame");
    assertEquals((await run("between"))?.outcome, "done");
  }
});

Deno.test("stopping lets runs end for as long as it is told, then ends what is left", async () => {
  const home = await house({
    "slow.ts": `export default { run: (_event, { kv }) => kv.get("held") };`,
  });
  await home.plugins.configure([route("slow")]);
  const held = Promise.withResolvers<null>();
  const ends = home.plugins.runner.run(job("slow", { kvGet: () => held.promise }));
  const never = home.plugins.runner.run(job("slow", { kvGet: () => new Promise(() => {}) }));
  await until("both run", () => only(home).running === 2);
  const stopped = home.plugins.stop(300);
  held.resolve(null);
  assertEquals((await ends)?.outcome, "done");
  assertEquals((await never)?.outcome, "crashed");
  await stopped;
  await home[Symbol.asyncDispose]();
});

Deno.test("when the relay is killed its plugins' processes end, and a Ctrl+C is for the relay alone", async () => {
  const base = await Deno.makeTempDir();
  await Deno.mkdir(join(base, "plugins"));
  await Deno.writeTextFile(join(base, "plugins/plain.ts"), "export default { run() {} };");
  const script = `
    const { createPlugins } = await import(${JSON.stringify(join(ROOT, "lib/sandbox/plugins.ts"))});
    const { job, route } = await import(${JSON.stringify(join(ROOT, "tests/sandbox/support.ts"))});
    const base = ${JSON.stringify(base)};
    const plugins = await createPlugins({ folder: base + "/plugins", base });
    await plugins.configure([route("plain")]);
    await plugins.runner.run(job("plain"));
    console.log(plugins.status()[0].pid);
    await new Promise(() => {});`;
  await Deno.writeTextFile(join(base, "relay.ts"), script);
  const relay = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-config",
      "--no-lock",
      `--import-map=${ROOT}/.imports.json`,
      join(base, "relay.ts"),
    ],
    stdout: "piped",
  }).spawn();
  const reader = relay.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const pid = Number((await reader.read()).value);
  assert(await alive(pid));
  const group = (text: string) => text.slice(text.lastIndexOf(")")).split(" ")[3];
  const groups = [pid, relay.pid].map((one) => group(Deno.readTextFileSync(`/proc/${one}/stat`)));
  assertNotEquals(groups[0], groups[1]);
  relay.kill("SIGKILL");
  await relay.status;
  await reader.cancel();
  await until("the plugin's process has ended", async () => !await alive(pid));
  await Deno.remove(base, { recursive: true });
});

Deno.test("a plugin grants itself nothing, not even by a default in its schema", async () => {
  await using home = await house({
    "caller.ts": `import { definePlugin, z } from "coinrelay/plugin";
      export default definePlugin({
        options: z.object({ api: z.object({ url: z.url() }).default({ url: "https://api.example/v1" }) }),
        run: (_event, { fetch, options }) => fetch(options.api.url),
      });`,
  });
  const configure = (parts: Parameters<typeof route>[1]) => home.plugins.configure([route("caller", parts)]);
  assertEquals(await configure({}), [{
    route: "caller",
    path: "options.api.url",
    message: "reaches api.example:443 by default, which nothing grants: write the URL into the options, " +
      'or "allow": { "net": ["api.example:443"] } into the route',
  }]);
  assertEquals(await home.plugins.runner.run(job("caller")), null, "its deliveries wait");
  const written = { api: { url: "https://api.example/v1" } };
  assertEquals(await configure({ options: written }), []);
  for (const net of [["api.example:443"], ["api.example"], ["*.example"], ["*"]]) {
    assertEquals(await configure({ allow: { net } }), [], net[0]);
  }
  assertEquals((await home.plugins.checkOptions("caller", {})).map(({ path }) => path), ["api.url"]);
  assertEquals(await home.plugins.checkOptions("caller", {}, { net: ["api.example"] }), []);
});

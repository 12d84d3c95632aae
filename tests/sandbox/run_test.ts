import { assert, assertEquals, assertMatch } from "@std/assert";
import type { JsonObject } from "../../lib/nouns.ts";
import { house, job, route } from "./support.ts";

const FIVE_LINES = `export default {
  fields: ["links.*"],
  run({ coin, changes }) {
    console.log(coin.name, changes.map((change) => change.field));
  },
};`;

Deno.test("the five-line plugin works by being in the folder", async () => {
  await using home = await house({ "new_links.ts": FIVE_LINES });
  const [description] = home.plugins.descriptions();
  assertEquals(description?.name, "new_links");
  assertEquals(description?.filters, { fields: ["links.*"] });
  assertEquals(description?.needsOptions, false);
  assertEquals(await home.plugins.configure([route("new_links")]), []);
  const { ms, ...result } = (await home.plugins.runner.run(job("new_links")))!;
  assert(ms !== null && ms >= 0);
  assertEquals(result, {
    outcome: "done",
    error: null,
    retryAfterSeconds: null,
    kv: [],
    emitted: [],
    sent: [],
  });
  assertEquals(home.logs.map(({ text, plugin }) => [plugin, text]), [[
    "new_links",
    'Genius [ "links.homepage" ]',
  ]]);
});

Deno.test("what a run throws decides what becomes of its delivery", async () => {
  await using home = await house({
    "thrower.ts": `import { Permanent, RetryLater } from "coinrelay/plugin";
      export default { run({ id }) {
        switch (id) {
          case "later": throw new RetryLater(90);
          case "never": throw new Permanent("no such channel");
          case "text": throw "just text";
          case "object": throw { secret: 1 };
          case "nothing": throw undefined;
          default: throw new Error("oh dear");
        }
      } };`,
  });
  await home.plugins.configure([route("thrower")]);
  const run = async (id: string) => {
    const base = job("thrower");
    const result = await home.plugins.runner.run({ ...base, event: { ...base.event, id } });
    return [result?.outcome, result?.error, result?.retryAfterSeconds];
  };
  assertEquals(await run("later"), ["retry", "asked to be tried again in 90 s (thrower.ts:4)", 90]);
  assertEquals(await run("never"), ["permanent", "no such channel (thrower.ts:5)", null]);
  assertEquals(await run("text"), ["retry", 'threw "just text", which is no Error', null]);
  assertEquals(await run("nothing"), ["retry", "threw undefined, which is no Error", null]);
  assertEquals(await run("plain"), ["retry", "oh dear (thrower.ts:9)", null]);
  assertMatch(String((await run("object"))[1]), /^threw \{ secret: 1 \}/);
});

Deno.test("kv and emitted events are handed over when the run succeeds, and only then", async () => {
  await using home = await house({
    "counter.ts": `export default { async run({ id }, { kv, emit }) {
        const count = (await kv.get("count") ?? 0) + 1;
        kv.set("count", count);
        if (await kv.get("count") !== count) throw new Error("does not see what it wrote");
        kv.delete("old");
        emit("relay.counted", { count });
        if (id === "fail") throw new Error("after all");
      } };`,
  });
  await home.plugins.configure([route("counter")]);
  const base = job("counter", { kvGet: (key) => Promise.resolve(key === "count" ? "41" : null) });
  const { ms: _, ...counted } = (await home.plugins.runner.run(base))!;
  assertEquals(counted, {
    outcome: "done",
    error: null,
    retryAfterSeconds: null,
    kv: [{ key: "count", value: "42" }, { key: "old", value: null }],
    emitted: [{ type: "relay.counted", data: { count: 42 } }],
    sent: [],
  });
  const failed = await home.plugins.runner.run({ ...base, event: { ...base.event, id: "fail" } });
  assertEquals([failed?.outcome, failed?.kv, failed?.emitted], ["retry", [], []]);
});

Deno.test("many jobs run at the same time in one process", async () => {
  await using home = await house({
    "slow.ts": `const waiting = [];
      export default { run: () => new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 20) waiting.forEach((wake) => wake());
      }) };`,
  });
  await home.plugins.configure([route("slow")]);
  const results = await Promise.all(
    Array.from({ length: 20 }, () => home.plugins.runner.run(job("slow", { concurrency: 20 }))),
  );
  assertEquals(results.map((result) => result?.outcome), Array(20).fill("done"));
});

Deno.test("an error holds no secret of its route's options", async () => {
  await using home = await house({
    "leaky.ts": `export default { run(_event, { options }) {
      throw new Error("cannot reach " + options.webhookUrl + " with " + options.auth.token);
    } };`,
  });
  const url = "http://127.0.0.1:1/services/T000/B000/treasure";
  await home.plugins.configure([
    route("leaky", { options: { webhookUrl: url, auth: { token: "treasure chest" } } }),
  ]);
  const result = await home.plugins.runner.run(job("leaky"));
  assertMatch(result?.error ?? "", /^cannot reach http:\/\/127\.0\.0\.1:1\/••• with ••• \(leaky\.ts:2\)$/);
  assertEquals(result?.error?.includes("treasure"), false);
});

Deno.test("no error holds a secret that was given by other means, whole or cut, in a run, a check or a process that dies", async () => {
  const secret = "the-treasure-of-the-environment";
  const source = `
    const secret = Deno.env.get("MY_SECRET");
    const validate = (value) => value.refuse ? { issues: [{ message: "not with " + secret }] } : { value };
    export default {
      options: { "~standard": { version: 1, vendor: "own", validate } },
      run(_event, { options: { before, die, botToken } }) {
        console.log("found " + secret);
        if (die) queueMicrotask(() => Deno.stderr.writeSync(new TextEncoder().encode("error: " + (botToken ?? secret) + "\\n")) && Deno.exit(1));
        else throw new Error("x".repeat(before) + (botToken ?? secret));
        return new Promise(() => {});
      },
    };`;
  await using home = await house({
    "teller.ts": source,
    "loud.ts": `throw new Error(Deno.env.get("MY_SECRET"));`,
  }, {
    env: (name) => name === "MY_SECRET" ? secret : Deno.env.get(name),
  });
  const allow = { env: ["MY_SECRET"] };
  const errorWith = async (options: JsonObject) => {
    await home.plugins.configure([route("teller", { options, allow })]);
    return (await home.plugins.runner.run(job("teller")))?.error ?? "";
  };
  assertMatch(await errorWith({ before: 1 }), /^x••• \(teller\.ts:/);
  assertMatch(await errorWith({ before: 1990 }), /^x{1990}•••… \(/);
  assertMatch(await errorWith({ before: 1990, botToken: "123456:abcdefghijkl" }), /^x{1990}•••… \(/);
  assertMatch(await errorWith({ die: true }), /^its process ended: •••$/);
  const [mistake] = await home.plugins.configure([route("teller", { options: { refuse: true }, allow })]);
  assertEquals(mistake?.message, "not with •••");
  assertMatch(await errorWith({ die: true, botToken: "123456:abcdefghijkl" }), /^its process ended: •••$/);
  await home.plugins.configure([route("loud", { allow })]);
  assertMatch(home.plugins.status().find(({ name }) => name === "loud")!.lastError!, /•••/);
  for (const { text } of home.logs) assertEquals(text.includes("treasure"), false, text);
});

/** `coinrelay/plugin/testing`, as the author of a plugin uses it. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { definePlugin, Permanent, post, RetryLater, z } from "coinrelay/plugin";
import { runPlugin, sampleEvent } from "coinrelay/plugin/testing";

const caller = definePlugin({
  options: z.object({ url: z.url(), greeting: z.string().default("hello") }),
  async run({ coin }, context) {
    const seen = await context.kv.get<number>("seen") ?? 0;
    context.kv.set("seen", seen + 1);
    await post(context, context.options.url, { json: { text: `${context.options.greeting} ${coin.name}` } });
    context.log.info("told", { seen });
    context.emit("relay.told", { at: new Date().toISOString() });
  },
});
const options = { url: "https://hook.example/in" };

Deno.test("runPlugin tells what was sent, logged, remembered and emitted", async () => {
  const now = Date.parse("2026-04-13T07:40:00Z");
  const ran = await runPlugin(caller, sampleEvent(), { options, kv: { seen: 2, other: "kept" }, now });
  assertEquals(ran, {
    outcome: "done",
    error: null,
    retryAfterSeconds: null,
    requests: [{
      method: "POST",
      url: "https://hook.example/in",
      headers: { "content-type": "application/json" },
      body: '{"text":"hello Bitcoin"}',
    }],
    logs: [{ level: "info", text: "told { seen: 2 }" }],
    kv: { seen: 3, other: "kept" },
    emitted: [{ type: "relay.told", data: { at: "2026-04-13T07:40:00.000Z" } }],
    noted: [],
  });
  assertEquals(Math.abs(Date.now() - now) > 0, true, "the time is the real one again");
});

Deno.test("runPlugin lets a test answer requests, and tells what would become of the delivery", async () => {
  const answering = (respond: () => Response) => runPlugin(caller, sampleEvent(), { options, respond });
  const busy = await answering(() => new Response("busy", { status: 429, headers: { "retry-after": "7" } }));
  assertEquals([busy.outcome, busy.retryAfterSeconds, busy.kv, busy.emitted], ["retry", 7, {}, []]);
  const gone = await answering(() => new Response("gone", { status: 410 }));
  assertEquals(gone.outcome, "permanent");
  const broken = await answering(() => {
    throw new TypeError("connection reset");
  });
  assertEquals(broken.outcome, "retry");
  assertMatch(broken.error!, /connection reset/);
});

Deno.test("runPlugin knows every end of a run", async () => {
  const throwing = (thrown: unknown) =>
    runPlugin({
      run() {
        throw thrown;
      },
    }, sampleEvent());
  assertEquals((await throwing(new Permanent("no"))).outcome, "permanent");
  assertEquals((await throwing(new RetryLater(3))).retryAfterSeconds, 3);
  assertEquals((await throwing("text")).outcome, "retry");
  const never = await runPlugin({ run: () => new Promise(() => {}) }, sampleEvent(), { timeoutMs: 10 });
  assertEquals(never.outcome, "timeout");
});

Deno.test("runPlugin runs start first, and refuses options that the plugin does not take", async () => {
  const order: string[] = [];
  await runPlugin(
    { start: () => void order.push("start"), run: () => void order.push("run") } as never,
    sampleEvent(),
  );
  assertEquals(order, ["start", "run"]);
  await assertRejects(() => runPlugin(caller, sampleEvent(), { options: { url: 7 } }), TypeError, "url: ");
  await assertRejects(() => runPlugin({} as never, sampleEvent()), TypeError, "no function `run`");
});

Deno.test("the global fetch is recorded too, so that no test reaches the network", async () => {
  const ran = await runPlugin({ run: () => fetch("https://plain.example") }, sampleEvent());
  assertEquals(ran.requests.map(({ url }) => url), ["https://plain.example/"]);
});

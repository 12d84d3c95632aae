/** What a plugin may do with its `context`, and for how long. */
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createContext } from "../../lib/sandbox/inside/context.ts";
import { LIMITS } from "../../lib/sandbox/protocol.ts";

interface Made {
  /** What the route remembers, as JSON by key. */
  remembered?: Record<string, string>;
  signal?: AbortSignal;
}

function make({ remembered = {}, signal = new AbortController().signal }: Made = {}) {
  const asked: string[] = [];
  const given: (AbortSignal | null | undefined)[] = [];
  const { context, close } = createContext({
    job: { route: "r", attempt: 1, idempotencyKey: "k" } as Parameters<typeof createContext>[0]["job"],
    options: {},
    signal,
    fetch(_input, init) {
      given.push(init?.signal);
      return Promise.resolve(new Response());
    },
    log() {},
    kvGet(key) {
      asked.push(key);
      return Promise.resolve(remembered[key] ?? null);
    },
    noteSent() {},
  });
  return { context, close, asked, given };
}

Deno.test("a run sees what it wrote, and the relay is asked for nothing that it has written or deleted", async () => {
  const { context: { kv }, asked } = make({ remembered: { a: "1", b: "2", c: "3" } });
  kv.set("a", 7);
  kv.delete("b");
  assertEquals([await kv.get("a"), await kv.get("b"), await kv.get("c")], [7, undefined, 3]);
  assertEquals(asked, ["c"]);
});

Deno.test("what a run has left is as it was then, whatever the plugin does with it later", () => {
  const { context: { kv, emit }, close } = make();
  const data = { list: [1] };
  kv.set("k", data);
  emit("relay.x", data);
  data.list.push(2);
  assertEquals(close(), {
    kv: [{ key: "k", value: '{"list":[1]}' }],
    emitted: [{ type: "relay.x", data: { list: [1] } }],
  });
});

Deno.test("after its run a plugin can write, read and emit nothing more", async () => {
  const { context: { kv, emit, noteSent }, close, asked } = make();
  const { emitted } = close();
  for (
    const late of [
      () => kv.set("k", 1),
      () => kv.delete("k"),
      () => emit("relay.x", {}),
      () => noteSent("mail"),
    ]
  ) assertThrows(late, Error, "the run has ended");
  await assertRejects(() => kv.get("k"), Error, "the run has ended");
  assertEquals([emitted, asked], [[], []]);
});

Deno.test("one run may write so many keys, each as often as it likes, and make so many events", () => {
  const { context: { kv, emit } } = make();
  for (let i = 0; i < LIMITS.kvWrites; i++) kv.set(`${i}`, 1);
  kv.set("0", 2);
  assertThrows(() => kv.set("one more", 1), RangeError, `at most ${LIMITS.kvWrites} keys`);
  for (let i = 0; i < LIMITS.emits; i++) emit("relay.x", {});
  assertThrows(() => emit("relay.x", {}), RangeError, `at most ${LIMITS.emits} events`);
});

Deno.test("a value, an event, and all that one run leaves are measured in bytes", () => {
  const { context: { kv, emit } } = make();
  const value = "é".repeat(LIMITS.kvValueBytes / 2 - 1); // and two quotes
  kv.set("just", value);
  assertThrows(() => kv.set("over", `${value}a`), RangeError, "bytes of JSON");
  assertThrows(() => emit("relay.x", { text: "é".repeat(LIMITS.emitBytes / 2) }), RangeError, "are taken");
  const fill = () => {
    for (let i = 0; i * LIMITS.kvValueBytes <= LIMITS.resultBytes; i++) kv.set(`${i}`, value);
  };
  assertThrows(fill, RangeError, `at most ${LIMITS.resultBytes} bytes of kv and events`);
});

Deno.test("a fetch ends with its run's signal, and with one of the plugin's own", async () => {
  for (const which of ["run's", "plugin's"]) {
    const controllers = { "run's": new AbortController(), "plugin's": new AbortController() };
    const { context, given } = make({ signal: controllers["run's"].signal });
    await context.fetch("https://x.example", { signal: controllers["plugin's"].signal });
    controllers[which as keyof typeof controllers].abort();
    assertEquals(given[0]?.aborted, true, which);
  }
});

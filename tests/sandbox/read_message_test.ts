import { assertEquals, assertThrows } from "@std/assert";
import { readEnding } from "../../lib/sandbox/read_message.ts";
import { type Ending, LIMITS } from "../../lib/sandbox/protocol.ts";

const DONE: Ending = {
  outcome: "done",
  error: null,
  retryAfterSeconds: null,
  kv: [],
  emitted: [],
  sent: [],
};

Deno.test("what a process says it leaves is held to the same bytes as what a plugin may leave", () => {
  const longest = "é".repeat(LIMITS.kvKeyBytes / 2);
  assertEquals(readEnding({ ...DONE, kv: [{ key: longest, value: "1" }] }, []).kv.length, 1);
  assertThrows(() => readEnding({ ...DONE, kv: [{ key: `${longest}a`, value: "1" }] }, []), Error, "kv key");
  const value = JSON.stringify("é".repeat(LIMITS.kvValueBytes / 2));
  assertThrows(() => readEnding({ ...DONE, kv: [{ key: "k", value }] }, []), Error, "kv value");
  const data = { text: "é".repeat(LIMITS.emitBytes / 2) };
  assertThrows(() => readEnding({ ...DONE, emitted: [{ type: "x", data }] }, []), Error, "event data");
});

Deno.test("what a process says it leaves is held to its form, and to as many as a plugin may leave", () => {
  const kv = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: null }));
  assertEquals(readEnding({ ...DONE, kv: kv(LIMITS.kvWrites) }, []).kv.length, LIMITS.kvWrites);
  const emitted = (type: string) => [{ type, data: {} }];
  assertEquals(readEnding({ ...DONE, emitted: emitted("x".repeat(100)) }, []).emitted.length, 1);
  const wrong: Partial<Ending>[] = [
    { kv: kv(LIMITS.kvWrites + 1) },
    { kv: [{ key: "k", value: "no JSON" }] },
    { kv: [{ key: "", value: null }] },
    { emitted: Array(LIMITS.emits + 1).fill({ type: "x", data: {} }) },
    { emitted: emitted("x".repeat(101)) },
    { emitted: emitted("a type") },
    { emitted: [{ type: "x", data: [] }] as unknown as Ending["emitted"] },
  ];
  for (const one of wrong) assertThrows(() => readEnding({ ...DONE, ...one }, []), Error);
});

Deno.test("what did not end well leaves nothing, and is tried again unless it says otherwise", () => {
  const left = { kv: [{ key: "k", value: "1" }], emitted: [{ type: "x", data: {} }], error: "no" };
  const read = (ending: Record<string, unknown>) => {
    const { outcome, kv, emitted, retryAfterSeconds } = readEnding({ ...DONE, ...left, ...ending }, []);
    assertEquals([kv, emitted], [[], []]);
    return [outcome, retryAfterSeconds];
  };
  assertEquals(read({ outcome: "permanent" }), ["permanent", null]);
  assertEquals(read({ outcome: "retry", retryAfterSeconds: 7 }), ["retry", 7]);
  assertEquals(read({ outcome: "timeout", retryAfterSeconds: -7 }), ["retry", null]);
  assertEquals(read({ outcome: 3, retryAfterSeconds: "7" }), ["retry", null]);
});

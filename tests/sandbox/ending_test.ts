import { assertEquals, assertThrows } from "@std/assert";
import { readEnding } from "../../lib/sandbox/ending.ts";
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

import { assertThrows } from "@std/assert";
import { checkKv, KV_ROUTE_BYTES, KV_VALUE_BYTES, KvTooLarge } from "../../lib/store/kv_limits.ts";

const json = (bytes: number) => JSON.stringify("x".repeat(bytes - 2));

Deno.test("a value may be as large as its limit, and no larger", () => {
  checkKv([], [{ key: "k", value: json(KV_VALUE_BYTES) }]);
  assertThrows(() => checkKv([], [{ key: "k", value: json(KV_VALUE_BYTES + 1) }]), KvTooLarge, "value");
});

Deno.test("sizes are bytes, not characters", () => {
  assertThrows(() => checkKv([], [{ key: "k", value: JSON.stringify("☕".repeat(30_000)) }]), KvTooLarge);
});

Deno.test("a key has a limit of its own", () => {
  assertThrows(() => checkKv([], [{ key: "k".repeat(1025), value: "1" }]), KvTooLarge, "key");
});

Deno.test("a route's values together have a limit, and what is replaced or deleted does not count", () => {
  const full = Array.from({ length: 16 }, (_, index) => ({ key: `${index}`, value: json(65_000) }));
  checkKv(full, [{ key: "3", value: json(65_536) }]);
  const write = { key: "new", value: json(65_000) };
  assertThrows(() => checkKv(full, [write]), KvTooLarge, `${KV_ROUTE_BYTES}`);
  checkKv(full, [{ key: "3", value: null }, write]);
});

Deno.test("a route that remembers too much already may forget", () => {
  const over = Array.from({ length: 20 }, (_, index) => ({ key: `${index}`, value: json(65_000) }));
  checkKv(over, [{ key: "3", value: null }]);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Result } from "../../lib/dispatch/contract.ts";
import { holdToMeasure, KV_ROUTE_BYTES } from "../../lib/dispatch/remembering.ts";
import { DONE } from "./fixtures.ts";

const json = (bytes: number) => JSON.stringify("x".repeat(bytes - 2));
const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: `${index}`, value: json(65_000) }));
const remembering = (...kv: Result["kv"]): Result => ({ ...DONE, kv });

/** What comes of a result when the route remembers `current`. */
const held = (current: { key: string; value: string }[], ...kv: Result["kv"]) =>
  holdToMeasure(remembering(...kv), "a", { kvList: () => Promise.resolve(current) });

Deno.test("a route remembers up to a limit, and what is replaced or deleted does not count", async () => {
  const full = entries(16);
  const write = { key: "new", value: json(65_000) };
  assertEquals((await held(full, { key: "3", value: json(65_536) })).outcome, "done");
  assertEquals((await held(full, { key: "3", value: null }, write)).outcome, "done");
  const { outcome, error, kv } = await held(full, write);
  assertEquals([outcome, kv], ["permanent", []]);
  assertStringIncludes(error!, `at most ${KV_ROUTE_BYTES}`);
});

Deno.test("what an attempt sent is kept, though what it would remember is not", async () => {
  const sent = [{ what: "POST https://x.example/", status: 200, body: "" }];
  const result = { ...remembering({ key: "new", value: json(65_000) }), sent };
  const kept = await holdToMeasure(result, "a", { kvList: () => Promise.resolve(entries(17)) });
  assertEquals([kept.outcome, kept.sent], ["permanent", sent]);
});

Deno.test("a route that remembers too much already may forget", async () => {
  assertEquals((await held(entries(20), { key: "3", value: null })).outcome, "done");
});

Deno.test("what a plugin has done counts, though the store cannot be read now", async () => {
  const result = remembering({ key: "a", value: "1" });
  const kvList = () => Promise.reject(new Error("the disk is away"));
  assertEquals(await holdToMeasure(result, "a", { kvList }), result);
});

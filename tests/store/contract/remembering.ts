import { assertEquals } from "@std/assert";
import type { Store } from "../../../lib/store/contract.ts";
import type { Register } from "../contract.ts";
import { asking, ending, put } from "../fixtures.ts";

let count = 0;

async function remember(store: Store, route: string, kv: { key: string; value: string | null }[]) {
  await put(store, `kv ${count++}`, [route]);
  const { claimed: [one] } = await store.claim(asking({ route }));
  await store.settle("one", [ending(one!, "done", { kv })], 1000);
}

export function remembering(test: Register): void {
  test("kv keeps what a route remembers, across a restart", async (store, reopen) => {
    await remember(store, "slack", [{ key: "b", value: '"☕"' }, { key: "a", value: "1" }]);
    await remember(store, "slack", [{ key: "a", value: '{"n":2}' }]);
    store = await reopen();
    assertEquals(await store.kvGet("slack", "a"), '{"n":2}');
    assertEquals(await store.kvGet("slack", "b"), '"☕"');
    assertEquals(await store.kvList("slack"), [{ key: "a", value: '{"n":2}' }, { key: "b", value: '"☕"' }]);
  });

  test("kv forgets what is set to null", async (store) => {
    await remember(store, "slack", [{ key: "a", value: "1" }, { key: "b", value: "2" }]);
    await remember(store, "slack", [{ key: "a", value: null }, { key: "c", value: null }]);
    assertEquals(await store.kvGet("slack", "a"), null);
    assertEquals(await store.kvList("slack"), [{ key: "b", value: "2" }]);
  });

  test("kv is each route's own", async (store) => {
    await remember(store, "slack", [{ key: "a", value: "1" }]);
    assertEquals(await store.kvGet("mail", "a"), null);
    assertEquals(await store.kvList("mail"), []);
  });
}

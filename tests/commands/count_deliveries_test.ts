import { assertEquals } from "@std/assert";
import { byRoute, countDeliveries } from "../../lib/commands/count_deliveries.ts";
import { openStore } from "../../lib/store/open.ts";
import { put } from "../store/fixtures.ts";

Deno.test("deliveries are counted by route whatever it is called, by the store or row by row", async () => {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
  const store = await openStore("sqlite:relay.db", folder);
  try {
    await put(store, "one", ["constructor", "slack"]);
    await put(store, "two", ["constructor"]);
    for (const filter of [{}, { since: 0 }]) {
      const { count, routes } = await countDeliveries(store, filter);
      assertEquals([count, byRoute(routes)], [3, "constructor 2, slack 1"]);
    }
  } finally {
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
});

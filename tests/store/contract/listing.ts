import { assertEquals } from "@std/assert";
import type { DeliveryFilter, EventFilter, Store } from "../../../lib/store/contract.ts";
import type { Register } from "../contract.ts";
import { anEvent, asking, ending, put } from "../fixtures.ts";

/** Ten events: coins by turns, two sources, some not understood, one a second. */
async function ten(store: Store): Promise<void> {
  for (let index = 0; index < 10; index++) {
    await put(store, `${index}`, [], {
      source: index === 7 ? "other" : "cryptosync",
      coin: index % 3 === 0 ? "btc" : index % 3 === 1 ? "eth" : null,
      type: index >= 8 ? null : index === 5 ? "cg.coin.listed" : "cg.coin.info.updated",
      receivedAt: 1000 + index * 1000,
      deliveries: [{ route: index % 2 === 0 ? "slack" : "mail", matched: null, dueAt: 1000 }],
    });
  }
}

export function listing(test: Register): void {
  test("events are listed newest first, and paged by seq without gaps or doubles", async (store) => {
    await ten(store);
    const seen: string[] = [];
    for (let before = Number.MAX_SAFE_INTEGER;;) {
      const page = await store.events({}, { limit: 3, before });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      before = page.at(-1)!.seq;
    }
    assertEquals(seen.join(""), "9876543210");
  });

  test("events after a seq are listed oldest first", async (store) => {
    await ten(store);
    const { seq } = (await store.event({ id: "4" }))!;
    assertEquals((await store.events({}, { limit: 3, after: seq })).map(({ id }) => id).join(""), "567");
    assertEquals((await store.events({}, { limit: 3, after: seq + 1000 })).length, 0);
    assertEquals(
      (await store.events({}, { limit: 20, after: 0, before: seq })).map(({ id }) => id).join(""),
      "0123",
    );
  });

  const eventCases: [EventFilter, string][] = [
    [{}, "9876543210"],
    [{ source: "other" }, "7"],
    [{ source: "nobody" }, ""],
    [{ id: "3" }, "3"],
    [{ coin: "btc" }, "9630"],
    [{ coin: "doge" }, ""],
    [{ coins: ["btc", "doge", "btc"] }, "9630"],
    [{ coins: ["eth", "btc"] }, "9764310"],
    [{ coins: ["eth", "btc"], source: "other" }, "7"],
    [{ coins: ["eth", "btc"], coin: "eth" }, "741"],
    [{ coins: ["eth"], coin: "btc" }, ""],
    [{ coins: [] }, ""],
    [{ type: "cg.coin.listed" }, "5"],
    [{ notUnderstood: true }, "98"],
    [{ since: 4000 }, "9876543"],
    [{ until: 4000 }, "210"],
    [{ since: 3000, until: 6000 }, "432"],
    [{ coin: "btc", since: 3000, source: "cryptosync", type: "cg.coin.info.updated" }, "63"],
    [{ id: "3", coin: "eth" }, ""],
  ];
  test("events are narrowed by every part of the filter", async (store) => {
    await ten(store);
    for (const [filter, expected] of eventCases) {
      const found = await store.events(filter, { limit: 20 });
      assertEquals(found.map(({ id }) => id).join(""), expected, JSON.stringify(filter));
      const upwards = await store.events(filter, { limit: 20, after: 0 });
      assertEquals(upwards.map(({ id }) => id).reverse().join(""), expected, JSON.stringify(filter));
      for (const limit of [1, 2, 3]) {
        const page = await store.events(filter, { limit });
        assertEquals(page.map(({ id }) => id).join(""), expected.slice(0, limit), JSON.stringify(filter));
      }
    }
  });

  test("a rare coin is paged through many of others", async (store) => {
    const many = Array.from(
      { length: 400 },
      (_, index) => anEvent(`${index}`, { coin: index % 100 === 50 ? "rare" : `coin ${index % 7}` }),
    );
    await store.append(many);
    const first = await store.events({ coin: "rare" }, { limit: 3 });
    const rest = await store.events({ coin: "rare" }, { limit: 3, before: first.at(-1)!.seq });
    assertEquals([...first, ...rest].map(({ id }) => id), ["350", "250", "150", "50"]);
  });

  test("several coins are paged through together, both ways", async (store) => {
    const coin = (index: number) =>
      index % 50 === 20 ? "rare" : index % 100 === 10 ? "rarer" : `coin ${index % 7}`;
    await store.append(Array.from({ length: 400 }, (_, index) => anEvent(`${index}`, { coin: coin(index) })));
    const coins = ["rarer", "rare", "nobody"];
    const expected = [10, 20, 70, 110, 120, 170, 210, 220, 270, 310, 320, 370].map(String);
    const page = async (from: { after: number } | { before: number } | Record<never, never>) =>
      await store.events({ coins }, { limit: 5, ...from });
    const down: string[] = [];
    for (let rows = await page({}); rows.length > 0; rows = await page({ before: rows.at(-1)!.seq })) {
      down.push(...rows.map(({ id }) => id));
    }
    assertEquals(down, expected.toReversed());
    const up: string[] = [];
    for (
      let rows = await page({ after: 0 });
      rows.length > 0;
      rows = await page({ after: rows.at(-1)!.seq })
    ) {
      up.push(...rows.map(({ id }) => id));
    }
    assertEquals(up, expected);
  });

  test("event finds by seq and by id, and null otherwise", async (store) => {
    await ten(store);
    const three = await store.event({ id: "3" });
    assertEquals(three?.receivedAt, 4000);
    assertEquals(await store.event({ seq: three!.seq }), three);
    assertEquals(await store.event({ seq: 999 }), null);
    assertEquals(await store.event({ id: "x" }), null);
  });

  const deliveryCases: [DeliveryFilter, string][] = [
    [{}, "9876543210"],
    [{ routes: ["slack"] }, "86420"],
    [{ routes: ["slack", "mail"] }, "9876543210"],
    [{ routes: [] }, ""],
    [{ routes: ["nobody"] }, ""],
    [{ states: ["pending"] }, "986432"],
    [{ states: ["dead"] }, "0"],
    [{ states: ["done", "running"] }, "751"],
    [{ states: [] }, ""],
    [{ states: ["dead"], discarded: true }, "0"],
    [{ routes: ["mail"], states: ["done"] }, "1"],
    [{ source: "other" }, "7"],
    [{ eventId: "6" }, "6"],
    [{ coin: "btc" }, "9630"],
    [{ coin: "btc", routes: ["slack"], states: ["pending"] }, "6"],
    [{ since: 3000, until: 6000 }, "432"],
    [{ ids: [2, 4, 999] }, "31"],
    [{ ids: [] }, ""],
    [{ events: [2, 4] }, "31"],
    [{ events: [] }, ""],
  ];
  test("deliveries are narrowed by every part of the filter", async (store) => {
    await ten(store);
    const zero = (await store.claim(asking({ limit: 1 }))).claimed;
    const odd = (await store.claim(asking({ route: "mail", limit: 4 }))).claimed;
    await store.settle("one", [ending(zero[0]!, "dead"), ending(odd[0]!)], 1000);
    await store.settle("one", [ending(odd[1]!, { dueAt: 1 })], 1000);
    const events = new Map((await store.events({}, { limit: 20 })).map(({ seq, id }) => [seq, id]));
    for (const [filter, expected] of deliveryCases) {
      const found = await store.deliveries(filter, { limit: 20 });
      assertEquals(found.map(({ event }) => events.get(event)).join(""), expected, JSON.stringify(filter));
    }
  });

  test("deliveries are paged both ways, whatever the filter", async (store) => {
    await ten(store);
    for (
      const filter of [{}, { routes: ["slack"] }, { states: ["pending"] }, {
        coin: "btc",
      }] as DeliveryFilter[]
    ) {
      const all = (await store.deliveries(filter, { limit: 20 })).map(({ id }) => id);
      const middle = all[1]!;
      const older = await store.deliveries(filter, { limit: 2, before: middle });
      const newer = await store.deliveries(filter, { limit: 2, after: middle });
      assertEquals(older.map(({ id }) => id), all.slice(2, 4), JSON.stringify(filter));
      assertEquals(newer.map(({ id }) => id), all.slice(0, 1), JSON.stringify(filter));
    }
  });

  test("delivery and attempts of an unknown id are null and none", async (store) => {
    await put(store, "a");
    assertEquals(await store.delivery(999), null);
    assertEquals(await store.attempts(999), []);
  });
}

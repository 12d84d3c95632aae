import { assert, assertEquals } from "@std/assert";
import type { Claimed, ClaimRoute, CommitNews, Store } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { anEvent, asking, ending, ids, planned, put, seeded } from "../store/fixtures.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

await withPostgres((postgres) => {
  let schemas = 0;

  /** Registers a test of three relays' stores on the same tables. */
  function test(name: string, body: (stores: [Store, Store, Store]) => Promise<void>) {
    Deno.test(`relays that share a PostgreSQL: ${name}`, async () => {
      const url = postgres.url(`shared_${++schemas}`);
      const open = () => openStore(url, "/");
      // At the same time: one of them makes the tables.
      const stores = await Promise.all([open(), open(), open()]);
      try {
        await body(stores);
      } finally {
        await Promise.all(stores.map((store) => store.close()));
      }
    });
  }

  test("what one commits, the others are told", async ([one, two, three]) => {
    const told: [string, CommitNews][] = [];
    one.onCommit((news) => told.push(["one", news]));
    two.onCommit((news) => told.push(["two", news]));
    // Until a relay listens it hears nothing: so it is told something until it has heard.
    await until("both listen", async () => {
      await three.append([anEvent(crypto.randomUUID(), { deliveries: [planned("early")] })]);
      return new Set(told.map(([who]) => who)).size === 2;
    });
    const seq = await put(three, "a", ["slack"]);
    await until("both know of it", () => told.filter(([, { lastSeq }]) => lastSeq === seq).length === 2);
    const own = await put(one, "b", ["slack"]);
    await until(
      "the other knows of it",
      () => told.some(([who, news]) => who === "two" && news.lastSeq === own),
    );
    assertEquals(told.filter(([who, { lastSeq }]) => who === "one" && lastSeq === own), [
      ["one", { lastSeq: own, routes: ["slack"] }],
    ], "its own commit is told once");
  });

  test("a duplicate is one whoever gets it, however many at once", async (stores) => {
    const copies = Array.from({ length: 60 }, (_, index) =>
      stores[index % 3]!.append([
        anEvent(`own ${index}`, { deliveries: [planned()] }),
        anEvent("same", { deliveries: [planned()] }),
      ]));
    const answers = (await Promise.all(copies)).flat();
    assertEquals(answers.filter(({ result }) => result === "accepted").length, 61);
    assertEquals((await stores[0].deliveries({}, { limit: 100 })).length, 61);
  });

  test("who reads on after a seq misses no event, though commits overlap", async (stores) => {
    let writing = true;
    const seen: number[] = [];
    const read = async () => {
      const page = await stores[0].events({}, { after: seen.at(-1) ?? 0, limit: 50 });
      seen.push(...page.map(({ seq }) => seq));
      return page.length;
    };
    const reading = (async () => {
      while (writing) await read();
    })();
    // One has long commits, during which the other makes many short ones.
    const write = async (store: Store, calls: number, count: number, body: Uint8Array) => {
      for (let call = 0; call < calls; call++) {
        await store.append(Array.from({ length: count }, () => anEvent(crypto.randomUUID(), { body })));
      }
    };
    const large = crypto.getRandomValues(new Uint8Array(16_384));
    await Promise.all([write(stores[1], 8, 100, large), write(stores[2], 300, 1, large.slice(0, 100))]);
    writing = false;
    await reading;
    while (await read() > 0);
    const all: number[] = [];
    for (let page; (page = await stores[1].events({}, { after: all.at(-1) ?? 0, limit: 500 })).length > 0;) {
      all.push(...page.map(({ seq }) => seq));
    }
    assert(all.length > 1000);
    assertEquals(seen, all);
  });

  /** Three relays, each with several loops, claim and settle all of a route at once. */
  async function storm(
    stores: readonly Store[],
    route: Partial<ClaimRoute>,
    end: (one: Claimed) => Parameters<typeof ending>[1],
    visit: (one: Claimed) => void,
    done: () => boolean,
  ) {
    let now = 2000;
    await Promise.all(stores.flatMap((store, who) =>
      [1, 2, 3].map(async () => {
        while (!done()) {
          now++;
          const { claimed } = await store.claim(asking({ relay: `relay ${who}`, now, limit: 4, ...route }));
          claimed.forEach(visit);
          await Promise.resolve();
          const answers = await store.settle(
            `relay ${who}`,
            claimed.map((one) => ending(one, end(one))),
            now,
          );
          assert(answers.every((held) => held), "no lease is lost");
        }
      })
    ));
  }

  test("order coin: never two of a coin at a time, and each coin in the order received", async (stores) => {
    const random = seeded(3);
    const coins = ["btc", "eth", "aave", "doge"];
    const wanted: string[] = [];
    const append = async () => {
      for (let call = 0; call < 40; call++) {
        const names = Array.from(
          { length: 5 },
          (_, index) => `${coins[Math.floor(random() * 4)]} ${call}/${index}`,
        );
        wanted.push(...names);
        await stores[call % 3]!.append(
          names.map((id) => anEvent(id, { coin: id.split(" ")[0]!, deliveries: [planned()] })),
        );
      }
    };
    const ran: string[] = [];
    const running = new Set<string>();
    await Promise.all([
      append(),
      storm(stores, { order: "coin" }, ({ event }) => {
        running.delete(event.coin!);
        if (random() < 0.1) return { dueAt: 2000 };
        ran.push(event.id);
        return "done";
      }, ({ event }) => {
        assert(!running.has(event.coin!), "two of a coin run");
        running.add(event.coin!);
      }, () => ran.length === 200),
    ]);
    const ofCoin = (list: string[], coin: string) => list.filter((id) => id.startsWith(coin));
    for (const coin of coins) assertEquals(ofCoin(ran, coin), ofCoin(wanted, coin));
    assertEquals((await stores[0].counts()).map(({ state, count }) => [state, count]), [["done", 200]]);
  });

  test("a delivery is claimed by one, and the counters stay true", async (stores) => {
    const events = Array.from(
      { length: 300 },
      (_, index) => anEvent(`${index}`, { deliveries: [planned()] }),
    );
    await stores[0].append(events);
    const ran: string[] = [];
    await storm(stores, {}, () => "done", ({ event }) => ran.push(event.id), () => ran.length >= 300);
    assertEquals(ran.toSorted(), events.map(({ id }) => id).toSorted());
    assertEquals((await stores[0].counts()).map(({ state, count }) => [state, count]), [["done", 300]]);
  });

  test("a rate holds for all together, at the same moment", async (stores) => {
    await stores[0].append(
      Array.from({ length: 50 }, (_, index) => anEvent(`${index}`, { deliveries: [planned()] })),
    );
    const rate = { count: 7, perMs: 1000 };
    const claims = await Promise.all(
      Array.from(
        { length: 12 },
        (_, index) => stores[index % 3]!.claim(asking({ relay: `${index}`, rate, limit: 3 })),
      ),
    );
    assertEquals(claims.flatMap(({ claimed }) => ids(claimed)).length, 7);
  });

  test("what all undo at the same moment is all taken back from the rate", async (stores) => {
    const rate = { count: 30, perMs: 1000 };
    const claim = (who: number, limit: number) =>
      stores[who % 3]!.claim(asking({ relay: `${who}`, rate, limit }));
    await stores[0].append(
      Array.from({ length: 30 }, (_, index) => anEvent(`${index}`, { deliveries: [planned()] })),
    );
    const undone = { attempt: null };
    await Promise.all(Array.from({ length: 15 }, async (_, who) => {
      const { claimed } = await claim(who, 2);
      await Promise.all(
        claimed.map((one) => stores[who % 3]!.settle(`${who}`, [ending(one, { dueAt: 1000 }, undone)], 1000)),
      );
    }));
    assertEquals((await claim(0, 30)).claimed.length, 30);
  });

  test("a route's order changes while all claim, and nothing is lost or left behind", async (stores) => {
    const events = Array.from(
      { length: 120 },
      (_, index) => anEvent(`${index}`, { coin: `${index % 5}`, deliveries: [planned()] }),
    );
    await stores[0].append(events);
    const ran: string[] = [];
    let turn = 0;
    await storm(
      stores,
      {
        get order() {
          return turn++ % 3 === 0 ? "coin" as const : "any" as const;
        },
      },
      () => "done",
      ({ event }) => ran.push(event.id),
      () => ran.length >= 120,
    );
    assertEquals(ran.toSorted(), events.map(({ id }) => id).toSorted());
  });

  test("a task is done by one of them", async (stores) => {
    const began: number[] = [];
    const turns = await Promise.all(
      stores.map((store, who) =>
        store.exclusively("sweep", 5000, 60_000, () => {
          began.push(who);
          return Promise.resolve();
        })
      ),
    );
    assertEquals([began.length, turns.filter((mine) => mine).length], [1, 1]);
    assertEquals(
      await stores[(began[0]! + 1) % 3]!.exclusively("sweep", 65_000, 1, () => Promise.resolve()),
      true,
    );
  });

  test("events are deleted by several at once, each counted once", async (stores) => {
    const events = Array.from({ length: 900 }, (_, index) => anEvent(`${index}`));
    await stores[0].append(events);
    const counts = await Promise.all(stores.map((store) => store.prune(5000, 5000, 1000)));
    const rest = await stores[0].prune(5000, 5000, 1000);
    assertEquals(counts.reduce((sum, count) => sum + count, rest), 900);
  });

  Deno.test("relays that share a PostgreSQL: in all of that no two waited for each other", async () => {
    const [deadlocks, commits] = (await postgres.psql(
      "SELECT deadlocks, xact_commit FROM pg_stat_database WHERE datname = 'postgres'",
    )).split("|").map(Number);
    assertEquals(deadlocks, 0);
    assert(commits! > 100);
  });
});

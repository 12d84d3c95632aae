import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type Store, StoreUnusable } from "../../lib/store/contract.ts";
import { examineStore } from "../../lib/store/examine.ts";
import { moveStore, tally } from "../../lib/store/move.ts";
import { openStore, openTransfer } from "../../lib/store/open.ts";
import type { Part, Row, Transfer } from "../../lib/store/transfer.ts";
import { anEvent, asking, ending, ids, planned, put, seeded } from "../store/fixtures.ts";
import { runCommand } from "../commands/run_command.ts";
import { withPostgres } from "../support/postgres.ts";

/** So many events are moved by the largest test; `MOVE_EVENTS=1000000` in the environment makes it longer. */
const EVENTS = Number(Deno.env.get("MOVE_EVENTS") ?? 3000);

const silent = () => {};

/** Fills a store with some of everything. */
async function fill(store: Store): Promise<void> {
  const strange = "🦆 \"'\\ \t\n\u0001 ü";
  await put(store, "whole", ["slack", "mail"], {
    body: crypto.getRandomValues(new Uint8Array(3000)),
    coin: strange,
  });
  await put(store, strange, ["slack"], {
    type: null,
    coin: null,
    test: true,
    depth: 2,
    receivedAt: 1776066000123,
  });
  for (let index = 0; index < 12; index++) {
    await put(store, `event ${index}`, ["slack", "mail"], { coin: `c${index % 3}` });
  }
  const { claimed } = await store.claim(asking({ limit: 5 }));
  const kv = [{ key: "seen", value: JSON.stringify(strange) }, { key: "count", value: "1" }];
  await store.settle("one", [
    ending(claimed[0]!, "done", { kv, emitted: [anEvent("emitted", { source: "relay", depth: 1 })] }),
    ending(claimed[1]!, "dead"),
    ending(claimed[2]!, "dead"),
    ending(claimed[3]!, { dueAt: 5_000_000 }),
    ending(claimed[4]!, "dead"),
  ], 1500);
  await store.discard({ ids: [claimed[2]!.delivery.id] }, 1500);
  await store.retry({ ids: [claimed[4]!.delivery.id] }, 1600); // a second round
  await store.replay([{ event: 1, route: "mail", matched: [0, 3], replayOf: claimed[0]!.delivery.id }], 1700);
  await store.claim(asking({ route: "mail", order: "coin", limit: 2, rate: { count: 9, perMs: 1000 } })); // two run
  for (let index = 0; index < 5; index++) await put(store, `old ${index}`, [], { receivedAt: 10 + index });
  await store.prune(100, 12, 100);
}

/** All that a store tells of itself. */
async function shown(store: Store) {
  const deliveries = await store.deliveries({ discarded: true }, { limit: 10_000 });
  return {
    events: await store.events({}, { limit: 10_000 }),
    deliveries,
    attempts: await Promise.all(deliveries.map(({ id }) => store.attempts(id))),
    counts: (await store.counts()).map((one) => JSON.stringify(one)).sort(),
    kv: await store.kvList("slack"),
  };
}

await withPostgres((postgres) => {
  let count = 0;

  /** Registers a test with two places of each engine. */
  function test(name: string, body: (at: { sqlite: string[]; postgres: string[] }) => Promise<void>) {
    Deno.test(`move-store: ${name}`, async () => {
      const folder = await Deno.makeTempDir({ prefix: "coinrelay-test-" });
      const number = ++count;
      try {
        await body({
          sqlite: [1, 2].map((nth) => `sqlite:${join(folder, `${nth}.db`)}`),
          postgres: [1, 2].map((nth) => postgres.url(`moved_${number}_${nth}`)),
        });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }

  const use = async <T>(url: string, body: (store: Store) => Promise<T>): Promise<T> => {
    const store = await openStore(url, "/");
    try {
      return await body(store);
    } finally {
      await store.close();
    }
  };
  const move = async (from: string, to: string) => {
    await using original = await openTransfer(from, "/", false);
    await using copy = await openTransfer(to, "/", true);
    return await moveStore(original, copy, silent);
  };

  for (
    const [from, to] of [["sqlite", "postgres"], ["postgres", "sqlite"], ["postgres", "postgres"]] as const
  ) {
    test(`${from} to ${to}: all is there, and goes on as it would have`, async (at) => {
      const [source, target] = [at[from][0]!, at[to][1]!];
      await use(source, fill);
      await (await openTransfer(source, "/", false))[Symbol.asyncDispose](); // what ran is given back
      const before = await use(source, shown);
      const tallies = await move(source, target);
      assertEquals(tallies.map(({ part, rows }) => `${part} ${rows}`), [
        "routes 2",
        "events 15",
        "deliveries 28",
        "attempts 7",
        "remembered 3",
        "kv 2",
      ]);
      assertEquals(await use(target, shown), before);
      assert(!before.deliveries.some(({ state }) => state === "running"), "nothing runs any more");
      assertEquals(before.attempts.flat().filter(({ outcome }) => outcome === "interrupted").length, 2);
      await use(target, async (store) => {
        const answers = await store.append(
          ["whole", "event 3", "emitted", "old 3", "old 0"].map((id) =>
            anEvent(id, { source: id === "emitted" ? "relay" : "cryptosync" })
          ),
        );
        assertEquals(answers.map(({ result }) => result), [
          ...["duplicate", "duplicate", "duplicate", "duplicate"],
          "accepted", // its id was forgotten
        ]);
        const seq = await put(store, "new", ["slack"]);
        assert(seq > before.events[0]!.seq + 4, "numbers of deleted events are not given again");
        assert((await store.deliveries({}, { limit: 1 }))[0]!.id > before.deliveries[0]!.id);
        const waiting = before.deliveries.filter(({ route, state }) =>
          route === "mail" && state === "pending"
        ).length;
        const ran: string[] = [];
        for (let last = -1; last !== ran.length;) {
          last = ran.length;
          const { claimed } = await store.claim(
            asking({ route: "mail", order: "coin", limit: 50, now: 10_000_000 }),
          );
          ran.push(...ids(claimed));
          await store.settle("one", claimed.map((one) => ending(one)), 10_000_000);
        }
        assertEquals(ran.length, waiting, "each waiting delivery is made once");
        const ofCoin = ran.filter((id) => Number(id.split(" ")[1]) % 3 === 1);
        assertEquals(ofCoin, ["event 1", "event 4", "event 7", "event 10"], "in its order");
      });
    });
  }

  test("an interrupted move leaves nothing that a relay could open, and goes on where it was", async (at) => {
    const random = seeded(5);
    await use(at.sqlite[0]!, async (store) => {
      for (let index = 0; index < EVENTS; index += 500) {
        const batch = Array.from(
          { length: Math.min(500, EVENTS - index) },
          (_, nth) => anEvent(`${index + nth}`, { coin: `c${nth % 50}`, deliveries: [planned()] }),
        );
        await store.append(batch);
      }
      await drainSome(store);
    });
    const before = await use(at.sqlite[0]!, shown);
    for (const target of [at.postgres[0]!, at.sqlite[1]!]) {
      let interruptions = 0;
      for (;;) {
        const original = await openTransfer(at.sqlite[0]!, "/", false);
        const copy = await openTransfer(target, "/", true);
        try {
          await moveStore(original, interrupted(copy, () => interruptions < 6 && random() < 0.3), silent);
          break;
        } catch (error) {
          if (!(error instanceof Interruption)) throw error;
          interruptions++;
        } finally {
          await original[Symbol.asyncDispose]();
          await copy[Symbol.asyncDispose]();
        }
        await assertRejects(() => openStore(target, "/", { shared: true }), StoreUnusable);
      }
      assertEquals(interruptions, 6);
      assertEquals(await use(target, shown), before);
    }
  });

  for (const engine of ["sqlite", "postgres"] as const) {
    test(`${engine}: afterwards the original is refused, and can be moved on`, async (at) => {
      const [original, next] = at[engine] as [string, string];
      const elsewhere = at[engine === "sqlite" ? "postgres" : "sqlite"][0]!;
      await use(original, fill);
      await move(original, elsewhere);
      for (const shared of [false, true]) {
        await assertRejects(
          () => openStore(original, "/", { shared }),
          StoreUnusable,
          "was moved to another",
        );
      }
      const { state, problem } = await examineStore(original, "/");
      assertEquals([state, problem?.includes("was moved to another")], ["unusable", true]);
      await move(original, next);
      assertEquals(await use(next, shown), await use(elsewhere, shown));
    });
  }

  test("interrupted before the copy is made a store: neither can be used until it goes on", async (at) => {
    await use(at.sqlite[0]!, fill);
    const places = [at.sqlite[0]!, at.postgres[0]!] as const;
    await assertRejects(async () => {
      await using original = await openTransfer(places[0], "/", false);
      await using copy = await openTransfer(places[1], "/", true);
      const failing: Transfer = Object.create(copy, {
        finish: { value: () => Promise.reject(new Interruption()) },
      });
      await moveStore(original, failing, silent);
    }, Interruption);
    for (const place of places) {
      await assertRejects(() => openStore(place, "/"), StoreUnusable, "move-store` again");
    }
    await move(...places);
    await use(places[1], (store) => store.ready());
  });

  test("a copy that differs in one value is no store", async (at) => {
    await use(at.sqlite[0]!, fill);
    await using original = await openTransfer(at.sqlite[0]!, "/", false);
    await using copy = await openTransfer(at.postgres[0]!, "/", true);
    const altering: Transfer = Object.create(copy, {
      write: {
        value: (part: Part, rows: readonly Row[]) =>
          copy.write(part, part === "kv" ? rows.map(([route, key]) => [route!, key!, "2"]) : rows),
      },
    });
    const { message } = await assertRejects(() => moveStore(original, altering, silent), StoreUnusable);
    assertStringIncludes(message, "copies of kv differ");
    await assertRejects(() => openStore(at.postgres[0]!, "/", { shared: true }), StoreUnusable, "move-store");
    assertEquals((await tally(copy, "events")).rows, 15);
  });

  test("what holds a store, or is in use, is not moved into; and nothing is moved out of a store in use", async (at) => {
    await use(at.sqlite[0]!, fill);
    await use(at.postgres[0]!, fill);
    const refused = async (from: string, to: string, why: string) => {
      await assertRejects(() => move(from, to), StoreUnusable, why);
    };
    await refused(at.sqlite[0]!, at.postgres[0]!, "holds a store already");
    await refused(at.postgres[0]!, at.sqlite[0]!, "there is such a file");
    await refused(at.sqlite[1]!, at.postgres[1]!, "There is no store");
    await refused(at.postgres[1]!, at.sqlite[1]!, "There is no store");
    await use(at.sqlite[0]!, () => refused(at.sqlite[0]!, at.postgres[1]!, "another relay"));
    await use(at.postgres[0]!, async (store) => {
      await store.counts();
      await refused(at.postgres[0]!, at.sqlite[1]!, "Stop them");
    });
  });

  test("the command says what it moved, where to go on, and no password", async (at) => {
    await use(at.sqlite[0]!, fill);
    const run = (...args: string[]) =>
      runCommand(["move-store", "--from", at.sqlite[0]!, ...args], { DATABASE_URL: at.postgres[0]! });
    const moved = await run("--to", "${DATABASE_URL}");
    assertEquals(moved.code, 0, moved.stderr);
    assertStringIncludes(moved.stdout, "events      15 ");
    assertStringIncludes(moved.stdout, '"store"');
    const again = await run("--to", "${DATABASE_URL}");
    assertEquals(again.code, 1);
    assertStringIncludes(again.stderr, "holds a store already");
    for (const { stdout, stderr } of [moved, again]) assert(!(stdout + stderr).includes("password-of"));
    const unset = await run("--to", "${NO_SUCH_NAME}");
    assertEquals([unset.code, unset.stderr.includes("NO_SUCH_NAME")], [1, true]);
    assertEquals((await run()).code, 1, "without --to");
  });
});

async function drainSome(store: Store): Promise<void> {
  const { claimed } = await store.claim(asking({ limit: 700 }));
  await store.settle("one", claimed.map((one, nth) => ending(one, nth % 3 === 0 ? "dead" : "done")), 1000);
}

class Interruption extends Error {}

/** Writes as `copy` does, but ends in the middle when `now` says so. */
function interrupted(copy: Transfer, now: () => boolean): Transfer {
  return Object.create(copy, {
    write: {
      async value(part: Part, rows: readonly Row[]) {
        if (now()) throw new Interruption();
        await copy.write(part, rows);
        if (now()) throw new Interruption();
      },
    },
    finish: {
      async value(marks: Parameters<Transfer["finish"]>[0]) {
        if (now()) throw new Interruption();
        await copy.finish(marks);
      },
    },
  });
}

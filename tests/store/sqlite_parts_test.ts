import { assert, assertEquals, assertRejects, assertThrows, fail } from "@std/assert";
import { join } from "@std/path";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { rangesOf, seqsOf } from "../../lib/store/sqlite/block_search.ts";
import { coinsOf } from "../../lib/store/sqlite/block_coins.ts";
import { Connection } from "../../lib/store/sqlite/connection.ts";
import { Engine } from "../../lib/store/sqlite/engine.ts";
import type { EventLog, Fresh } from "../../lib/store/sqlite/event_log.ts";
import { HelperThread } from "../../lib/store/sqlite/helper_thread.ts";
import { openSqlite } from "../../lib/store/sqlite/open.ts";
import { openStore } from "../../lib/store/open.ts";
import { type Entry, passed, RecentKeys } from "../../lib/store/sqlite/recent_keys.ts";
import type { RouteIds } from "../../lib/store/sqlite/routes.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import { KEY_RANGE } from "../../lib/store/sqlite/text_key.ts";
import { Transaction } from "../../lib/store/sqlite/transaction.ts";
import { WalSync } from "../../lib/store/sqlite/wal_sync.ts";
import { until } from "../support/until.ts";
import { anEvent, put, seeded, withFolder } from "./fixtures.ts";

Deno.test("recent keys are found until they are moved or deleted, whatever the order of things", () => {
  const random = seeded(11);
  const recent = new RecentKeys();
  const model = new Map<number, Set<number>>();
  const moved = new Map<number, Set<number>>();
  const put = (into: Map<number, Set<number>>, key: number, seq: number) =>
    into.set(key, (into.get(key) ?? new Set()).add(seq));
  // Few different keys, some at both ends of the range: clusters, collisions, and clusters around the end.
  const keys = Array.from(
    { length: 3000 },
    (_, index) =>
      index < 200 ? KEY_RANGE - 1 - index : index < 400 ? index : Math.floor(random() * KEY_RANGE),
  );
  let seq = 0;
  for (let step = 0; step < 30_000; step++) {
    const what = random(), key = keys[Math.floor(random() * keys.length)]!;
    if (what < 0.6) {
      recent.add(key, ++seq);
      put(model, key, seq);
    } else if (what < 0.7) {
      const [gone] = model.get(key) ?? [];
      if (gone === undefined) continue;
      recent.delete(key, gone);
      model.get(key)!.delete(gone);
    } else if (what < 0.9) {
      assertEquals(new Set(recent.find(key)), model.get(key) ?? new Set());
      assertEquals(recent.has(key), recent.find(key).length > 0);
    } else {
      const batch = recent.next(Math.floor(random() * 20));
      for (const [left, seq] of batch.entries) {
        assert(model.get(left)!.delete(seq), "it was there");
        put(moved, left, seq);
      }
      recent.drop(batch);
    }
  }
  for (const key of keys) assertEquals(new Set(recent.find(key)), model.get(key) ?? new Set());
});

Deno.test("within one turn of the hand every key leaves that was there at its beginning", () => {
  const random = seeded(5);
  const recent = new RecentKeys();
  for (let seq = 1; seq <= 5000; seq++) recent.add(Math.floor(random() * KEY_RANGE), seq);
  const began = recent.turns;
  const left = new Set<number>();
  let seq = 5000;
  while (recent.turns < began + 1) {
    const batch = recent.next(3);
    batch.entries.forEach(([, seq]) => left.add(seq));
    recent.drop(batch);
    recent.add(Math.floor(random() * KEY_RANGE), ++seq);
  }
  for (let old = 1; old <= 5000; old++) assert(left.has(old), `${old} is still there`);
});

Deno.test("where the hand was tells later which keys have left, whatever starts and growth came between", () => {
  const random = seeded(7);
  let recent = new RecentKeys();
  /** Where the hand was some time after a key was added. */
  const noted: { key: number; seq: number; turns: number }[] = [];
  const left = new Set<number>();
  let fresh: Entry[] = [];
  let returned = 0;
  for (let seq = 1; seq <= 60_000; seq++) {
    const key = random() < 0.02 ? KEY_RANGE - 1 - seq % 3 : Math.floor(random() * KEY_RANGE);
    recent.add(key, seq);
    fresh.push([key, seq]);
    if (recent.size > 1500) {
      const batch = recent.next(8);
      for (const [, gone] of batch.entries) left.add(gone);
      recent.drop(batch);
    }
    if (seq % 50 === 0) {
      for (const [key, seq] of fresh) noted.push({ key, seq, turns: recent.turns });
      fresh = [];
    }
    if (seq % 10_000 !== 0) continue;
    const now = recent.turns;
    recent = new RecentKeys();
    recent.begin(now, noted.length < 20_000 ? 0 : 1000);
    for (const { key, seq, turns } of noted) {
      if (passed(key, turns, now)) assert(left.has(seq), `${seq} has not left`);
      else {
        recent.add(key, seq);
        if (left.delete(seq)) returned++;
      }
    }
    assert(recent.size > 1200 && recent.size < 1800, `${recent.size} were taken for those held`);
  }
  assert(returned > 0 && returned < 6 * 100, `${returned} were taken for held, and had left`);
});

Deno.test("keys that leave together lie together", () => {
  const random = seeded(6);
  const recent = new RecentKeys();
  for (let seq = 1; seq <= 50_000; seq++) recent.add(Math.floor(random() * KEY_RANGE), seq);
  const { entries } = recent.next(500);
  const keys = entries.map(([key]) => key);
  assertEquals(keys, keys.toSorted((a, b) => a - b));
  // A few may have wrapped around the end of the range.
  assert((keys[490]! - keys[0]!) / KEY_RANGE < 0.02);
});

Deno.test("events are known and found, however far their seqs lie apart", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeFile(file, new Uint8Array());
    const sizes = { ...SIZES, recentIds: 8, blockEvents: 4 };
    const engine = new Engine(file, { shared: false, sizes });
    // As a store has them that was moved here, of which much was deleted.
    const seqs = [1, 2, 65_537, 65_538, 140_000, 140_001, 140_002, 140_003, 300_000];
    for (const seq of seqs) await engine.write((tx) => tx.log.adopt(tx, [{ ...anEvent(`${seq}`), seq }]));
    await engine.close();
    const store = await openSqlite(file, { sizes });
    const again = await store.append(seqs.map((seq) => anEvent(`${seq}`)));
    assertEquals(again.filter(({ result }) => result === "accepted"), []);
    const found = await store.events({ coin: "btc" }, { after: 0, limit: 9 });
    assertEquals(found.map(({ seq }) => seq), seqs);
    await store.close();
  }));

Deno.test("a block of more types than it names hides none of them", () =>
  withFolder(async (folder) => {
    const store = await openSqlite(join(folder, "relay.db"), { sizes: { ...SIZES, blockEvents: 100 } });
    const events = Array.from({ length: 100 }, (_, index) => anEvent(`${index}`, { type: `type ${index}` }));
    for (const batch of [events, [anEvent("closes the block")]]) await store.append(batch);
    const found = await store.events({ type: "type 77" }, { limit: 9 });
    assertEquals(found.map(({ id }) => id), ["77"]);
    await store.close();
  }));

Deno.test("two ids that share a key are told apart in one transaction", () => {
  const tx = new Transaction({} as Connection, {} as RouteIds, {} as EventLog);
  const fresh = (id: string) => ({ id, source: "s", key: 7 }) as Fresh;
  for (const id of ["a", "b"]) tx.take(fresh(id));
  assertEquals(["a", "b", "c"].map((id) => tx.has(fresh(id))), [true, true, false]);
});

Deno.test("what was committed is moved out of the log again and again, while commits go on", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const body = new Uint8Array(200_000);
    let count = 0;
    for (const megabytes of [4, 12]) { // more than the log is let grow to, of which each commit adds a part
      await until(`${megabytes} MB are in the database`, async () => {
        assert(count < 500, "far less than what SQLite lets the log grow to by itself");
        await put(store, `${count++}`, [], { body });
        return (await Deno.stat(join(folder, "relay.db"))).size > megabytes * 1_000_000;
      });
    }
    await store.close();
  }));

Deno.test("a connection that was opened again syncs the log that is there now", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeFile(file, new Uint8Array());
    const engine = new Engine(file, { shared: false, sizes: SIZES });
    const logs: Deno.FsFile[] = [];
    const { open } = Deno;
    Deno.open = async (...given) => {
      logs.push(await open(...given));
      return logs.at(-1)!;
    };
    try {
      const write = (name: string) =>
        engine.write(({ db }) => db.run("INSERT INTO marks VALUES (?, 1)", name), { synced: true });
      await write("a");
      engine.db.letGo(); // as after an error of the disk: SQLite deletes the log, and makes another
      await write("b");
      assertEquals((await logs.at(-1)!.stat()).ino, (await Deno.stat(`${file}-wal`)).ino);
    } finally {
      Deno.open = open;
      await engine.close();
    }
  }));

Deno.test("a file that is gone is refused, and not made anew: its disk may not be mounted", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeFile(file, new Uint8Array());
    const db = new Connection(file);
    db.script("CREATE TABLE numbers (number INTEGER)");
    db.letGo();
    await Deno.rename(file, `${file}.elsewhere`);
    assertThrows(() => db.get("SELECT 1"), StoreUnavailable, file);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["relay.db.elsewhere"]);
    await Deno.rename(`${file}.elsewhere`, file);
    assertEquals(db.get<{ count: number }>("SELECT count(*) AS count FROM numbers")?.count, 0);
    db.close();
  }));

Deno.test("a helper thread that fails refuses what it was asked, and another answers what is asked next", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const thread = new HelperThread(join(folder, "relay.db"));
    const ask = () => thread.ask("events", {}, { limit: 1 }, []);
    const { Worker } = globalThis;
    globalThis.Worker = class extends Worker {
      constructor(_url: string | URL, options?: WorkerOptions) {
        super("data:application/javascript,throw new Error('out of luck')", options);
      }
    };
    try {
      await assertRejects(ask, StoreUnavailable, "out of luck");
    } finally {
      globalThis.Worker = Worker;
    }
    assertEquals(await ask(), []);
    await thread.close();
    await store.close();
  }));

Deno.test("SQLite itself syncs what a checkpoint moves, before the log begins anew", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeFile(file, new Uint8Array());
    const db = new Connection(file);
    assertEquals(db.get<{ synchronous: number }>("PRAGMA synchronous")?.synchronous, 1, "NORMAL"); // OFF would not
    db.close();
  }));

Deno.test("whoever stops reading rows early holds up no checkpoint", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeFile(file, new Uint8Array());
    const db = new Connection(file);
    db.get("PRAGMA journal_mode = WAL");
    db.script("CREATE TABLE numbers (number INTEGER); INSERT INTO numbers VALUES (1), (2), (3)");
    for (const _ of db.each("SELECT number FROM numbers")) break;
    assertEquals(db.get<{ busy: number }>("PRAGMA wal_checkpoint = TRUNCATE")?.busy, 0);
    db.close();
  }));

/** A clock on which everything takes a millisecond. */
function slowClock(): () => number {
  let ms = 0;
  return () => ms++;
}

/** A file that is synced when the test says so. */
function slowFile() {
  const syncs: PromiseWithResolvers<void>[] = [];
  return {
    syncs,
    file: {
      syncData() {
        const sync = Promise.withResolvers<void>();
        syncs.push(sync);
        return sync.promise;
      },
      syncDataSync: () => fail("this takes long"),
      close() {},
    },
  };
}

/** Lets everything happen that waits for nothing. */
const turn = () => new Promise((next) => setTimeout(next, 0));

Deno.test("who asks while a sync runs waits for the next, and all who ask meanwhile share it", async () => {
  const { file, syncs } = slowFile();
  const log = new WalSync(() => Promise.resolve(file), slowClock());
  const first = log.flush();
  await turn();
  const later = [log.flush(), log.flush()];
  syncs[0]!.resolve();
  await first;
  let done = 0;
  later.forEach((flush) => flush.then(() => done++));
  await turn();
  assertEquals([syncs.length, done], [2, 0], "the first sync may have begun before their commits");
  syncs[1]!.resolve();
  await Promise.all(later);
  assertEquals(syncs.length, 2);
});

Deno.test("after a failed sync none is believed, not even one that succeeds, until the log is begun anew", async () => {
  const { file, syncs } = slowFile();
  const log = new WalSync(() => Promise.resolve(file), slowClock());
  const first = log.flush();
  await turn();
  const second = log.flush();
  syncs[0]!.reject(new Error("disk"));
  await assertRejects(() => first, Error, "disk");
  await turn();
  syncs[1]!.resolve();
  await assertRejects(() => second, Error, "a sync before it has failed");
  assert(log.suspect);
  log.begunAnew();
  const third = log.flush();
  await turn();
  syncs[2]!.resolve();
  await third;
});

Deno.test("a file whose sync fails while it is let go of is closed once", async () => {
  const { file, syncs } = slowFile();
  let closed = 0;
  const log = new WalSync(() => Promise.resolve({ ...file, close: () => void closed++ }), slowClock());
  const flush = log.flush();
  await turn();
  const letGo = log.close();
  syncs[0]!.reject(new Error("disk"));
  await assertRejects(() => flush, Error, "disk");
  await letGo;
  assertEquals(closed, 1); // a second time throws, and nobody would catch that
});

Deno.test("a log that could not be opened is opened again", async () => {
  const { file, syncs } = slowFile();
  let opened = 0;
  const open = () => opened++ === 0 ? Promise.reject(new Error("no")) : Promise.resolve(file);
  const log = new WalSync(open, slowClock());
  await assertRejects(() => log.flush(), Error, "no");
  log.begunAnew();
  const second = log.flush();
  await turn();
  syncs[0]!.resolve();
  await second;
});

Deno.test("a disk that is quick is waited for, one that has become slow is synced beside", async () => {
  let ms = 0, takes = 0.1;
  const waitedFor: boolean[] = [];
  const sync = (waits: boolean) => {
    ms += takes;
    waitedFor.push(waits);
  };
  const file = {
    syncData: () => Promise.resolve(sync(false)),
    syncDataSync: () => sync(true),
    close() {},
  };
  const log = new WalSync(() => Promise.resolve(file), () => ms);
  for (let i = 0; i < 3; i++) await log.flush();
  takes = 20;
  for (let i = 0; i < 2; i++) await log.flush();
  takes = 0.1;
  for (let i = 0; i < 40; i++) await log.flush();
  assertEquals(waitedFor.slice(0, 5), [false, true, true, true, false]);
  assertEquals(waitedFor.at(-1), true);
});

Deno.test("a search finds what a block takes in while it goes on, once", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    for (const id of ["1", "2", "3"]) await put(store, id);
    /** Another thread's, to which the events become a block after its first statement. */
    class Interrupted extends Connection {
      #statements = 0;
      override get<Row>(sql: string, ...bound: (string | number)[]): Row | undefined {
        return this.#then(() => super.get<Row>(sql, ...bound));
      }
      override all<Row>(sql: string, ...bound: (string | number)[]): Row[] {
        return this.#then(() => super.all<Row>(sql, ...bound));
      }
      #then<T>(read: () => T): T {
        const answer = read();
        if (++this.#statements === 1) {
          const coins = coinsOf(1, [1, 2, 3].map((seq) => ({ seq, coin: "btc" })));
          this.run("INSERT INTO blocks VALUES (1, 3, 1000, 1000, NULL, NULL, ?)", coins);
        }
        return answer;
      }
    }
    for (
      const search of [
        (db: Connection) =>
          rangesOf(db, { source: "cryptosync" }).flatMap(({ first, last }) =>
            [1, 2, 3].filter((seq) => first <= seq && seq <= last)
          ),
        (db: Connection) => [...seqsOf(db, {}, ["btc"], { first: 0, last: 9 }, true)].flat(),
        (db: Connection) => [...seqsOf(db, {}, ["btc"], { first: 0, last: 9 }, false)].flat().reverse(),
      ]
    ) {
      const db = new Interrupted(join(folder, "relay.db"));
      assertEquals(search(db), [1, 2, 3]);
      db.run("DELETE FROM blocks");
      db.close();
    }
    await store.close();
  }));

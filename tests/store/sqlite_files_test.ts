import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { type CommitNews, StoreOlder, StoreUnavailable, StoreUnusable } from "../../lib/store/contract.ts";
import { backupStore, openStore } from "../../lib/store/open.ts";
import { openSqlite } from "../../lib/store/sqlite/open.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import { startChild } from "./child.ts";
import { anEvent, asking, drain, ending, planned, put, withFolder } from "./fixtures.ts";

const mode = async (path: string) => ((await Deno.stat(path)).mode! & 0o777).toString(8);

Deno.test("a new store makes its folder, and its files are the owner's alone", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:./a/b/relay.db", folder);
    try {
      await put(store, "a");
      for (const name of ["relay.db", "relay.db-wal", "relay.db-shm", "relay.db.lock"]) {
        assertEquals(await mode(join(folder, "a", "b", name)), "600", name);
      }
    } finally {
      await store.close();
    }
  }));

Deno.test("a closed store is one file, and its lock", () =>
  withFolder(async (folder) => {
    const store = await openSqlite(join(folder, "relay.db"), { sizes: { ...SIZES, smallStore: 0 } });
    await put(store, "a");
    assertEquals((await store.events({}, { limit: 1 })).length, 1, "read in the other thread");
    await store.close();
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["relay.db", "relay.db.lock"]);
  }));

Deno.test("a file of a newer version is refused, with what to do", () =>
  withFolder(async (folder) => {
    await (await openStore("sqlite:relay.db", folder)).close();
    const db = new DatabaseSync(join(folder, "relay.db"));
    db.exec("PRAGMA user_version = 99");
    db.close();
    const error = await assertRejects(() => openStore("sqlite:relay.db", folder), StoreUnusable, "newer");
    assertStringIncludes(error.message, join(folder, "relay.db"));
  }));

Deno.test("a database of another program is refused, and left as it is", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const db = new DatabaseSync(file);
    db.exec("CREATE TABLE theirs (x)");
    db.close();
    const before = await Deno.readFile(file);
    await assertRejects(() => openStore("sqlite:relay.db", folder), StoreUnusable, "another program");
    assertEquals(await Deno.readFile(file), before);
  }));

Deno.test("a second relay is refused, in this process and from another, until the first has ended or died", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const first = await openStore(`sqlite:${file}`, ".");
    await assertRejects(() => openStore(`sqlite:${file}`, "."), StoreUnusable, "another relay");
    await first.close();
    const other = await startChild("hold", file);
    await other.line((line) => line === "open");
    await assertRejects(() => openStore(`sqlite:${file}`, "."), StoreUnusable, "another relay");
    await other.kill();
    await (await openStore(`sqlite:${file}`, ".")).close();
  }));

Deno.test("a store that is closed refuses what is asked of it", () =>
  withFolder(async (folder) => {
    const store = await openSqlite(join(folder, "relay.db"));
    await store.close();
    await store.close();
    await assertRejects(() => store.append([anEvent("late")]), StoreUnavailable, "The store is closed");
  }));

Deno.test("a store that could not be opened leaves no lock", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "relay.db"), "no database ".repeat(1000));
    await assertRejects(() => openStore("sqlite:relay.db", folder), StoreUnusable, "not a database");
    await assertRejects(() => openStore("sqlite:relay.db", folder), StoreUnusable, "not a database");
  }));

Deno.test("beside a relay: what runs is left alone, all is seen, and the relay hears of what is made due", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const relay = await openSqlite(file, { sizes: { ...SIZES, recentIds: 4 } });
    const command = await openSqlite(file, { shared: true, sizes: { ...SIZES, recentIds: 4 } });
    try {
      for (const id of ["dead", "running"]) await put(relay, id);
      const { claimed: [dead, running] } = await relay.claim(asking());
      await relay.settle("one", [ending(dead!, "dead")], 1000);
      assertEquals((await command.delivery(running!.delivery.id))?.state, "running");
      for (let index = 0; index < 20; index++) {
        await put(relay, `${index}`, ["mail"], { coin: `${index % 2}` });
      }
      assertEquals((await command.events({ coin: "1" }, { limit: 20 })).length, 10);
      for (const id of ["3", "19"]) assertEquals((await command.event({ id }))?.coin, "1");
      const heard = Promise.withResolvers<CommitNews>();
      relay.onCommit(heard.resolve);
      assertEquals(await command.retry({ states: ["dead"] }, 1000), 1);
      assert((await heard.promise).routes.includes("slack"));
      assertEquals(await drain(relay, 1000), ["dead"]);
    } finally {
      await command.close();
      await relay.close();
    }
  }));

Deno.test("what another process appends is a duplicate here, and the other way round", () =>
  withFolder(async (folder) => {
    const sizes = { ...SIZES, recentIds: 4, blockEvents: 8 };
    const file = join(folder, "relay.db");
    const one = await openSqlite(file, { sizes });
    const two = await openSqlite(file, { shared: true, sizes });
    try {
      const seqs: number[] = [];
      for (let index = 0; index < 60; index++) {
        const [first, second] = index % 2 ? [one, two] : [two, one];
        const batch = [anEvent(`${index}/a`), anEvent(`${index}/b`)];
        for (const answer of await first.append(batch)) {
          if (answer.result === "accepted") seqs.push(answer.seq);
        }
        assertEquals((await second.append(batch)).map(({ result }) => result), ["duplicate", "duplicate"]);
      }
      assertEquals(seqs, seqs.toSorted((a, b) => a - b));
      assertEquals(new Set(seqs).size, 120);
    } finally {
      await two.close();
      await one.close();
    }
  }));

Deno.test("however often a store is opened, every id is known, and a start has few events to take in", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const sizes = { ...SIZES, recentIds: 40, blockEvents: 4 };
    let index = 0;
    for (let start = 0; start < 30; start++) {
      const store = await openSqlite(file, { sizes });
      const known = Array.from({ length: index }, (_, one) => anEvent(`${one}`));
      assert((await store.append(known)).every(({ result }) => result === "duplicate"));
      for (let more = 0; more < 10; more++) await put(store, `${index++}`);
      await store.close();
    }
    using db = new DatabaseSync(file, { readOnly: true });
    const { count } = db.prepare("SELECT count(*) AS count FROM key_blocks").get() as { count: number };
    // A key stays for up to one turn of the hand, in which about twice as many come as are in memory.
    assert(count > 0 && count * sizes.blockEvents < 4 * sizes.recentIds, `${count} blocks of keys`);
  }));

Deno.test("a start takes in the events of a file whose program did not write their keys down", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const sizes = { ...SIZES, recentIds: 8, blockEvents: 4 };
    const events = Array.from({ length: 50 }, (_, index) => anEvent(`${index}`));
    const before = await openSqlite(file, { sizes });
    await before.append(events);
    await before.close();
    {
      using db = new DatabaseSync(file);
      db.exec("DROP TABLE key_blocks; DELETE FROM id_keys; PRAGMA user_version = 1");
    }
    for (let start = 0; start < 3; start++) {
      const store = await openSqlite(file, { sizes });
      assert((await store.append(events)).every(({ result }) => result === "duplicate"));
      for (let more = 0; more < 10; more++) await put(store, `${start}/${more}`);
      await store.close();
    }
  }));

Deno.test("what a killed relay left in the log, which it may not have synced, a start moves into the database", () =>
  withFolder(async (folder) => {
    const killed = await openStore("sqlite:relay.db", folder);
    await put(killed, "a");
    for (const ending of ["", "-wal"]) {
      await Deno.copyFile(join(folder, `relay.db${ending}`), join(folder, `left.db${ending}`));
    }
    await killed.close();
    const store = await openStore("sqlite:left.db", folder);
    await Deno.copyFile(join(folder, "left.db"), join(folder, "without_log.db"));
    const without = await openStore("sqlite:without_log.db", folder);
    assertEquals((await without.event({ id: "a" }))?.id, "a");
    await without.close();
    await store.close();
  }));

Deno.test("what a command makes due takes its turn in the order that the relay has begun to keep meanwhile", () =>
  withFolder(async (folder) => {
    const relay = await openStore("sqlite:relay.db", folder);
    const command = await openStore("sqlite:relay.db", folder, { shared: true });
    const event = await put(relay, "a");
    const replay = () => command.replay([{ event, route: "slack", matched: null, replayOf: 1 }], 1000);
    await replay();
    assertEquals((await relay.claim(asking({ order: "coin" }))).claimed.length, 1);
    await replay();
    assertEquals((await relay.claim(asking({ order: "coin" }))).claimed, []);
    await command.close();
    await relay.close();
  }));

Deno.test("what is pruned leaves nothing behind, and neither do ids once they may be forgotten", () =>
  withFolder(async (folder) => {
    const sizes = { ...SIZES, recentIds: 8, blockEvents: 16 };
    const store = await openSqlite(join(folder, "relay.db"), { sizes });
    const events = (name: string, count: number, receivedAt: number) =>
      store.append(Array.from({ length: count }, (_, index) => anEvent(`${name} ${index}`, { receivedAt })));
    await events("old", 200, 1000);
    await events("later", 20, 3000);
    assertEquals(await store.prune(2000, 1000, 1000), 200);
    await events("new", 30, 3000); // moves the ids out of memory that are still there
    assertEquals(await store.prune(2000, 2000, 1000), 0);
    await store.close();
    using db = new DatabaseSync(join(folder, "relay.db"), { readOnly: true });
    const left = (what: string) => db.prepare(`SELECT count(*) AS count FROM ${what}`).get()!["count"];
    assertEquals([left("events"), left("remembered")], [50, 0]);
    assertEquals(left("id_keys WHERE seq <= 200"), 0);
    assertEquals(left("blocks WHERE last <= 200"), 0);
    assertEquals(left("key_blocks WHERE last <= 200"), 0);
  }));

Deno.test("a command finds no store where there is none, and makes none", () =>
  withFolder(async (folder) => {
    await assertRejects(
      () => openStore("sqlite:relay.db", folder, { shared: true }),
      StoreUnusable,
      "no store",
    );
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("beside a relay that may be an older program, a file of its version stays as it is, and is copied so", () =>
  withFolder(async (folder) => {
    await (await openStore("sqlite:relay.db", folder)).close();
    const versionOf = (name: string) => {
      using db = new DatabaseSync(join(folder, name));
      return db.prepare("PRAGMA user_version").get()!["user_version"];
    };
    using db = new DatabaseSync(join(folder, "relay.db"));
    db.exec("PRAGMA user_version = 0");
    const error = await assertRejects(
      () => openStore("sqlite:relay.db", folder, { shared: true }),
      StoreOlder,
    );
    assertStringIncludes(error.message, "restart the relay");
    await backupStore("sqlite:relay.db", folder, join(folder, "copy.db"));
    assertEquals([versionOf("relay.db"), versionOf("copy.db")], [0, 0]);
  }));

Deno.test("what is no store of ours is not backed up", () =>
  withFolder(async (folder) => {
    const backUp = () => backupStore("sqlite:relay.db", folder, join(folder, "copy.db"));
    await assertRejects(backUp, StoreUnusable, "no store");
    new DatabaseSync(join(folder, "relay.db")).exec("CREATE TABLE theirs (x)");
    await assertRejects(backUp, StoreUnusable, "another program");
    await Deno.writeTextFile(join(folder, "relay.db"), "no database ".repeat(1000));
    await assertRejects(backUp, StoreUnusable, "not a database");
    assertEquals([...Deno.readDirSync(folder)].some(({ name }) => name === "copy.db"), false);
  }));

Deno.test("what is no store is refused, with what to give", async () => {
  for (const url of ["", "relay.db", "sqlite:", "mysql://x"]) {
    await assertRejects(() => openStore(url, "/nowhere"), StoreUnusable, "sqlite:");
  }
});

Deno.test("a backup made while events arrive holds all that was accepted before, and opens as a store", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const file = join(folder, "backup.db");
    try {
      const batch = (name: string) =>
        Array.from({ length: 200 }, (_, index) => anEvent(`${name}/${index}`, { deliveries: [planned()] }));
      await store.append(batch("before"));
      let backedUp = false;
      const done = backupStore("sqlite:relay.db", folder, file).finally(() => backedUp = true);
      let during = 0;
      for (; !backedUp; during++) await store.append(batch(`during ${during}`));
      await done;
      assert(during > 0);
      assertEquals(await mode(file), "600");
      const copy = await openStore(`sqlite:${file}`, "/");
      try {
        const again = await copy.append(batch("before"));
        assert(again.every(({ result }) => result === "duplicate"));
        const { length } = await copy.events({}, { limit: 1_000_000 });
        assertEquals(length % 200, 0, "of one moment");
        assertEquals((await copy.counts())[0]?.count, length);
      } finally {
        await copy.close();
      }
    } finally {
      await store.close();
    }
  }));

Deno.test("a backup never writes over a file, and leaves nothing when it fails", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const file = join(folder, "backup.db");
    try {
      await Deno.writeTextFile(file, "precious");
      await assertRejects(
        () => backupStore("sqlite:relay.db", folder, file),
        Deno.errors.AlreadyExists,
        file,
      );
      assertEquals(await Deno.readTextFile(file), "precious");
      await assertRejects(
        () => backupStore("sqlite:relay.db", folder, join(folder, "nowhere", "backup.db")),
        Error,
        "nowhere",
      );
      await Deno.mkdir(join(folder, "taken.db.part"));
      await assertRejects(() => backupStore("sqlite:relay.db", folder, join(folder, "taken.db")), Error);
      assertEquals([...Deno.readDirSync(folder)].some(({ name }) => name === "taken.db"), false);
    } finally {
      await store.close();
    }
  }));

Deno.test("what a killed backup left is no backup, and the next one writes over it", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const file = join(folder, "backup.db");
    try {
      await store.append(Array.from({ length: 50 }, (_, index) => anEvent(`${index}`)));
      await Deno.writeTextFile(`${file}.part`, "half of one ".repeat(100_000));
      await Deno.writeTextFile(`${file}.part-journal`, "what it was about to undo");
      await backupStore("sqlite:relay.db", folder, file);
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
        name.startsWith("backup")
      );
      assertEquals(left, ["backup.db"]);
      const copy = await openStore("sqlite:backup.db", folder);
      assertEquals((await copy.events({}, { limit: 100 })).length, 50);
      await copy.close();
    } finally {
      await store.close();
    }
  }));

Deno.test("two backups to one file: one is whole, the other refused, and nothing else is left", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    try {
      await store.append(Array.from({ length: 500 }, (_, index) => anEvent(`${index}`)));
      const to = () => backupStore("sqlite:relay.db", folder, join(folder, "backup.db"));
      const came = await Promise.allSettled([to(), to(), to()]);
      assertEquals(came.filter(({ status }) => status === "fulfilled").length, 1);
      for (const one of came) {
        if (one.status === "rejected") assertInstanceOf(one.reason, Deno.errors.AlreadyExists);
      }
      const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
        name.startsWith("backup")
      );
      assertEquals(left, ["backup.db"]);
      const copy = await openStore("sqlite:backup.db", folder);
      assertEquals((await copy.events({}, { limit: 1000 })).length, 500);
      await copy.close();
    } finally {
      await store.close();
    }
  }));

import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DatabaseSync } from "node:sqlite";
import { type CommitNews, type Store, StoreUnavailable, StoreUnusable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { openSqlite } from "../../lib/store/sqlite/open.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import { startChild } from "./child.ts";
import { anEvent, asking, drain, ending, ids, planned, put, withFolder } from "./fixtures.ts";

async function sh(command: string): Promise<boolean> {
  return (await new Deno.Command("sh", { args: ["-c", command], stdout: "null", stderr: "null" }).output())
    .success;
}

/** A small file system of its own, where this user may make one. */
async function withVolume(body: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const volume = join(folder, "volume");
    await Deno.mkdir(volume);
    if (!await sh(`mount -t tmpfs -o size=2m tmpfs '${volume}'`)) {
      console.log("skipped: no right to mount a file system");
      return;
    }
    try {
      await body(volume);
    } finally {
      await sh(`umount -l '${volume}'`);
    }
  });
}

function integrity(file: string): unknown {
  const db = new DatabaseSync(file);
  try {
    return Object.values(db.prepare("PRAGMA integrity_check").get()!)[0];
  } finally {
    db.close();
  }
}

Deno.test("SIGKILL between and within commits loses nothing that was acknowledged", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await (await openStore(`sqlite:${file}`, ".")).close();
    const stored: string[] = [], settled: number[] = [];
    for (const lines of [3, 40, 150]) {
      const child = startChild("append", file);
      const printed = await child.line((_, count) => count === lines);
      await child.kill();
      for (const line of printed) {
        const [what, ...names] = line.split(" ");
        if (what === "stored") stored.push(...names);
        else settled.push(...names.filter((name) => name).map(Number));
      }
      assertEquals(integrity(file), "ok");
    }
    assert(stored.length > 500);
    const store = await openSqlite(file, { sizes: { ...SIZES, recentIds: 16 } });
    try {
      const again = await store.append(stored.map((id) => anEvent(id)));
      assertEquals(again.filter(({ result }) => result === "accepted"), []);
      for (const id of settled) assertEquals((await store.delivery(id))?.state, "done", `delivery ${id}`);
      assertEquals((await store.deliveries({ states: ["running"] }, { limit: 1 })).length, 0);
      const counted = (await store.counts()).reduce((sum, { count }) => sum + count, 0);
      assertEquals(counted, (await store.deliveries({}, { limit: 1_000_000 })).length);
      const events = await store.events({}, { limit: 1_000_000 });
      assertEquals(new Set(events.map(({ id }) => id)).size, events.length);
      const ofCoin = await store.events({ coin: "coin 1" }, { limit: 1_000_000 });
      assertEquals(
        ofCoin.map(({ seq }) => seq),
        events.filter(({ coin }) => coin === "coin 1").map(({ seq }) => seq),
      );
      await drain(store, 1000, "coin");
      assertEquals((await store.counts()).map(({ state }) => state), ["done"]);
    } finally {
      await store.close();
    }
  }));

async function withFullDisk(volume: string, recentIds: number): Promise<void> {
  const sizes = { ...SIZES, recentIds, blockEvents: 3 };
  const open = () => openSqlite(join(volume, "relay.db"), { sizes });
  let store = await open();
  const filler = join(volume, "filler");
  try {
    await put(store, "before", ["slack"]);
    const body = crypto.getRandomValues(new Uint8Array(20_000));
    const three = (call: number) =>
      [1, 2, 3].map((index) => anEvent(`${call}/${index}`, { body, deliveries: [planned()] }));
    await Deno.writeFile(filler, new Uint8Array(1_500_000));
    let call = 0;
    await assertRejects(async () => {
      while (true) await store.append(three(++call));
    }, StoreUnavailable);
    assert(call > 1);
    await assertRejects(() => store.append(three(call)), StoreUnavailable);
    assertEquals(await store.event({ id: `${call}/1` }), null);
    const accepted = 1 + 3 * (call - 1);
    assertEquals((await store.events({}, { limit: 100 })).length, accepted);
    assertEquals((await store.counts())[0]?.count, accepted);
    await Deno.remove(filler);
    await store.ready();
    const all = accepted + 3 * 3;
    for (const last = call + 2; call <= last; call++) {
      assertEquals((await store.append(three(call))).map(({ result }) => result), Array(3).fill("accepted"));
    }
    const again = Array.from({ length: call - 1 }, (_, index) => three(index + 1)).flat();
    for (let start = 0; start < 2; start++) {
      assertEquals((await store.append(again)).filter(({ result }) => result === "accepted"), []);
      assertEquals((await store.events({ coin: "btc" }, { limit: 100 })).length, all);
      await store.close();
      store = await open();
    }
    assertEquals((await drain(store, 1000)).length, all);
  } finally {
    await store.close();
  }
  assertEquals(integrity(join(volume, "relay.db")), "ok");
}

for (const recentIds of [1, 1000]) { // so that each commit writes more than its events: keys, or blocks of them
  Deno.test(
    `a full disk refuses, leaves nothing half-written, and is over when there is room again (${recentIds} ids in memory)`,
    () => withVolume((volume) => withFullDisk(volume, recentIds)),
  );
}

Deno.test("a read-only disk is refused at the start, with what to do", () =>
  withVolume(async (volume) => {
    await (await openStore("sqlite:relay.db", volume)).close();
    assert(await sh(`mount -o remount,ro '${volume}'`));
    await assertRejects(() => openStore("sqlite:relay.db", volume), StoreUnusable, "writable");
    assert(await sh(`mount -o remount,rw '${volume}'`));
    await (await openStore("sqlite:relay.db", volume)).close();
  }));

Deno.test("a disk that fails a write refuses, and is used again when it works", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const store = await openStore(`sqlite:${file}`, ".");
    const limit = (bytes: string) => sh(`prlimit --pid ${Deno.pid} --fsize=${bytes}`);
    try {
      await put(store, "before");
      Deno.addSignalListener("SIGXFSZ" as Deno.Signal, ignore);
      const { size } = await Deno.stat(`${file}-wal`);
      if (!await limit(`${size + 50_000}:unlimited`)) {
        console.log("skipped: no prlimit");
        return;
      }
      const body = new Uint8Array(1_000_000);
      await assertRejects(() => store.append([anEvent("large", { body })]), StoreUnavailable, "I/O");
      await assertRejects(() => store.append([anEvent("large", { body })]), StoreUnavailable);
      await limit("unlimited:unlimited");
      assertEquals(
        (await store.append([anEvent("large", { body }), anEvent("before")])).map(({ result }) => result),
        [
          "accepted",
          "duplicate",
        ],
      );
      assertEquals(await drain(store, 1000), ["before"]);
    } finally {
      await limit("unlimited:unlimited");
      Deno.removeSignalListener("SIGXFSZ" as Deno.Signal, ignore);
      await store.close();
    }
    assertEquals(integrity(file), "ok");
  }));

function ignore(): void {}

Deno.test("what a failed sync refused is told and claimed all the same, once it is on the disk", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const news: CommitNews[] = [];
    store.onCommit((told) => news.push(told));
    const { open } = Deno;
    Deno.open = () => Promise.reject(new Error("the disk fails"));
    try {
      await assertRejects(() => put(store, "a"), StoreUnavailable, "the disk fails");
    } finally {
      Deno.open = open;
    }
    assertEquals(news, [{ lastSeq: 1, routes: ["slack"] }]);
    assertEquals(ids((await store.claim(asking())).claimed), ["a"]);
    assertEquals((await store.append([anEvent("a")]))[0]?.result, "duplicate");
    await store.close();
  }));

Deno.test("whatever is answered as written has been synced", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const { open } = Deno;
    Deno.open = () => Promise.reject(new Error("the disk fails"));
    const refused = (write: () => Promise<unknown>) =>
      assertRejects(write, StoreUnavailable, "the disk fails");
    try {
      await refused(() => put(store, "a"));
      const { claimed: [one] } = await store.claim(asking());
      await refused(() => store.settle("one", [ending(one!, "dead")], 1000));
      await refused(() => store.discard({}, 1000));
      await refused(() => store.retry({ discarded: true }, 1000));
      await refused(() => store.replay([{ event: 1, route: "slack", matched: null, replayOf: 1 }], 1000));
      await refused(() => store.ready());
    } finally {
      Deno.open = open;
    }
    assertEquals(await drain(store, 1000), ["a", "a"]);
    await store.close();
  }));

Deno.test("after a failed sync nothing is accepted while somebody holds the log that it left", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    const { open } = Deno;
    Deno.open = () => Promise.reject(new Error("the disk fails"));
    await assertRejects(() => put(store, "a"), StoreUnavailable, "the disk fails");
    Deno.open = open;
    const reader = new DatabaseSync(join(folder, "relay.db"), { readOnly: true });
    reader.exec("BEGIN; SELECT * FROM events");
    await assertRejects(() => put(store, "b"), StoreUnavailable, "it is in use");
    reader.close();
    await put(store, "b");
    assertEquals(await drain(store, 1000), ["a", "b"]);
    await store.close();
  }));

Deno.test("while another process writes, a commit waits, and is refused when that takes too long", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    const store = await openStore(`sqlite:${file}`, ".");
    const other = new DatabaseSync(file);
    try {
      other.exec("BEGIN IMMEDIATE");
      let turns = 0;
      const clock = setInterval(() => turns++, 10);
      await assertRejects(
        () => store.append([anEvent("a", { deliveries: [planned()] })]),
        StoreUnavailable,
        "locked",
      );
      clearInterval(clock);
      assert(turns > 20, "the thread is free meanwhile");
      const waiting = store.append([anEvent("a", { deliveries: [planned()] })]);
      setTimeout(() => other.exec("COMMIT"), 100);
      assertEquals((await waiting)[0]?.result, "accepted");
      assertEquals((await store.claim(asking())).claimed.length, 1);
    } finally {
      other.close();
      await store.close();
    }
  }));

Deno.test("a file that is no database is refused, with what to do", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await Deno.writeTextFile(file, "no database ".repeat(1000));
    const error = await assertRejects(() => openStore(`sqlite:${file}`, "."), StoreUnusable, file);
    assert(error.message.includes("backup"));
    await assertRejects(() => openStore(`sqlite:${file}`, ".", { shared: true }), StoreUnusable);
  }));

Deno.test("a damaged file is refused, with what to do", () =>
  withFolder(async (folder) => {
    const file = join(folder, "relay.db");
    await fill(await openStore(`sqlite:${file}`, "."));
    const bytes = await Deno.readFile(file);
    bytes.fill(0x5a, 4096); // all pages but the first, where the header is
    await Deno.writeFile(file, bytes);
    const error = await assertRejects(() => openStore(`sqlite:${file}`, "."), StoreUnusable, file);
    assert(error.message.includes("backup"));
  }));

async function fill(store: Store): Promise<void> {
  await store.append(
    Array.from({ length: 500 }, (_, index) => anEvent(`${index}`, { deliveries: [planned()] })),
  );
  await store.close();
}

Deno.test("nothing is accepted while the file or its log is moved away or deleted", () =>
  withFolder(async (folder) => {
    const store = await openStore("sqlite:relay.db", folder);
    await put(store, "a");
    for (const name of ["relay.db", "relay.db-wal"]) {
      const [place, elsewhere] = [join(folder, name), join(folder, "elsewhere")];
      await Deno.rename(place, elsewhere);
      await assertRejects(() => store.ready(), StoreUnavailable, `${name}: it was moved away or deleted`);
      await assertRejects(() => put(store, "b"), StoreUnavailable);
      await Deno.rename(elsewhere, place);
      await put(store, `after ${name}`);
    }
    await store.close();
    const again = await openStore("sqlite:relay.db", folder);
    assertEquals((await again.events({}, { limit: 10 })).map(({ id }) => id).toSorted(), [
      "a",
      "after relay.db",
      "after relay.db-wal",
    ]);
    await again.close();
  }));

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { Engine } from "../../lib/store/postgres/engine.ts";
import { readSettings } from "../../lib/store/postgres/settings.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { storeContract } from "./contract.ts";
import { asking, ending, put } from "./fixtures.ts";

await withPostgres((postgres) => {
  let schemas = 0;
  storeContract("PostgreSQL", async () => {
    const url = postgres.url(`contract_${++schemas}`);
    let store = await openStore(url, "/");
    return {
      store,
      async reopen() {
        await store.close();
        return store = await openStore(url, "/");
      },
      cleanup: () => store.close(),
    };
  });

  Deno.test("what was claimed before an order could not be set is claimed again at once", async () => {
    const store = await openStore(postgres.url("reorder"), "/");
    await put(store, "a", ["slack", "mail"]);
    const rate = { count: 1, perMs: 1000 };
    const request = asking({ rate });
    const routes = [...request.routes, { route: "mail", limit: 9, order: "coin" as const, rate: null }];
    await postgres.psql(`ALTER TABLE reorder.routes ADD CONSTRAINT no_lanes CHECK (NOT lanes)`);
    await assertRejects(() => store.claim({ ...request, holding: [], routes }), Error, "no_lanes");
    await postgres.psql(`ALTER TABLE reorder.routes DROP CONSTRAINT no_lanes`);
    const { claimed } = await store.claim({ ...request, holding: [], routes });
    assertEquals(claimed.map(({ delivery: { route, attempts } }) => [route, attempts]), [["slack", 1], [
      "mail",
      1,
    ]]);
    await store.close();
  });

  Deno.test("what made a transaction fail is told, not that the statements after it were refused", async () => {
    const store = await openStore(postgres.url("first"), "/");
    await put(store, "a");
    const { claimed: [one] } = await store.claim(asking());
    await postgres.psql(`ALTER TABLE first.counters ADD CONSTRAINT no_end CHECK (count < 0) NOT VALID`);
    const undone = ending(one!, "pending", { attempt: null });
    await assertRejects(() => store.settle("one", [undone], 1000), Error, "no_end");
    await store.close();
  });

  /** Has the first appends to the tables of `schema` fail, so many of them; answers how many there were. */
  async function failing(schema: string, times: number, code: string) {
    await postgres.psql(
      `CREATE SEQUENCE ${schema}.tries;
       CREATE FUNCTION ${schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF nextval('${schema}.tries') <= ${times} THEN RAISE 'on purpose' USING ERRCODE = '${code}'; END IF;
         RETURN NULL; END $$;
       CREATE TRIGGER fail AFTER INSERT ON ${schema}.events EXECUTE FUNCTION ${schema}.fail()`,
    );
    return async () => Number(await postgres.psql(`SELECT last_value FROM ${schema}.tries`));
  }

  Deno.test("what others got in the way of four times is done once, by the fifth try", async () => {
    const store = await openStore(postgres.url("retried"), "/");
    const tries = await failing("retried", 4, "40P01"); // a deadlock
    await put(store, "a");
    assertEquals(await tries(), 5);
    assertEquals((await store.claim(asking())).claimed.map(({ event }) => event.id), ["a"]);
    assertEquals((await store.counts()).map(({ state, count }) => [state, count]), [["running", 1]]);
    await store.close();
  });

  Deno.test("a fifth try that others get in the way of is the last; of other failures the first", async () => {
    for (const [schema, code, most] of [["deadlocked", "40P01", 5], ["canceled", "57014", 1]] as const) {
      const store = await openStore(postgres.url(schema), "/");
      const tries = await failing(schema, 1000, code);
      await assertRejects(() => put(store, "a"), StoreUnavailable, "a later try may succeed");
      assertEquals([code, await tries()], [code, most]);
      await store.close();
    }
  });

  Deno.test("an answer is waited for a little longer than the server may take for it, each statement's by itself", async () => {
    const settings = readSettings(postgres.url("patient"));
    const engine = await Engine.open(settings, { make: true, asTheyAre: false, patienceMs: 0 });
    const sleep = (seconds: number) => engine.write((tx) => tx.query(`SELECT pg_sleep(${seconds})`));
    await Promise.all([0.1, 0.1, 0.1, 0.1].map(sleep)); // there are connections now
    settings.timeoutMs = 1; // to which two seconds come
    const [tooLong, together, allowed, short] = await Promise.allSettled([
      sleep(30),
      engine.write((tx) => Promise.all([1.2, 1.2].map((each) => tx.query(`SELECT pg_sleep(${each})`)))),
      engine.write((tx) => tx.query(`SELECT pg_sleep(2.5)`), { timeoutMs: 60_000 }),
      engine.write((tx) => tx.query<{ pid: number }>("SELECT pg_backend_pid() AS pid")),
    ]);
    assertEquals(
      [tooLong, together, allowed].map(({ status }) => status),
      ["rejected", "fulfilled", "fulfilled"],
    );
    assertStringIncludes(String((tooLong as PromiseRejectedResult).reason), "the connection broke");
    const [{ pid }] = (short as PromiseFulfilledResult<[{ pid: number }]>).value;
    const there = await postgres.psql(`SELECT count(*) FROM pg_stat_activity WHERE pid = ${pid}`);
    assertEquals(there, "1", "where no answer is waited for, the connection stays");
    const [own] = await engine.write(
      (tx) => tx.query<{ most: string }>("SELECT current_setting('statement_timeout') AS most"),
      { timeoutMs: 90_000 },
    );
    assertEquals(own?.most, "90s", "the server is told as well");
    await engine.close();
  });

  Deno.test("a database that was put in place of another, and lacks the routes of that, gets them", async () => {
    const store = await openStore(postgres.url("replaced"), "/");
    await put(store, "a");
    await postgres.psql("TRUNCATE replaced.events, replaced.routes, replaced.deliveries, replaced.counters");
    await put(store, "b");
    assertEquals((await store.claim(asking())).claimed.map(({ event }) => event.id), ["b"]);
    await store.close();
  });

  Deno.test("order coin: what is being stored while the one before it ends is not left behind", async () => {
    const url = postgres.url("lanes");
    const store = await openStore(url, "/");
    const holder = await Engine.open(readSettings(url), { make: false, asTheyAre: true, patienceMs: 0 });
    const waiting = async () =>
      Number(
        await postgres.psql(
          `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coinrelay lanes' AND wait_event = 'advisory'`,
        ),
      );
    await put(store, "a");
    const { claimed: [a] } = await store.claim(asking({ order: "coin" }));
    // What is stored is not committed before the holder is.
    const lock = "pg_advisory_xact_lock(0, 0)";
    await postgres.psql(
      `CREATE FUNCTION lanes.wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ${lock}; RETURN NULL; END $$;
       CREATE TRIGGER wait AFTER INSERT ON lanes.deliveries EXECUTE FUNCTION lanes.wait()`,
    );
    let settled = false;
    const all = await holder.write(async (tx) => {
      await tx.query(`SELECT ${lock}`);
      const stored = put(store, "b");
      await until("it is stored but for the commit", async () => await waiting() === 1);
      const settling = store.settle("one", [ending(a!)], 1000).finally(() => settled = true);
      await until("the other ended, or waits", async () => settled || await waiting() === 2);
      return { done: Promise.all([stored, settling]) };
    });
    await all.done;
    const { claimed } = await store.claim(asking({ order: "coin" }));
    assertEquals(claimed.map(({ event }) => event.id), ["b"]);
    await holder.close();
    await store.close();
  });

  Deno.test("what a relay runs is not taken again when a crash of the server has undone its claim; then it is", async () => {
    const store = await openStore(postgres.url("undone"), "/");
    await put(store, "a");
    await put(store, "b");
    const { claimed: [a, b] } = await store.claim(asking());
    // As the crash leaves it: the commit of a claim does not wait for the disk.
    await postgres.psql(
      `UPDATE undone.deliveries SET state = 0, attempts = 0, relay = NULL, lease_until = NULL WHERE id = ${
        a!.delivery.id
      }`,
    );
    const holding = [a!.delivery.id, b!.delivery.id];
    assertEquals(await store.claim({ ...asking(), holding }), { claimed: [], nextDueAt: null });
    const due = new Set<string>();
    store.onCommit(({ routes }) => routes.forEach((route) => due.add(route)));
    assertEquals(await store.settle("one", [ending(a!), ending(b!)], 1000), [false, true]);
    assertEquals([...due], ["slack"], "it is told that there is something to claim");
    const { claimed } = await store.claim({ ...asking(), holding: [] });
    assertEquals(claimed.map(({ event, delivery }) => [event.id, delivery.attempts]), [["a", 1]]);
    await store.close();
  });
});

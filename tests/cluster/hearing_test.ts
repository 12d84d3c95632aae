/** What a relay gets to know of others' commits, whatever befalls the connection by which it hears. @module */
import { assert, assertEquals } from "@std/assert";
import type { CommitNews, Store } from "../../lib/store/contract.ts";
import { openStore } from "../../lib/store/open.ts";
import { anEvent, asking, ending, planned, put } from "../store/fixtures.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";
import { startProxy } from "./tcp_proxy.ts";

await withPostgres((postgres) => {
  let schemas = 0;

  /** Registers a test of a relay that hears through a proxy, of another beside it, and of one that tells. */
  function test(
    name: string,
    body: (parts: {
      schema: string;
      teller: Store;
      proxy: ReturnType<typeof startProxy>;
      /** What was heard through the proxy. */
      heard: CommitNews[];
      /** What was heard beside it. */
      beside: CommitNews[];
    }) => Promise<void>,
  ) {
    Deno.test(`hearing: ${name}`, async () => {
      const schema = `hearing_${++schemas}`;
      const url = postgres.url(schema);
      await using proxy = startProxy(postgres.port);
      const teller = await openStore(url, "/");
      const stores = [
        await openStore(url.replace(`:${postgres.port}/`, `:${proxy.port}/`), "/"),
        await openStore(url, "/"),
      ];
      try {
        const [heard, beside]: [CommitNews[], CommitNews[]] = [[], []];
        stores[0]!.onCommit((news) => heard.push(news));
        stores[1]!.onCommit((news) => beside.push(news));
        await until("both listen", async () => {
          await teller.append([anEvent(crypto.randomUUID(), { deliveries: [planned("early")] })]);
          return heard.length > 0 && beside.length > 0;
        });
        await body({ schema, teller, proxy, heard, beside });
      } finally {
        for (const store of [teller, ...stores]) await store.close();
      }
    });
  }

  const names = (news: readonly CommitNews[]) => new Set(news.flatMap(({ routes }) => routes));

  test("what fell due while it was cut off is told when it hears again", async (parts) => {
    const { teller, proxy, heard, beside } = parts;
    await put(teller, "a", ["mail"], { receivedAt: 1000 });
    const { claimed: [one] } = await teller.claim(asking({ route: "mail" }));
    await teller.settle("one", [ending(one!, "dead")], 1000);
    await until("both know of the event", () => names(heard).has("mail") && names(beside).has("mail"));
    proxy.set("cut");
    heard.length = beside.length = 0;
    assertEquals(await teller.retry({ states: ["dead"] }, 2000), 1);
    await until("who is not cut off knows of it", () => names(beside).has("mail"));
    assertEquals(heard, []);
    proxy.set("pass");
    await until("it is told, though there is no new event", () => names(heard).has("mail"));
  });

  test("events that it was not told of are asked for", async ({ teller, proxy, heard }) => {
    proxy.set("cut");
    const seq = await put(teller, "b", ["mail"]);
    proxy.set("pass");
    await until("it knows", () => heard.some(({ lastSeq }) => lastSeq === seq));
    const later = await put(teller, "c", ["mail"]);
    await until("it hears", () => heard.some(({ lastSeq }) => lastSeq === later));
    const seqs = heard.flatMap(({ lastSeq }) => lastSeq === null ? [] : [lastSeq]);
    assertEquals(seqs, [...new Set(seqs)].toSorted((a, b) => a - b), "each once, and none after a later one");
  });

  test("an event of which nobody told is found all the same", async ({ schema, heard }) => {
    const seq = Number(
      await postgres.psql(
        `INSERT INTO ${schema}.events (source, id, digest, type, coin, received_at, timestamp, signature, test, depth, body)
         SELECT source, 'untold', sha256('untold'), type, coin, received_at, timestamp, signature, test, depth, body
         FROM ${schema}.events LIMIT 1 RETURNING seq`,
      ),
    );
    await until("it is told", () => heard.some(({ lastSeq }) => lastSeq === seq));
  });

  test("what fell due of more routes than one message holds is heard as well", async ({ teller, heard }) => {
    const routes = Array.from({ length: 300 }, (_, nth) => `route_with_quite_a_long_name_${nth}`);
    assert(JSON.stringify(routes).length > 8000);
    await put(teller, "many", routes);
    await until("all are told", () => routes.every((route) => names(heard).has(route)));
    const asked = routes.map((route) => ({ route, limit: 1, order: "any" as const, rate: null }));
    const { claimed } = await teller.claim({ ...asking(), routes: asked });
    await teller.settle("one", claimed.map((one) => ending(one, "dead")), 1000);
    heard.length = 0;
    assertEquals(await teller.retry({ states: ["dead"] }, 2000), routes.length);
    await until(
      "all are told, though there is no new event",
      () => routes.every((route) => names(heard).has(route)),
    );
  });

  test("while the tables cannot be read it holds no more connections than before", async (parts) => {
    const { schema, teller, proxy, heard } = parts;
    const connections = async () =>
      Number(
        await postgres.psql(
          `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coinrelay ${schema}'`,
        ),
      );
    const before = await connections();
    await postgres.psql(`ALTER TABLE ${schema}.events RENAME TO away`);
    const taken = proxy.taken(), began = performance.now();
    proxy.cutOnce();
    await until("it has tried again and again", () => proxy.taken() >= taken + 4);
    assert(performance.now() - began > 2000, "it waits before each try");
    const now = await connections();
    assert(now <= before, `${now} connections, ${before} before`);
    await postgres.psql(`ALTER TABLE ${schema}.away RENAME TO events`);
    const seq = await put(teller, "e", ["mail"]);
    await until("it hears again", () => heard.some(({ lastSeq }) => lastSeq === seq));
  });

  test("what others say on the channel does no harm", async ({ schema, teller, heard }) => {
    for (const said of ["", "{", "null", "{}", '{"from":"x","seq":"y","routes":3}']) {
      await postgres.psql(`SELECT pg_notify('coinrelay_${schema}', '${said}')`);
    }
    const seq = await put(teller, "d", ["mail"]);
    await until("it hears all the same", () => heard.some(({ lastSeq }) => lastSeq === seq));
    assertEquals(heard.filter(({ lastSeq }) => typeof lastSeq === "string"), []);
  });
});

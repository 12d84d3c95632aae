import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Connection } from "../../lib/store/postgres/connection.ts";
import { ConnectionLost } from "../../lib/store/postgres/errors.ts";
import { Pool, type Purpose } from "../../lib/store/postgres/pool.ts";
import { readSettings } from "../../lib/store/postgres/settings.ts";
import { withPostgres } from "../support/postgres.ts";
import { until } from "../support/until.ts";

const CONNECTIONS = 5;
const TOO_MANY = "53300";

/** Passes on to `port` the connections that it takes, tells all others that there are too many, and counts them. */
function startMiser(takes: (nth: number) => boolean, port = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connects = 0;
  const serving = (async () => {
    for await (const client of listener) {
      if (!takes(++connects)) {
        void refuse(client);
        continue;
      }
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      client.readable.pipeTo(server.writable).catch(() => {});
      server.readable.pipeTo(client.writable).catch(() => {});
    }
  })().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    connects: () => connects,
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

/** As PostgreSQL does it: an error in answer to whoever says who they are. */
async function refuse(client: Deno.Conn) {
  await client.read(new Uint8Array(1024));
  const said = new TextEncoder().encode("SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0");
  const message = new Uint8Array(5 + said.length);
  message.set(new TextEncoder().encode("E"));
  new DataView(message.buffer).setInt32(1, 4 + said.length);
  message.set(said, 5);
  await client.write(message);
  client.close();
}

function poolAt(url: string): Pool {
  return new Pool(readSettings(url));
}

for (const callers of [1, 2, 4]) {
  Deno.test(`a database that is away is told to ${callers} that wait, after as many tries`, async () => {
    await using away = startMiser(() => false);
    const pool = poolAt(`postgres://relay:x@127.0.0.1:${away.port}/x?connections=${CONNECTIONS}&timeout=60`);
    const use = () => pool.use("write", () => Promise.resolve("used")).catch(({ code }) => code);
    const answers = await Promise.all(Array.from({ length: callers }, use));
    assertEquals(answers, Array(callers).fill(TOO_MANY));
    assertEquals(away.connects(), callers);
    assertEquals(await use(), TOO_MANY);
    assertEquals(away.connects(), callers + 1, "the next is told what is so then");
    await pool.close();
  });
}

await withPostgres((postgres) => {
  const through = (port: number) =>
    postgres.url("x", `&connections=${CONNECTIONS}`).replace(`:${postgres.port}/`, `:${port}/`);

  const works = async (pool: Pool) =>
    assertEquals(await pool.use("write", (connection) => connection.script("SELECT 1")), "SELECT");
  const ends = (connection: Connection) => Promise.resolve(connection.destroy());

  Deno.test("a server that takes no more connections is not asked again and again; those there are serve all", async () => {
    await using miser = startMiser((nth) => nth === 1, postgres.port);
    const pool = poolAt(through(miser.port));
    const use = (purpose: Purpose) =>
      pool.use(purpose, (connection) => connection.script("SELECT pg_sleep(0.3)"));
    await use("write");
    await Promise.all([use("write"), use("write"), use("read")]);
    assert(miser.connects() < 20, `${miser.connects()} connects`);
    await pool.close();
  });

  Deno.test("where one is refused while another comes about, that one serves all", async () => {
    await using miser = startMiser((nth) => nth > 1, postgres.port);
    const pool = poolAt(through(miser.port));
    await Promise.all([works(pool), works(pool)]);
    await pool.close();
  });

  Deno.test("a server that takes more connections again is asked, though those there stay lent", async () => {
    let takes = 1;
    await using miser = startMiser((nth) => nth <= takes, postgres.port);
    const pool = poolAt(through(miser.port));
    await pool.use("write", async () => {
      const another = works(pool);
      await until("another was refused", () => miser.connects() > 1);
      takes = Infinity;
      await another;
    });
    await pool.close();
  });

  /** A pool whose connections are lent until they are asked back. */
  function lending(connections: number) {
    const settings = { ...readSettings(postgres.url("x")), connections, timeoutMs: 60_000 };
    const pool = new Pool(settings);
    return {
      pool,
      settings,
      /** Does not answer before the connection is lent. */
      async borrow(purpose: Purpose) {
        const lent = Promise.withResolvers<Connection>(), back = Promise.withResolvers<void>();
        const used = pool.use(purpose, (connection) => (lent.resolve(connection), back.promise));
        return { connection: await lent.promise, giveBack: () => (back.resolve(), used) };
      },
    };
  }

  Deno.test("connections that break while they are lent are made anew, however many do", async () => {
    const { pool } = lending(2);
    for (let broken = 0; broken < 6; broken++) {
      await pool.use("write", ends);
      await works(pool);
    }
    await pool.close();
  });

  Deno.test("no more connections are made than there may be, however many want one at once", async () => {
    await using counting = startMiser(() => true, postgres.port);
    const pool = poolAt(through(counting.port));
    await Promise.all(Array.from({ length: 3 * CONNECTIONS }, () => works(pool)));
    assertEquals(counting.connects(), CONNECTIONS);
    await pool.close();
  });

  Deno.test("in place of a connection that breaks another is made, though who has it is not done; the rest stay", async () => {
    const { pool, borrow } = lending(3);
    const [idle, kept, broken] = [await borrow("write"), await borrow("write"), await borrow("write")];
    await idle.giveBack();
    broken.connection.destroy();
    const again = await borrow("write");
    assertEquals(again.connection, idle.connection);
    const another = await borrow("write");
    const waiting = borrow("write");
    another.connection.destroy();
    for (const one of [await waiting, another, again, broken, kept]) await one.giveBack();
    await pool.close();
  });

  Deno.test("what waits for an answer of a connection that ends is told so, sent or not", async () => {
    const { pool } = lending(2);
    await pool.use("write", async (connection) => {
      const sent = connection.script("SELECT pg_sleep(60)");
      await until(
        "it is sent",
        () =>
          postgres.psql("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'")
            .then((count) => count === "1"),
      );
      const unsent = [connection.query("SELECT 1"), connection.query("SELECT $1::int", 2)];
      connection.destroy();
      for (const one of [sent, ...unsent, connection.query("SELECT 3")]) {
        await assertRejects(() => one, ConnectionLost, "the connection broke");
      }
    });
    await pool.close();
  });

  Deno.test("connections that break while nobody uses them are made anew, before anybody gets one", async () => {
    const { pool, borrow } = lending(2);
    for (let broken = 0; broken < 3; broken++) {
      const both = [await borrow("write"), await borrow("write")];
      for (const one of both) await one.giveBack();
      await postgres.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coinrelay x'",
      );
      await until("it is known", () => both.every(({ connection }) => !connection.usable));
    }
    await works(pool);
    await pool.close();
  });

  Deno.test("who has waited too long is refused, and gets no connection that others could use", async () => {
    const { pool, settings, borrow } = lending(2);
    const both = [await borrow("write"), await borrow("write")];
    settings.timeoutMs = 100;
    const { message } = await assertRejects(() => works(pool), ConnectionLost);
    settings.timeoutMs = 60_000;
    assertEquals(message, "all 2 connections were busy for 0.1 s");
    for (const one of both) await one.giveBack();
    const again = [await borrow("write"), await borrow("write")];
    for (const one of again) await one.giveBack();
    await pool.close();
  });

  Deno.test("readers leave two connections free for writers, who go first", async () => {
    const { pool, borrow } = lending(4);
    const reading = [await borrow("read"), await borrow("read")];
    const order: string[] = [];
    const third = borrow("read").then((one) => (order.push("reader"), one));
    for (let given = 0; given < 3; given++) await works(pool);
    const writing = [await borrow("write"), await borrow("write")];
    const fifth = borrow("write").then((one) => (order.push("writer"), one));
    assertEquals(order, []);
    await reading[0]!.giveBack();
    await (await fifth).giveBack();
    for (const one of [reading[1]!, writing[0]!]) await one.giveBack();
    await (await third).giveBack();
    assertEquals(order, ["writer", "reader"]);
    await writing[1]!.giveBack();
    await pool.close();
  });

  Deno.test("where a server gives but one connection, writers go first, and readers as they came", async () => {
    await using miser = startMiser((nth) => nth === 1, postgres.port);
    const pool = poolAt(through(miser.port));
    const order: string[] = [];
    const use = (purpose: Purpose, who: string) =>
      pool.use(purpose, async (connection) => {
        await connection.script("SELECT 1");
        order.push(who);
      });
    const all = await pool.use("write", () => {
      const some = [use("read", "a reader"), use("read", "another"), use("write", "a writer")];
      return Promise.resolve({ used: Promise.all(some) });
    });
    await all.used;
    assertEquals(order, ["a writer", "a reader", "another"]);
    await pool.close();
  });

  Deno.test("of two connections one is the readers'", async () => {
    const { pool, borrow } = lending(2);
    const reading = await borrow("read");
    const waiting = borrow("read");
    await works(pool);
    await reading.giveBack();
    await (await waiting).giveBack();
    await pool.close();
  });

  Deno.test("a pool that closes waits for what runs, even where it breaks, and lends no more", async () => {
    const { pool, borrow } = lending(2);
    const lent = await borrow("write");
    const order: string[] = [];
    const broken = pool.use("write", ends);
    const closed = pool.close().then(() => order.push("closed"));
    const closedAgain = pool.close();
    await broken;
    await assertRejects(() => works(pool), ConnectionLost, "the store is closed");
    order.push("given back");
    await lent.giveBack();
    await closed;
    await closedAgain;
    assertEquals(order, ["given back", "closed"]);
    const left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coinrelay x'";
    await until("no connection is left", async () => await postgres.psql(left) === "0");
  });

  Deno.test("the server ends what takes too long, and what a relay that was cut off has locked", async () => {
    const { pool, settings } = lending(2);
    const asked = pool.use("write", (connection) => connection.script("SELECT pg_sleep(60)"));
    settings.timeoutMs = 500; // of the connections, which come about now; who wants one has more patience
    const { code } = await assertRejects(() => asked) as { code?: string };
    settings.timeoutMs = 60_000;
    assertEquals(code, "57014");
    const [own] = await pool.use("write", (connection) =>
      connection.query(
        `SELECT current_setting('tcp_user_timeout') AS unanswered, current_setting('enable_seqscan') AS reads_all`,
      ));
    assertEquals(own, { unanswered: "500", reads_all: "off" });
    await pool.use("write", async (connection) => {
      await connection.script("BEGIN; SELECT pg_advisory_xact_lock(1, 1)");
      await until("it is ended", () => !connection.usable);
    });
    await pool.close();
  });
});

import { assert, assertEquals } from "@std/assert";
import { Pool, type Purpose } from "../../lib/store/postgres/pool.ts";
import { readSettings } from "../../lib/store/postgres/settings.ts";
import { withPostgres } from "../support/postgres.ts";

const CONNECTIONS = 5;
const TOO_MANY = "53300";

/** Passes the first `few` connections on to `port`, tells all others that there are too many, and counts them. */
function startMiser(few: number, port = 0) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connects = 0;
  const serving = (async () => {
    for await (const client of listener) {
      if (++connects > few) {
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
    await using away = startMiser(0);
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
  Deno.test("a server that takes no more connections is not asked again and again; those there are serve all", async () => {
    await using miser = startMiser(1, postgres.port);
    const url = postgres.url("x", `&connections=${CONNECTIONS}`);
    const pool = poolAt(url.replace(`:${postgres.port}/`, `:${miser.port}/`));
    const use = (purpose: Purpose) =>
      pool.use(purpose, (connection) => connection.script("SELECT pg_sleep(0.3)"));
    await use("write");
    await Promise.all([use("write"), use("write"), use("read")]);
    assert(miser.connects() < 20, `${miser.connects()} connects`);
    await pool.close();
  });
});

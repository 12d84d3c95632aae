/** How a socket to PostgreSQL comes about, and what is left of one that does not. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectionLost, NotSecured } from "../../lib/store/postgres/errors.ts";
import { readSettings } from "../../lib/store/postgres/settings.ts";
import { openSocket } from "../../lib/store/postgres/socket.ts";

/** What a server does with a connection; then it waits for its end, or leaves. */
type Conduct = (connection: Deno.Conn) => Promise<"stays" | "leaves">;

/** A server that tells when its connections have ended. */
function startServer(conduct: Conduct) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ended: Promise<void>[] = [];
  async function serve(connection: Deno.Conn) {
    using _closing = connection;
    if (await conduct(connection) === "leaves") return;
    while (await connection.read(new Uint8Array(1024)) !== null);
  }
  const serving = (async () => {
    for await (const connection of listener) ended.push(serve(connection).catch(() => {}));
  })().catch(() => {});
  const { port } = listener.addr as Deno.NetAddr;
  return {
    settings: (sslmode: string) => readSettings(`postgres://u:x@127.0.0.1:${port}/d?sslmode=${sslmode}`),
    /** Waits until the other side has ended every connection. */
    ended: () => Promise.all(ended),
    async [Symbol.asyncDispose]() {
      listener.close();
      await serving;
    },
  };
}

const isSilent: Conduct = () => Promise.resolve("stays");
const isGone: Conduct = () => Promise.resolve("leaves");
const answers = (text: string): Conduct => async (connection) => {
  await connection.read(new Uint8Array(8));
  await connection.write(new TextEncoder().encode(text));
  return "stays";
};

Deno.test("a server that does not answer is given up after the patience, and its socket closed", async () => {
  await using silent = startServer(isSilent);
  const { message } = await assertRejects(() => openSocket(silent.settings("require"), 50), ConnectionLost);
  assertEquals(message, "no answer within 0.05 s");
  await silent.ended();
});

Deno.test("a socket that came about outlives the patience, and its errors end no process", async () => {
  await using silent = startServer(isSilent);
  const socket = await openSocket(silent.settings("disable"), 50);
  await assertRejects(() => openSocket(silent.settings("require"), 100), ConnectionLost);
  assertEquals(socket.destroyed, false);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.destroy(new Error("reset"));
  await closed;
  await silent.ended();
});

Deno.test("a server that speaks no TLS, or says more than that it does, is not trusted", async () => {
  for (const answer of ["N", "X", "SS", "SEFATAL"]) {
    await using server = startServer(answers(answer));
    const { message } = await assertRejects(() => openSocket(server.settings("require"), 10_000), NotSecured);
    assertStringIncludes(message, "speaks no TLS");
    await server.ended();
  }
});

Deno.test("a server that goes away before it has answered is a lost connection; while TLS begins it is not secured", async () => {
  await using gone = startServer(isGone);
  const early = await assertRejects(() => openSocket(gone.settings("require"), 10_000), ConnectionLost);
  assertEquals(early instanceof NotSecured, false);
  await using halfway = startServer(async (connection) => {
    await answers("S")(connection);
    await connection.read(new Uint8Array(1024));
    return "leaves";
  });
  await assertRejects(() => openSocket(halfway.settings("require"), 10_000), NotSecured);
});

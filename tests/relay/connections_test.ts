import { assert, assertEquals } from "@std/assert";
import { createRelayFolder, type RelayProcess } from "../support/relay_process.ts";
import { until } from "../support/until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** How many files this process may open. */
function mayOpen(): number {
  try {
    return Number(
      /^Max open files +\d+ +(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"))?.[1] ?? Infinity,
    );
  } catch {
    return Infinity;
  }
}

/** Opens connections; answers those that were taken. */
async function connect(relay: RelayProcess, count: number): Promise<Deno.Conn[]> {
  const { hostname, port } = new URL(relay.url);
  const opened: Deno.Conn[] = [];
  for (let i = 0; i < count; i++) {
    const connection = await Deno.connect({ hostname, port: Number(port) }).catch(() => null);
    if (connection !== null) opened.push(connection);
  }
  return opened;
}

function closeAll(connections: readonly Deno.Conn[]) {
  for (const connection of connections) {
    try {
      connection.close();
    } catch {
      // closed by the other side
    }
  }
}

Deno.test("thousands of connections that are idle, or slow with their headers or bodies, hold up nobody", async () => {
  await using folder = await createRelayFolder({ plugins: {} });
  const relay = await folder.start();
  const many = Math.min(3000, Math.floor(mayOpen() / 2));
  const connections = await connect(relay, many);
  assertEquals(connections.length, many);
  const beginnings = [
    "",
    "POST /webhook HT",
    "POST /webhook HTTP/1.1\r\nHost: x\r\nx-cg-timestamp: 1",
    "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
  ];
  for (const [i, connection] of connections.entries()) {
    await connection.write(bytes(beginnings[i % beginnings.length]!));
  }
  for (let i = 0; i < 20; i++) assertEquals(await relay.send({}), "accepted");
  closeAll(connections);
  assertEquals(await relay.send({}), "accepted");
  assertEquals(await relay.stop(), 0);
});

Deno.test({
  name: "a relay that may open no more files takes connections again as soon as it can",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await createRelayFolder({ plugins: {} });
    const relay = await folder.start();
    const open = [...Deno.readDirSync(`/proc/${relay.pid}/fd`)].length;
    const args = ["--pid", String(relay.pid), `--nofile=${open + 30}:${open + 30}`];
    assert((await new Deno.Command("prlimit", { args }).output()).success, "prlimit sets the limit");
    const connections = await connect(relay, 300);
    assert(
      relay.lines.some(({ message }) => message.includes("cannot take connections")),
      "the limit was met",
    );
    closeAll(connections);
    await until("an event is taken", () => relay.send({}).then((said) => said === "accepted", () => false));
    for (let i = 0; i < 20; i++) assertEquals(await relay.send({}), "accepted");
    assertEquals(await relay.stop(), 0);
  },
});

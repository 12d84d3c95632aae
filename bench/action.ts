/** The action: from the store through a plugin's process to an HTTP call, beside a bare fetch loop. @module */
import { signedRequest } from "../tests/support/signed_request.ts";
import { ROUTE_DEFAULTS } from "../lib/route/resolve.ts";
import { startRelay } from "./servers.ts";
import { BENCH_SECRET } from "./wrk.ts";

/** What was measured with so many calls under way at a time. */
export interface ActionResult {
  inFlight: number;
  /** Calls a second of a bare fetch loop in one Deno process. */
  fetchLoop: number;
  /** Deliveries a second through the `http` plugin, out of a backlog. */
  deliveries: number;
  /** From the ack to the call's arrival at 100 events a second, median and 99th percentile, in milliseconds. */
  latency: { p50: number; p99: number };
}

/** As many as a route runs unless told otherwise, and as many as the senders of the other measurements. */
export const IN_FLIGHT = [ROUTE_DEFAULTS.concurrency, 32];
const PACED_RATE = 100;
const SENDERS = 32;

const body = (name: string) =>
  JSON.stringify({
    event_type: "cg.coin.info.updated",
    data: {
      id: name,
      symbol: "abc",
      name,
      changes: [{ field: "name", change_type: "update", old_value: "a", new_value: "b" }],
    },
  });

/** Measures with so many calls at a time, so many events in the backlog, and so many seconds at a steady pace. */
export async function measureAction(
  inFlight: number,
  events: number,
  pacedSeconds: number,
): Promise<ActionResult> {
  const arrived = new Map<string, number>();
  let count = 0;
  let open = Promise.withResolvers<void>();
  const receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { coin } = await request.json();
    await open.promise;
    count++;
    if (coin) arrived.set(coin.id, performance.now());
    return new Response(null, { status: 204 });
  });
  const url = `http://127.0.0.1:${receiver.addr.port}/`;
  const counted = async (wanted: number) => {
    const began = performance.now();
    open.resolve();
    while (count < wanted) await new Promise((resolve) => setTimeout(resolve, 2));
    return wanted / ((performance.now() - began) / 1000);
  };

  const loop = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-net",
      new URL("fetch_loop.ts", import.meta.url).pathname,
      url,
      `${inFlight}`,
      body("x"),
    ],
  }).spawn();
  const fetchLoop = await counted(events);
  loop.kill("SIGKILL");
  await loop.status;

  await using relay = await startRelay({
    routes: [{ name: "out", plugin: "http", options: { url }, concurrency: inFlight }],
  });
  const send = async (name: string) => {
    const response = await fetch(
      `${relay.url}/webhook`,
      signedRequest({ secret: BENCH_SECRET, body: body(name) }),
    );
    await response.body?.cancel();
  };
  open = Promise.withResolvers();
  count = 0;
  for (let sent = 0; sent < events; sent += SENDERS) {
    await Promise.all(Array.from({ length: SENDERS }, (_, i) => send(`backlog-${sent + i}`)));
  }
  const deliveries = await counted(events);

  const acked = new Map<string, number>();
  for (let i = 0; i < PACED_RATE * pacedSeconds; i++) {
    const name = `paced-${i}`;
    void send(name).then(() => acked.set(name, performance.now()));
    await new Promise((resolve) => setTimeout(resolve, 1000 / PACED_RATE));
  }
  while (![...acked.keys()].every((name) => arrived.has(name))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const latencies = [...acked].map(([name, at]) => arrived.get(name)! - at).sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? NaN;
  await receiver.shutdown();
  return { inFlight, fetchLoop, deliveries, latency: { p50: at(0.5), p99: at(0.99) } };
}

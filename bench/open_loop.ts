/**
 * Sends at a fixed rate whatever comes back, and counts latency from when a request was due. The client itself must not
 * be what is measured: requests are made ready beforehand and go over open connections, of the answers only what must be
 * read is, and a thread of its own waits for each due time, since timers here are no finer than a millisecond.
 *
 * @module
 */
import { connect, type Connection } from "./connection.ts";
import { clock, type Pace } from "./pacer.ts";
import { signedRequests } from "./signed_requests.ts";

/** Latencies in milliseconds. */
export interface OpenLoop {
  rate: number;
  requests: number;
  failed: number;
  p50: number;
  p99: number;
}

/** Opened beforehand; more when all of them wait for an answer. */
const CONNECTIONS = 16;
/** From when all is ready to the first request, in milliseconds. */
const LEAD_MS = 100;

/** Sends `rate` requests a second to `url` for so many seconds. A late answer delays no other request. */
export async function openLoop(url: string, rate: number, seconds: number): Promise<OpenLoop> {
  const { hostname, port } = new URL(url);
  const requests = signedRequests(rate * seconds);
  const idle: Connection[] = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => connect(hostname, Number(port))),
  );
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  let failed = 0;

  async function ask(request: Uint8Array, due: number) {
    try {
      const connection = idle.pop() ?? await connect(hostname, Number(port));
      const { status, reusable } = await connection.ask(request);
      latencies.push(clock() - due);
      if (status < 200 || status > 299) failed++;
      if (reusable) idle.push(connection);
      else connection.close();
    } catch {
      failed++;
    }
  }

  const pacer = new Worker(new URL("./pacer.ts", import.meta.url), { type: "module" });
  const pace: Pace = { first: clock() + LEAD_MS, everyMs: 1000 / rate, count: requests.length };
  const sent = Promise.withResolvers<void>();
  pacer.onmessage = ({ data }: MessageEvent<number>) => {
    while (answers.length <= data) {
      answers.push(ask(requests[answers.length]!, pace.first + answers.length * pace.everyMs));
    }
    if (answers.length === requests.length) sent.resolve();
  };
  pacer.postMessage(pace);
  await sent.promise;
  pacer.terminate();
  await Promise.all(answers);
  for (const connection of idle) connection.close();

  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return { rate, requests: requests.length, failed, p50: at(0.5), p99: at(0.99) };
}

if (import.meta.main) {
  const [url = "", rate = "1000", seconds = "5"] = Deno.args;
  console.log(JSON.stringify(await openLoop(url, Number(rate), Number(seconds))));
}

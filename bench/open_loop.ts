/** Sends at a fixed rate whatever comes back, and counts latency from when a request was due. @module */
import { sign } from "../lib/verify/signature.ts";
import { GOLDEN_VECTORS } from "../tests/verify/golden_vectors.ts";
import { BENCH_SECRET } from "./wrk.ts";

/** Latencies in milliseconds. */
export interface OpenLoop {
  rate: number;
  requests: number;
  failed: number;
  p50: number;
  p99: number;
}

const BODY = new TextEncoder().encode(GOLDEN_VECTORS[0]!.body);

/** Sends `rate` requests a second to `url` for so many seconds. A late answer delays no other request. */
export async function openLoop(url: string, rate: number, seconds: number): Promise<OpenLoop> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const requests = Array.from({ length: rate * seconds }, () => {
    const id = crypto.randomUUID();
    const signature = sign(BENCH_SECRET, timestamp, id, BODY);
    return { "x-cg-timestamp": timestamp, "x-cg-event-id": id, "x-cg-signature": signature };
  });
  const latencies: number[] = [];
  const answers: Promise<void>[] = [];
  let failed = 0;
  const began = performance.now();
  for (const [index, headers] of requests.entries()) {
    const due = began + index * 1000 / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    answers.push(
      fetch(`${url}/webhook`, { method: "POST", headers, body: BODY as BodyInit }).then(async (response) => {
        await response.body?.cancel();
        if (!response.ok) failed++;
        latencies.push(performance.now() - due);
      }, () => {
        failed++;
      }),
    );
  }
  await Promise.all(answers);
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? NaN;
  return { rate, requests: requests.length, failed, p50: at(0.5), p99: at(0.99) };
}

if (import.meta.main) {
  const [url = "", rate = "1000", seconds = "5"] = Deno.args;
  console.log(JSON.stringify(await openLoop(url, Number(rate), Number(seconds))));
}

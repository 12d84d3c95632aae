/** Drives a receiver with wrk, each signed request once. @module */
import { sign } from "../lib/verify/signature.ts";
import { GOLDEN_VECTORS } from "../tests/verify/golden_vectors.ts";

/** The secret that all requests are signed with. */
export const BENCH_SECRET = "whsec_of_the_bench";

const THREADS = 1;
/** What is sent unless told otherwise: a change of categories, some 200 bytes. */
export const BODY = GOLDEN_VECTORS[0]!.body;

/** What a run measured. Latencies in milliseconds. */
export interface Load {
  requests: number;
  seconds: number;
  /** Answers other than 2xx and 3xx. */
  refused: number;
  errors: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
}

/** Writes `count` signed requests with fresh random ids to a file that {@linkcode drive} takes. */
export async function prepare(file: string, count: number, text = BODY): Promise<void> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const body = new TextEncoder().encode(text);
  const lines = Array.from({ length: count }, () => {
    const id = crypto.randomUUID();
    return `${timestamp} ${id} ${sign(BENCH_SECRET, timestamp, id, body)}`;
  });
  await Deno.writeTextFile(file, lines.join("\n") + "\n");
}

/** Sends the prepared requests to `url` as fast as they are answered, for so many seconds, with the body they were prepared for. */
export async function drive(
  url: string,
  file: string,
  { connections, seconds, body = BODY }: { connections: number; seconds: number; body?: string },
): Promise<Load> {
  const { stdout, stderr } = await new Deno.Command("wrk", {
    args: [
      `-t${THREADS}`,
      `-c${connections}`,
      `-d${seconds}s`,
      "--latency",
      "-s",
      new URL("load.lua", import.meta.url).pathname,
      url,
      "--",
      file,
      body,
      String(THREADS),
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const result = /RESULT (\{.*\})/.exec(text)?.[1];
  if (!result) throw new Error(`wrk did not finish: ${text}${new TextDecoder().decode(stderr)}`);
  return JSON.parse(result) as Load;
}

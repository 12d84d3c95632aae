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

/** How requests are prepared. */
export interface Requests {
  /** Sent in turn; without line breaks. Default: {@linkcode BODY}. */
  bodies?: readonly string[];
  /** Gives the next request's id. Default: a random one. */
  id?: () => string;
}

/** Writes `count` signed requests to a file that {@linkcode drive} takes. */
export async function prepare(file: string, count: number, requests: Requests = {}): Promise<void> {
  const { bodies = [BODY], id = () => crypto.randomUUID() } = requests;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const bytes = bodies.map((body) => new TextEncoder().encode(body));
  const lines = Array.from({ length: count }, (_, n) => {
    const name = id();
    return `${timestamp} ${name} ${sign(BENCH_SECRET, timestamp, name, bytes[n % bytes.length]!)}`;
  });
  await Deno.writeTextFile(file, [bodies.length, ...bodies, ...lines].join("\n") + "\n");
}

/** Sends the prepared requests to `url` as fast as they are answered, for so many seconds. */
export async function drive(
  url: string,
  file: string,
  { connections, seconds }: { connections: number; seconds: number },
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
      String(THREADS),
    ],
  }).output();
  const text = new TextDecoder().decode(stdout);
  const result = /RESULT (\{.*\})/.exec(text)?.[1];
  if (!result) throw new Error(`wrk did not finish: ${text}${new TextDecoder().decode(stderr)}`);
  return JSON.parse(result) as Load;
}

/** A bare server: reads, verifies, parses, answers. Prints its port. @module */
import { createVerify } from "../lib/verify/verify.ts";

/** Serves until the process ends. `keep` has each body before it is answered; default: nobody has. */
export function serveBare(keep?: (body: Uint8Array) => Promise<unknown>): void {
  const verify = createVerify({ secrets: [Deno.env.get("BENCH_SECRET") ?? ""], maxAgeSeconds: 3600 });
  Deno.serve({
    hostname: "127.0.0.1",
    port: Number(Deno.args[0] ?? 0),
    onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
  }, async (request) => {
    const body = await request.bytes();
    if (!verify(request.headers, body, Date.now()).verified) return new Response(null, { status: 401 });
    JSON.parse(new TextDecoder().decode(body));
    if (keep !== undefined) await keep(body);
    return new Response(null, { status: 204 });
  });
}

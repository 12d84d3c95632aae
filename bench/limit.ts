/** The limit: a bare server that reads, verifies, parses, answers and keeps nothing. Prints its port. @module */
import { createVerify } from "../lib/verify/verify.ts";

const verify = createVerify({ secrets: [Deno.env.get("BENCH_SECRET") ?? ""], maxAgeSeconds: 3600 });

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0] ?? 0),
  onListen: ({ port }) => console.log(`listening on http://127.0.0.1:${port}`),
}, async (request) => {
  const body = await request.bytes();
  if (!verify(request.headers, body, Date.now()).verified) return new Response(null, { status: 401 });
  JSON.parse(new TextDecoder().decode(body));
  return new Response(null, { status: 204 });
});

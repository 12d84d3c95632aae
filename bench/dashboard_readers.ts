/**
 * People who look at the dashboard: each has the live page open, and one of them goes to another page each second.
 *
 *     deno run -N bench/dashboard_readers.ts ADMIN_URL READERS
 *
 * Says `open` once all streams are, and at its end (when its input ends) what it has read.
 *
 * @module
 */
const [url = "", readers = "10"] = Deno.args;
const PAGES = ["/", "/deliveries", "/?field=links.*", "/deliveries?state=dead", "/coins/coin-77", "/sources"];

let bytes = 0, pages = 0;
const { hostname, port } = new URL(url);
/** By bare connections, since browsers run on other machines: what reads must not take the relay's processor time. */
const streams = await Promise.all(
  Array.from({ length: Number(readers) }, async () => {
    const stream = await Deno.connect({ hostname, port: Number(port) });
    await stream.write(
      new TextEncoder().encode(`GET /live/stream HTTP/1.1\r\nHost: ${hostname}:${port}\r\n\r\n`),
    );
    bytes += await stream.read(new Uint8Array(65536)) ?? 0;
    return stream;
  }),
);
const reading = streams.map(async (stream) => {
  const buffer = new Uint8Array(65536);
  try {
    for (let count: number | null; (count = await stream.read(buffer)) !== null;) bytes += count;
  } catch {
    // it was closed
  }
});
const visiting = setInterval(async () => {
  const response = await fetch(`${url}${PAGES[pages++ % PAGES.length]}`, {
    headers: { accept: "text/html" },
  });
  await response.body?.cancel();
}, 1000);
console.log("open");
for await (const _ of Deno.stdin.readable) { /* nothing is said */ }
clearInterval(visiting);
for (const stream of streams) stream.close();
await Promise.all(reading);
console.log(JSON.stringify({ bytes, pages }));
Deno.exit(0);

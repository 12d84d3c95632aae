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

const stop = new AbortController();
let bytes = 0, pages = 0;
const streams = await Promise.all(
  Array.from({ length: Number(readers) }, () => fetch(`${url}/live/stream`, { signal: stop.signal })),
);
const reading = streams.map(async (response) => {
  try {
    for await (const chunk of response.body!) bytes += chunk.byteLength;
  } catch {
    // it was stopped
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
stop.abort();
await Promise.all(reading);
console.log(JSON.stringify({ bytes, pages }));
Deno.exit(0);

/**
 * Measures how long after its ack an event stands on the live page, in a real Chromium.
 *
 *     deno run --import-map=.imports.json -A bench/dashboard_live.ts [EVENTS]
 *
 * @module
 */
import { findChromium, openPage, startChromium } from "../tests/browser/chromium.ts";
import { coinBody } from "../tests/admin/room.ts";
import { freePort } from "../tests/support/free_port.ts";
import { signedRequest } from "../tests/support/signed_request.ts";
import { startRelay } from "./servers.ts";
import { BENCH_SECRET } from "./wrk.ts";

/** Longer than a page rests between two batches, and never in step with it. */
const PAUSE_MS = 217;

/** Runs in the page: notes when each coin's row is there. */
const WATCH = `
  globalThis.seen = {};
  const list = document.querySelector("[data-events]");
  new MutationObserver(() => {
    for (const row of list.querySelectorAll("[data-coin]")) seen[row.dataset.coin] ??= Date.now();
  }).observe(list, { childList: true });
`;

const events = Number(Deno.args[0] ?? 100);
const executable = await findChromium();
if (executable === null) Deno.exit(1);
const port = freePort();
await using relay = await startRelay({ admin: { hostname: "127.0.0.1", port } });
const browser = await startChromium(executable);
const { page, close } = await openPage(browser, `http://127.0.0.1:${port}`);
await page.goto("/");
await page.locator("[data-connection].good").waitFor();
await page.evaluate(WATCH);
const acked: Record<string, number> = {};
for (let i = 0; i < events; i++) {
  const coin = `coin-${i}`;
  const request = signedRequest({ secret: BENCH_SECRET, body: coinBody(coin, []) });
  const response = await fetch(`${relay.url}/webhook`, request);
  acked[coin] = Date.now();
  await response.body?.cancel();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
await page.locator(`[data-coin="coin-${events - 1}"]`).waitFor();
const seen = await page.evaluate<Record<string, number>>("seen");
const took = Object.keys(acked).map((coin) => seen[coin]! - acked[coin]!).sort((a, b) => a - b);
console.log(
  `${took.length} events; ms from ack to page: median ${took[took.length >> 1]}, worst ${took.at(-1)}`,
);
await close();
await browser.close();

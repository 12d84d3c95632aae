/**
 * `deno task screenshots`: runs the relay, sends it samples, and takes the pictures of the documents into `docs/images/`.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { loadConfig } from "../../lib/config/load.ts";
import { configureLog } from "../../lib/log.ts";
import { startRelay } from "../../lib/relay.ts";
import { SAMPLES } from "../../lib/samples.ts";
import { goesOn } from "../../lib/task_help.ts";
import { signedRequest } from "../support/signed_request.ts";
import { until } from "../support/until.ts";
import { findChromium, openPage, startChromium } from "./chromium.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const OUT = join(ROOT, "docs", "images");
const SECRET = "whsec_made_for_the_screenshots";
/** Its signs need fonts that few machines have. */
const HOSTILE = "non-ascii";

const HELP =
  `Runs the relay, sends it samples, and takes the pictures of the documents into docs/images/. Needs Chromium.`;
if (!goesOn("screenshots", HELP)) Deno.exit();

const executable = await findChromium();
if (executable === null) Deno.exit(1);
configureLog({ level: "error" });
const folder = await Deno.makeTempDir({ prefix: "coinrelay-screenshots-" });

/** Where the routes deliver to: it is out of order for links. */
const receiver = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
  await request.body?.cancel();
  return new Response(null, { status: new URL(request.url).pathname === "/links" ? 404 : 200 });
});
const url = `http://127.0.0.1:${receiver.addr.port}`;
const config = {
  server: { hostname: "127.0.0.1", port: 0 },
  admin: { port: 0 },
  pluginsDir: join(ROOT, "plugins"),
  sources: [{ name: "cryptosync", secrets: [SECRET] }],
  routes: [
    { name: "log", plugin: "log", fields: ["*"] },
    {
      name: "security",
      plugin: "http",
      fields: ["public_notices", "additional_notices.*", "platforms.*"],
      options: { url: `${url}/security` },
    },
    { name: "links", plugin: "http", fields: ["links.*"], options: { url: `${url}/links` } },
  ],
};
const file = join(folder, "config.json");
await Deno.writeTextFile(file, JSON.stringify(config));
const relay = await startRelay(loadConfig(file, {}), file);

async function send(request: Parameters<typeof signedRequest>[0]): Promise<void> {
  const response = await fetch(`${relay.url}/webhook`, signedRequest({ secret: SECRET, ...request }));
  await response.body?.cancel();
}
for (let round = 0; round < 2; round++) {
  for (const { name, body } of SAMPLES) if (name !== HOSTILE) await send({ body });
}
await send({ secret: "whsec_of_another_webhook", id: "1f0b7a5e-8c61-4a39-9d0c-6a4e0f0b7711" });
await send({
  timestamp: String(Math.floor(Date.now() / 1000) - 5400),
  id: "7d9c2c0a-54a5-4a0b-8f6b-8d1f6f0a9c02",
});

const api = async (path: string) => await (await fetch(`${relay.adminUrl}/api${path}`)).json();
await until("all is settled", async () => {
  const { waiting, running, dead } = await api("/overview");
  return waiting === 0 && running === 0 && dead > 0;
});
const { items: [dead] } = await api("/dead-letters");

const browser = await startChromium(executable);
await Deno.mkdir(OUT, { recursive: true });
const VIEWS = [
  { name: "live", path: "/", colorScheme: "light", width: 1280, height: 860 },
  { name: "live-dark", path: "/", colorScheme: "dark", width: 1280, height: 860 },
  { name: "live-phone", path: "/?limit=8", colorScheme: "light", width: 390, height: 844 },
  { name: "event", path: `/events/seq:${dead.event.seq}`, colorScheme: "light", width: 1280, height: 860 },
  { name: "coin", path: "/coins/usd-coin", colorScheme: "light", width: 1280, height: 860 },
  { name: "dead-letters", path: "/deliveries?state=dead", colorScheme: "light", width: 1280, height: 860 },
  { name: "sources", path: "/sources#refusal-1", colorScheme: "light", width: 1280, height: 1060 },
  { name: "plugins", path: "/plugins", colorScheme: "light", width: 1280, height: 860 },
] as const;
for (const { name, path, colorScheme, width, height } of VIEWS) {
  const { page, close } = await openPage(browser, relay.adminUrl, {
    colorScheme,
    viewport: { width, height },
  });
  await page.goto(path);
  if (name.startsWith("live")) await page.locator("[data-connection].good").waitFor();
  await page.screenshot({ path: join(OUT, `${name}.png`), animations: "disabled" });
  await close();
  console.log(`docs/images/${name}.png`);
}
await browser.close();
await relay.stop(2000);
await receiver.shutdown();
await Deno.remove(folder, { recursive: true });

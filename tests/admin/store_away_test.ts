import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { GOLDEN_SECRET } from "../verify/golden_vectors.ts";
import { render } from "../../lib/admin/pages/layout.tsx";
import { StoreAway } from "../../lib/admin/pages/store_away.tsx";
import { createReadiness, sendersOf } from "../../lib/admin/read/readiness.ts";
import { openRoom, type RoomSettings } from "./room.ts";

const SAID = `Cannot use db at 10.0.0.7: no route to <host> (key ${GOLDEN_SECRET})`;
const AT = Date.UTC(2026, 0, 1, 12);
const HTML = { headers: { accept: "text/html" } };

/** A relay whose store the dashboard cannot read; whether the relay itself can store is what the test says. */
async function cutOff(ready: () => Promise<void>, settings: RoomSettings = {}) {
  const room = await openRoom({ now: () => AT + 60_000, ...settings });
  const away = () => Promise.reject(new StoreUnavailable(SAID));
  Object.assign(room.parts.store, { counts: away, events: away, delivery: away, deliveries: away, ready });
  return room;
}

const away = () => Promise.reject(new StoreUnavailable("away"));
const text = async (response: Response) =>
  (await response.text()).replace(/<head>.*<\/head>/s, "").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

/** A delivery that the relay refused since its store could not take it. */
const refused = (source: string, at: number) => ({
  source,
  at,
  result: "rejected" as const,
  reason: "store_unavailable" as const,
  authentic: true,
  test: false,
  headers: { timestamp: "", id: "evt", signature: "" },
  body: new Uint8Array(),
  notUnderstood: null,
  tookMs: 1,
});

Deno.test("while the store is away a page says what it says, since when senders are refused, and what to do", async () => {
  await using room = await cutOff(away, { sources: [{}, { name: "second", path: "/second" }] });
  room.ledger.record(refused("cryptosync", AT + 30_000));
  room.ledger.record(refused("second", AT));
  for (const path of ["/", "/deliveries", "/events/seq:1", "/coins/aave"]) {
    const response = await room.ask(path, HTML);
    assertEquals([response.status, response.headers.get("retry-after")], [503, "5"], path);
    const page = await response.text();
    assertStringIncludes(page, "Cannot use db at 10.0.0.7: no route to &lt;host&gt; (key •••)", path);
    assertMatch(
      page,
      /answered 503 .*The first was refused <time datetime="2026-01-01T12:00:00.000Z"/s,
      path,
    );
    assertStringIncludes(page, "deno task doctor", path);
    assertStringIncludes(page, `<a class="button primary" href="${path}">Look again</a>`, path);
  }
  assertEquals(room.faults, []);
});

Deno.test("the page of a store that is away tells of senders just what is known", async () => {
  await using unasked = await cutOff(away);
  const nobody = await text(await unasked.ask("/", HTML));
  assertMatch(nobody, /Senders are answered 503 .* None has come since the store went away/);
  await using served = await cutOff(() => Promise.resolve());
  served.ledger.record(refused("cryptosync", AT)); // by its own connection the relay can store again
  const good = await text(await served.ask("/", HTML));
  assertMatch(good, /Senders are served: only the dashboard cannot read the store/);
  assert(!good.includes("503"), good);
});

Deno.test("of a relay that does not say whether it can store it is not said that its senders are refused", async () => {
  await using room = await openRoom();
  for (const ready of [() => new Promise<void>(() => {}), () => Promise.reject(new TypeError("a fault"))]) {
    room.parts.store.ready = ready;
    const senders = await sendersOf(room.parts, 1);
    assertEquals(senders, { served: null, refusedSince: null });
    const page = render(StoreAway({ said: SAID, senders, again: "/" }));
    assertStringIncludes(page, "Whether senders are served is not known");
  }
});

Deno.test("a store that is slow to answer holds pages up no more often than one that is well", async () => {
  let [at, asked] = [AT, 0];
  const ready = () => {
    asked++;
    return new Promise<void>(() => {});
  };
  const readiness = createReadiness({ store: { ready }, now: () => at }, 1);
  for (const later of [0, 1000, 29_999, 30_000, -1]) {
    at = AT + later;
    assertEquals(await readiness(), null);
  }
  assertEquals(asked, 3); // at the first, after half a minute, and after the clock was set back
});

Deno.test("a store that can be read and takes nothing is told first on every page, and asked again until it does", async () => {
  let at = AT;
  let full = true;
  let asked = 0;
  await using room = await openRoom({ now: () => at });
  room.parts.store.ready = () => {
    asked++;
    return full ? Promise.reject(new StoreUnavailable(`${SAID}\nmore`)) : Promise.resolve();
  };
  room.ledger.record(refused("cryptosync", AT));
  const problems = async () => {
    at += 1000;
    return (await room.json("/api/overview")).problems.map((one: { text: string }) => one.text);
  };
  const keeps =
    "cryptosync keeps refusing deliveries (could not be stored): 1 of the provider's 14 tries used";
  const takesNothing =
    "the store takes nothing, and senders are answered 503: Cannot use db at 10.0.0.7: no route to <host> (key •••)";
  assertEquals(await problems(), [takesNothing, keeps]);
  assertEquals(await problems(), [takesNothing, keeps]);
  assertStringIncludes(await (await room.ask("/", HTML)).text(), "Needs you");
  full = false;
  for (let second = 0; second < 20; second++) assertEquals(await problems(), [keeps]);
  assertEquals(asked, 3);
});

Deno.test("the page of a store that is away leads back to what was asked, or to the live view from what was sent", async () => {
  await using room = await cutOff(away);
  const led = async (path: string, init: RequestInit) =>
    /href="([^"]*)">Look again/.exec(await (await room.ask(path, init)).text())![1];
  assertEquals(await led("/deliveries?state=dead&route=a", HTML), "/deliveries?state=dead&amp;route=a");
  const body = new URLSearchParams({ do: "retry" });
  assertEquals(await led("/deliveries/1/do", { method: "POST", body, ...HTML }), "/");
});

Deno.test("programs are told what a store that is away says, strangers are not", async () => {
  await using room = await cutOff(() => Promise.reject(new StoreUnavailable(SAID)), {
    admin: { token: "the-whole-token" },
  });
  const detail = async (path: string, headers: HeadersInit) => {
    const response = await room.ask(path, { headers });
    assertEquals(response.status, 503);
    return (await response.json()).detail;
  };
  const authorization = "Bearer the-whole-token";
  assertEquals(
    await detail("/api/deliveries", { authorization }),
    "The store does not answer: Cannot use db at 10.0.0.7: no route to <host> (key •••)",
  );
  for (const headers of [{}, { authorization }]) {
    assertEquals(await detail("/readyz", headers), "The store cannot answer now: see the log.");
  }
});

Deno.test("a SQLite file that is gone before the dashboard is opened is told with what to do, and shown once it is back", async () => {
  await using room = await openRoom({ thread: true });
  const [here, aside] = [`${room.folder}/relay.db`, `${room.folder}/aside.db`];
  await Deno.rename(here, aside);
  const response = await room.ask("/", HTML);
  assertEquals(response.status, 503);
  assertMatch(await text(response), /Cannot (open|use) .*relay\.db.* Senders are answered 503/);
  await Deno.rename(aside, here);
  assertEquals((await room.ask("/", HTML)).status, 200);
});

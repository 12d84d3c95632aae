import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Change, Json } from "coinrelay/plugin";
import linkCheck from "../../plugins/link_check.ts";
import { attempt } from "./attempt.ts";
import { updated } from "./events.ts";
import { HOSTILE, hostileEvent } from "./hostile.ts";
import { internet, type Sites } from "./internet.ts";
import links from "./links.json" with { type: "json" };

const options = { timeoutSeconds: 10, attempts: 1 };
const impatient = { ...options, timeoutSeconds: 0.3 };
const changed = (old_value: Json, new_value: Json, field = "links.homepage"): Change => ({
  field,
  change_type: "update",
  old_value,
  new_value,
});

interface Labelled {
  field: string;
  old: string | null;
  new: string;
  reasons: string[];
  source: string;
  sites?: Sites;
  coin?: { id: string; name: string; symbol: string };
}

Deno.test("link_check is right about every link of the labelled set", async () => {
  await using web = internet();
  const set = links as Labelled[];
  await Promise.all(set.map(async (one) => {
    const event = updated([changed(one.old ?? [], [one.new], one.field)], one.coin && { coin: one.coin });
    const sites = one.sites ?? {};
    const hangs = Object.values(sites).includes("hang");
    const ending = await attempt(linkCheck, event, {
      options: hangs ? impatient : options,
      fetch: web.fetch(sites),
    });
    const what = `${one.new} (${one.source})`;
    assertEquals(ending.error, "", what);
    const [told, ...more] = ending.emitted;
    assertEquals(more, []);
    assertEquals(told?.data.reasons ?? [], one.reasons, what);
    assertEquals(told?.type, one.reasons.length > 0 ? "relay.link.suspicious" : "relay.link.checked", what);
  }));
  assert(set.length >= 60);
});

Deno.test("link_check looks at new links alone, each once, and leaves names of accounts be", async () => {
  await using web = internet();
  const event = updated([
    changed(["https://a.example", "https://b.example"], ["https://b.example", "https://c.a.example"]),
    changed("https://w.example", "", "links.whitepaper"),
    changed("", "tether_to", "links.twitter_screen_name"),
    changed(null, null, "links.chat_url"),
    changed("x", "y", "name"),
  ]);
  const { emitted } = await attempt(linkCheck, event, { options, fetch: web.fetch({}) });
  assertEquals(emitted.map(({ data }) => data.link), ["https://c.a.example"]);
  assertEquals(web.asked.map(({ url }) => url), ["https://c.a.example/"]);
});

Deno.test("link_check says why, how grave, and where the link leads", async () => {
  await using web = internet();
  const event = updated([changed("https://apple.com", "http://аррӏе.com")]);
  const fetch = web.fetch({ "xn--80ak6aa92e.com": "https://parked.example/" });
  const { emitted } = await attempt(linkCheck, event, { options, fetch });
  assertEquals(emitted, [{
    type: "relay.link.suspicious",
    data: {
      summary: "Homepage changed: the new link looks suspicious",
      severity: "critical",
      field: "links.homepage",
      link: "http://аррӏе.com",
      reasons: ["look-alike", "punycode", "other domain", "plain http", "redirected away"],
      host: "xn--80ak6aa92e.com",
      shown_as: "аррӏе.com",
      status: 200,
      leads_to: "https://parked.example/",
    },
  }]);
});

Deno.test("link_check asks again before it calls a site dead", async () => {
  await using web = internet();
  const event = updated([changed("", "https://tether.to")]);
  for (const does of ["down", "hang", "502"]) {
    const around = { options: { ...impatient, attempts: 3 }, fetch: web.fetch({ "tether.to": does }) };
    const first = await attempt(linkCheck, event, around);
    assertEquals([first.outcome, first.emitted], ["retry", []]);
    assertMatch(
      first.error,
      /^tether\.to .*; looking again later: this was attempt 1 of 3, which retry\.maxAttempts must allow/,
    );
  }
  const gone = { options: { ...options, attempts: 3 }, fetch: web.fetch({ "tether.to": "404" }) };
  assertEquals((await attempt(linkCheck, event, gone)).emitted[0]?.data.reasons, ["dead"]);
});

Deno.test("link_check tells what is grave at once, whoever of the event's links does not answer", async () => {
  await using web = internet();
  const event = updated([
    changed(["https://tether.to"], ["https://teth\u0435r.to", "https://status.tether.to"]),
  ]);
  for (
    const sites of [{ "status.tether.to": "down" }, { "status.tether.to": "503", "xn--tethr-2we.to": "down" }]
  ) {
    const { error, emitted } = await attempt(linkCheck, event, {
      options: { ...options, attempts: 3 },
      fetch: web.fetch(sites),
    });
    assertEquals(error, "");
    assertEquals(emitted.map(({ data }) => [data.severity, data.link]), [
      ["critical", "https://teth\u0435r.to"],
      ["warning", "https://status.tether.to"],
    ]);
    assertEquals([emitted[1]!.data.reasons, emitted[1]!.data.asked], [["dead"], "1 of 3 times"]);
  }
});

Deno.test("link_check waits for a link and all that it redirects to no longer than its options say", async () => {
  await using web = internet();
  const sites = {
    "tether.to": "slow https://2.example/",
    "2.example": "slow https://3.example/",
    "3.example": "200",
  };
  const around = { options: { timeoutSeconds: 0.4, attempts: 1 }, fetch: web.fetch(sites) };
  const { emitted } = await attempt(linkCheck, updated([changed("", "https://tether.to")]), around);
  assert((emitted[0]?.data.reasons as string[]).includes("dead"));
  assert(!web.asked.some(({ url }) => url.includes("3.example")));
});

Deno.test("link_check sends nobody a password that stands in a link", async () => {
  await using web = internet();
  await attempt(linkCheck, updated([changed("", "https://me:hush@tether.to/")]), {
    options,
    fetch: web.fetch({}),
  });
  const [request] = web.asked;
  assertEquals(request!.url, "https://tether.to/");
  assertEquals([...request!.headers.keys()].sort(), ["accept", "user-agent"]);
});

Deno.test("link_check gives up at the route's timeout", async () => {
  await using web = internet();
  const around = {
    options: { timeoutSeconds: 10, attempts: 1 },
    fetch: web.fetch({ "tether.to": "hang" }),
    timeoutMs: 100,
  };
  const { outcome } = await attempt(linkCheck, updated([changed("", "https://tether.to")]), around);
  assertEquals(outcome, "retry");
});

Deno.test("link_check takes hostile texts", async (step) => {
  await using web = internet();
  for (const [says, text] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      const ending = await attempt(linkCheck, hostileEvent(text), { options, fetch: web.fetch({}) });
      assertEquals(ending.error, "");
      for (const { data } of ending.emitted) assert(JSON.stringify(data).length < 10_000);
    });
  }
  const many = Array.from({ length: 100 }, (_, i) => `https://host-${i}.example`);
  const ending = await attempt(linkCheck, updated([changed([], many)]), { options, fetch: web.fetch({}) });
  assertEquals(ending.emitted.length, 30);
  assertStringIncludes(ending.log[0]!, "100 new links");
});

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { asCurl, asTest } from "../../lib/admin/pages/copies.tsx";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, readUntil, update } from "./room.ts";

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>'\u202Egnp.exe\u200B\u0007`;
const SOURCE = "cryptosync";

/** Every page of a relay in which all that strangers can name is hostile. */
async function hostileRoom() {
  const room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["*"] }],
    descriptions: [{ name: "log", description: EVIL }],
    status: [{
      name: "log",
      lastError: EVIL,
      refused: [{ kind: "net", target: EVIL, route: null, count: 1, lastAt: 0, remedy: EVIL }],
    }],
    mistakes: [{ route: "all", path: EVIL, message: EVIL }],
    refusedConfig: EVIL,
    run: () => ({ outcome: "permanent", error: EVIL, sent: [{ what: EVIL, status: 500, body: EVIL }] }),
    dryRun: () => ({ outcome: "failed", error: EVIL, lines: [EVIL] }),
  });
  const body = JSON.stringify({
    event_type: `cg.coin.${EVIL}`,
    data: {
      id: EVIL,
      symbol: EVIL,
      name: EVIL,
      changes: [
        update(EVIL, EVIL, `${EVIL} and more words, enough to be compared word by word`),
        update(`links.${EVIL}`, [EVIL], [`${EVIL}2`]),
        { field: "categories", change_type: "addition", new_value: EVIL },
        { field: `platforms.${EVIL}`, change_type: EVIL, new_value: { [EVIL]: EVIL } },
      ],
    },
  });
  await room.deliver({ id: "evil<script>alert(1)</script>", body });
  await room.deliver({ id: "<script>alert(1)</script>", body: `<script>alert(1)</script>\u202E` });
  await room.deliver({
    id: "<script>alert(3)</script>",
    secret: "whsec_wrong",
    body: `<script>alert(1)</script>${EVIL}`,
  });
  await until("all are dead", async () => (await room.json("/api/dead-letters")).items.length >= 1);
  return room;
}

Deno.test("hostile names are text on every page and in what the stream brings", async () => {
  await using room = await hostileRoom();
  const { items } = await room.json("/api/events?type=" + encodeURIComponent(`cg.coin.${EVIL}`));
  const { items: [dead] } = await room.json("/api/dead-letters");
  const pages = [
    "/",
    `/?${new URLSearchParams({ coin: EVIL, q: EVIL, type: EVIL, route: EVIL, changeType: EVIL })}`,
    `/events/seq:${items[0].seq}`,
    `/events/${encodeURIComponent("<script>alert(1)</script>")}`,
    `/events/${encodeURIComponent(EVIL)}`,
    `/coins/${encodeURIComponent(EVIL)}`,
    `/coins/${encodeURIComponent(`${EVIL}nobody`)}`,
    "/deliveries",
    `/deliveries?${new URLSearchParams({ coin: EVIL, route: EVIL, event: EVIL })}`,
    `/deliveries/${dead.id}`,
    "/sources",
    "/plugins",
    "/config",
    `/test?sample=non-ascii`,
    `/test?${new URLSearchParams({ body: EVIL, sample: EVIL, source: EVIL })}`,
    `/${EVIL}`,
  ];
  for (const path of pages) {
    const response = await room.ask(path, { headers: { accept: "text/html" } });
    const html = await response.text();
    assertMatch(response.headers.get("content-type") ?? "", /text\/html/, path);
    assert(!html.includes("<script>alert"), path);
    assert(!html.includes("<img"), path);
    // Attributes may hold the characters, since nothing shows them; text may not.
    const text = html.replace(/<[^>]*>/g, "");
    assert(!["\u202E", "\u200B", "\u0007"].some((hidden) => text.includes(hidden)), path);
  }
  const response = await room.ask("/live/stream?after=0", { headers: { accept: "text/event-stream" } });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const stream = await readUntil(reader, "alert(1)");
  await reader.cancel();
  // Rows and problems are markup; the rest is JSON that is never put into the page as such.
  const dataOf = (event: string) =>
    stream.split("\n\n").filter((one) => one.startsWith(`event: ${event}\n`))
      .map((one) => one.replace(/^(event|id): .*$|^data: /gm, ""));
  const markup = [...dataOf("row"), ...dataOf("pulse").map((data) => JSON.parse(data).problems)].join("");
  assertMatch(markup, /alert\(1\)/);
  assert(!markup.includes("<script>alert") && !markup.includes("<img"));
});

Deno.test("a coin whose id is no well-formed text breaks no page", async () => {
  await using room = await openRoom();
  await room.deliver({
    id: "e",
    body: '{"event_type":"x","data":{"id":"a\\ud800b","name":"\\udfff","changes":[]}}',
  });
  for (const path of ["/", "/events/e", "/api/events", "/deliveries"]) {
    assertEquals((await room.ask(path, { headers: { accept: "text/html" } })).status, 200, path);
  }
  const html = await (await room.ask("/", { headers: { accept: "text/html" } })).text();
  const [, coin] = /href="(\/coins\/[^"]+)"/.exec(html)!;
  assertEquals((await room.ask(coin!, { headers: { accept: "text/html" } })).status, 200);
});

Deno.test("what every object has a part of the name of is no more than a name: of an event's type, of what was done", async () => {
  await using room = await openRoom();
  await room.deliver({ body: JSON.stringify({ event_type: "constructor", data: { id: "aave" } }) });
  for (const path of ["/", "/events/seq:1", "/coins/aave", "/deliveries?done=constructor"]) {
    const response = await room.ask(path);
    assertEquals([path, response.status], [path, 200]);
    assert(!(await response.text()).includes('<p class="notice'), path);
  }
});

Deno.test("a page stays small whatever an event holds", async () => {
  await using room = await openRoom();
  const long = "long ".repeat(50_000);
  await room.deliver({
    id: "long",
    body: coinBody("x", [
      update("public_notices", long, `${long}!`),
      update("name", long.replaceAll(" ", ""), long.replaceAll(" ", "-")),
      update("links.homepage", [], Array.from({ length: 2000 }, (_, i) => `https://${i}.example`)),
    ]),
  });
  await room.deliver({
    id: "data",
    body: JSON.stringify({ event_type: "x", data: { id: "x", text: long, summary: long } }),
  });
  await room.deliver({
    id: "many",
    body: coinBody("x", Array.from({ length: 5000 }, () => update("name", "a", "b"))),
  });
  const size = async (path: string) =>
    (await (await room.ask(path, { headers: { accept: "text/html" } })).text()).length;
  assert(await size("/") < 40_000, "the live view");
  for (const id of ["long", "data", "many"]) assert(await size(`/events/${id}`) < 1_500_000, id);
});

Deno.test("hidden characters are shown by their code, an emoji's joiner is left alone", async () => {
  await using room = await openRoom();
  await room.deliver({
    id: "e",
    body: coinBody("x", [update("name", "a", "👩‍💻 \u202Eabc 👨🏽‍🚀")], "US\u200DDC"),
  });
  const html = await (await room.ask("/", { headers: { accept: "text/html" } })).text();
  assertStringIncludes(html, "👩‍💻");
  assertStringIncludes(html, "👨🏽‍🚀");
  assertMatch(html, /US<span class="ctl"[^>]*>U\+200D<\/span>DC/);
  assertMatch(html, /<span class="ctl"[^>]*>U\+202E<\/span>abc/);
});

Deno.test("a hostile body cannot break out of the shell that its curl is pasted into", async () => {
  await using room = await openRoom();
  const body = `@'; touch /tmp/owned; echo '$(id) \`id\` \\\\"}`;
  await room.deliver({ id: "it's;id", body });
  const command = asCurl(
    await room.json(`/api/events/${encodeURIComponent("it's;id")}`),
    "http://127.0.0.1:1/webhook",
  );
  const echo = command.replace(/^curl/, "printf '%s\\n'");
  const { stdout } = await new Deno.Command("sh", { args: ["-c", echo] }).output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertEquals(lines.at(-1), body);
  assert(lines.includes("x-cg-event-id: it's;id"));
});

Deno.test("curl sends a body that begins with @ as it is", async () => {
  await using room = await openRoom();
  const body = "@/dev/null\n{'a': 1}\r\n";
  await room.deliver({ id: "at", body });
  const { promise, resolve } = Promise.withResolvers<string>();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    resolve(await request.text());
    return new Response();
  });
  const command = asCurl(await room.json("/api/events/at"), `http://127.0.0.1:${server.addr.port}/`);
  const { success } = await new Deno.Command("sh", { args: ["-c", command] }).output();
  assert(success);
  assertEquals(await promise, body);
});

Deno.test("an event copied as curl is known to the relay, also one whose body is no text", async () => {
  await using room = await openRoom();
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => room.receive(request),
  );
  for (
    const [id, body] of Object.entries({
      text: coinBody("aave", []),
      bytes: new Uint8Array([255, 10, 13, 0, 64]),
    })
  ) {
    await room.deliver({ id, body });
    const command = asCurl(
      await room.json(`/api/events/${id}`),
      `http://127.0.0.1:${server.addr.port}/webhook`,
    );
    const { stdout } = await new Deno.Command("sh", { args: ["-c", command] }).output();
    assertMatch(new TextDecoder().decode(stdout), /^HTTP\S+ 200 [^]*"status":"duplicate"/, id);
  }
});

Deno.test("an event copied as a test is a program that says the same event", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "e", body: coinBody("aave", [update("name", "a`${1}</script>", "b\u2028")]) });
  const event = await room.json("/api/events/e");
  const literal = /const event = (\{.*?\n\});/s.exec(asTest(event))![1]!;
  assertEquals(JSON.parse(literal).changes, event.changes);
});

Deno.test("a hostile type is only the name of the test that an event is copied as", async () => {
  await using room = await openRoom();
  const type = `x", () => {});\nDeno.exit(7); ("\u2028\\\``;
  await room.deliver({ id: "e", body: JSON.stringify({ event_type: type, data: {} }) });
  const program = asTest(await room.json("/api/events/e")).replace(/^import.*\n/, "");
  const names: string[] = [];
  new Function("Deno", program)({ test: (name: string) => void names.push(name) });
  assertEquals(names, [`NAME takes ${type}`]);
});

Deno.test("an event's page shows what each attempt sent, and what was answered", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({
      sent: [
        { what: "POST https://hooks.example/•••", status: 202, body: '{"text":"Aave"}' },
        { what: "mail to ops@example.com: Aave", status: null, body: "" },
      ],
    }),
  });
  await room.deliver({ id: "told", body: coinBody("aave", []) });
  const page = await until("the attempt is shown", async () => {
    const html = await (await room.ask("/events/told", { headers: { accept: "text/html" } })).text();
    return html.includes("tries") ? html.replace(/<[^>]*>/g, "") : null;
  });
  assertStringIncludes(page, "sent POST https://hooks.example/••• → 202");
  assertStringIncludes(page, "{&quot;text&quot;:&quot;Aave&quot;}");
  assertStringIncludes(page, "sent mail to ops@example.com: Aave");
});

Deno.test("pages lead on where there is nothing yet", async () => {
  await using room = await openRoom();
  const page = async (path: string) =>
    await (await room.ask(path, { headers: { accept: "text/html" } })).text();
  assertStringIncludes(await page("/"), "Waiting for the first event");
  assertStringIncludes(await page("/"), "http://127.0.0.1:8080/webhook");
  assertStringIncludes(await page("/deliveries"), "No deliveries yet");
  assertStringIncludes(await page("/sources"), "Nothing was refused");
  assertStringIncludes(await page("/plugins"), "No route is in force");
  assertStringIncludes(await page("/coins/nobody"), "No stored event speaks of this coin");
});

Deno.test("forms do what their buttons say, and lead back", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: () => ({ outcome: "permanent", error: "no" }),
  });
  const form = async (path: string, fields: Record<string, string>) => {
    const response = await room.ask(path, { method: "POST", body: new URLSearchParams(fields) });
    return [response.status, response.headers.get("location")];
  };
  for (let i = 0; i < 3; i++) await room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  const dead = async () => (await room.json(`/api/dead-letters?source=${SOURCE}`)).items;
  await until("all are dead", async () => (await dead()).length === 3);
  room.setRun(() => {});
  const [first] = await dead();
  assertEquals(await form(`/deliveries/${first.id}/do`, { do: "retry", back: "/deliveries?state=dead" }), [
    303,
    "/deliveries?state=dead&done=retry",
  ]);
  await until("it is done", async () => (await dead()).length === 2);
  assertStringIncludes(
    await (await room.ask(`/deliveries/${first.id}?done=retry`)).text(),
    '<p class="notice good"',
  );
  assertStringIncludes(
    await (await room.ask(`/deliveries/${first.id}?done=nothing`)).text(),
    '<p class="notice warning"',
  );
  for (const what of ["retry", "discard"]) {
    assertEquals(
      (await form(`/deliveries/${first.id}/do`, { do: what }))[1],
      `/deliveries/${first.id}?done=nothing`,
    );
  }
  assertStringIncludes(
    await (await room.ask(`/deliveries/${first.id}?done=nothing`)).text(),
    "Nothing was done: it has moved on meanwhile.",
  );
  const narrowed = await (await room.ask(`/deliveries?source=${SOURCE}&since=2020-01-01`)).text();
  assertStringIncludes(narrowed, '<input type="hidden" name="since" value="2020-01-01">');
  assertEquals(
    (await form(`/deliveries/${first.id}/do`, { do: "replay", back: "https://evil.example" }))[1],
    `/deliveries/${first.id}?done=replay`,
  );

  const preview = await room.ask("/dead-letters", {
    method: "POST",
    body: new URLSearchParams({ do: "discard-all", search: "state=dead" }),
  });
  const asked = await preview.text();
  assertStringIncludes(asked, "Discard 2 dead letters?");
  assertStringIncludes(asked, "These are the dead letters of every route.");
  await until(
    "what was replayed is done",
    async () => (await room.json("/api/deliveries?state=done")).items.length === 2,
  );
  room.setRun(() => ({ outcome: "permanent", error: "no" }));
  await room.deliver({ id: "kept", body: coinBody("kept", []) });
  const names = async () => (await dead()).map(({ event }: { event: { id: string } }) => event.id);
  await until("another coin's is dead too", async () => (await names()).includes("kept"));
  const ofCoin = await room.ask("/dead-letters", {
    method: "POST",
    body: new URLSearchParams({ do: "discard-all", search: "state=dead&coin=aave" }),
  });
  const confirm = await ofCoin.text();
  assertStringIncludes(confirm, "Discard 2 dead letters?");
  assertMatch(confirm, /coin.*aave/);
  assert(!confirm.includes("of every route"));
  // What the page's own form sends.
  const value = (name: string) =>
    new RegExp(`name="${name}" value="([^"]*)"`).exec(confirm)![1]!.replaceAll("&amp;", "&");
  assertEquals(value("do"), "discard-all-now");
  const [status, location] = await form("/dead-letters", { do: value("do"), search: value("search") });
  assertEquals(status, 303);
  assertMatch(String(location), /^\/jobs\//);
  await until(
    "those of the coin are discarded",
    async () => (await room.json(String(location).replace("/", "/api/"))).state === "finished",
  );
  assertEquals(await names(), ["kept"]);
  assertEquals((await form("/dead-letters", { do: "discard-chosen" }))[0], 303);
  for (const unknown of ["discard-all-nowhere", "retry", "discard", ""]) {
    assertEquals((await form("/dead-letters", { do: unknown, search: "" }))[0], 400, unknown);
  }
  assertEquals((await form("/events/kept/do", { do: "burn", route: "all" }))[0], 400);
  const nothing = await room.ask("/dead-letters", {
    method: "POST",
    body: new URLSearchParams({ do: "discard-all", search: "coin=nobody" }),
  });
  assertMatch(await nothing.text(), /<button[^>]* disabled[^>]*>Discard 0</);
  for (const unknown of ["retry-all", "burn", ""]) {
    assertEquals((await form(`/deliveries/${first.id}/do`, { do: unknown }))[0], 400, unknown);
  }
  assertEquals(await form("/routes/all/do", { on: "0" }), [303, "/plugins?done=off#route-all"]);
  assertEquals(room.off.has("all"), true);
});

Deno.test("of an event that two sources have the page shows the one that is asked for", async () => {
  await using room = await openRoom({ sources: [{}, { name: "second", path: "/second" }] });
  await room.deliver({ id: "same", body: coinBody("first-coin", []) });
  await room.deliver({ id: "same", body: coinBody("second-coin", []) }, "/second");
  const page = await (await room.ask("/events/same?source=second")).text();
  assertEquals([page.includes("second-coin"), page.includes("first-coin")], [true, false]);
});

Deno.test("a config that was refused is told on the page of the one in force", async () => {
  await using bad = await openRoom({ refusedConfig: "routes[0].fields: is wrong" });
  const page = await (await bad.ask("/config")).text();
  assertStringIncludes(page, "What was saved last is not in force");
  assertStringIncludes(page, "routes[0].fields: is wrong");
  await using good = await openRoom();
  assert(!(await (await good.ask("/config")).text()).includes("not in force"));
});

Deno.test("what an address narrows a list by stays chosen in its form, also where the form does not offer it", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }] });
  const page = async (path: string) => await (await room.ask(path)).text();
  const several = await page("/deliveries?state=dead,pending&route=gone");
  assertStringIncludes(several, '<option value="dead,pending" selected>dead letter or waiting</option>');
  assertStringIncludes(several, '<option value="gone" selected>gone</option>');
  const live = await page("/?changeType=swap&type=cg.coin.burned");
  assertStringIncludes(live, '<option value="swap" selected>swap</option>');
  assertStringIncludes(live, '<option value="cg.coin.burned" selected>cg.coin.burned</option>');
});

Deno.test("what waits for a route that is not in force is discarded from its page, once asked back", async () => {
  await using room = await openRoom({ routes: [{ name: "here", plugin: "log" }] });
  const deliveries = ["gone", "here"].map((route) => ({ route, matched: null, dueAt: 1e15 }));
  await room.store.append(["a", "b"].map((id) => anEvent(id, { deliveries })));
  const text = async (path: string) => await (await room.ask(path)).text();
  const [problem] = (await room.json("/api/overview")).problems.slice(-1);
  assertEquals(problem.page, "/deliveries?state=pending&route=gone");
  assertStringIncludes(await text(problem.page), "Discard what waits for gone…");
  assertStringIncludes(await text("/deliveries"), "not in force");
  assertEquals((await text("/deliveries?state=pending&route=here")).includes("discard-waiting"), false);
  const [here, gone] = (await room.json("/api/deliveries?limit=2")).items;
  assertEquals((await text(`/deliveries/${here.id}`)).includes('value="discard"'), false);
  assertStringIncludes(await text(`/deliveries/${gone.id}`), 'value="discard"');

  const post = (fields: Record<string, string>) =>
    room.ask("/dead-letters", { method: "POST", body: new URLSearchParams(fields) });
  const search = "state=pending&route=gone";
  const preview = await (await post({ do: "discard-waiting", search })).text();
  assertStringIncludes(preview, "Discard 2 that wait for what is not in force?");
  assertStringIncludes(preview, 'value="discard-waiting-now"');
  assertEquals((await post({ do: "retry-waiting", search })).status, 400);
  await (await post({ do: "discard-waiting-now", search })).body?.cancel();
  await until(
    "only what is delivered waits",
    async () =>
      (await room.json("/api/deliveries?state=pending")).items.every((one: { route: string }) =>
        one.route === "here"
      ),
  );
  assertEquals((await room.json("/api/deliveries?state=pending")).items.length, 2);
});

Deno.test("choosing no dead letter touches none", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await until(
    "it is dead",
    async () => (await room.json(`/api/dead-letters?source=${SOURCE}`)).items.length === 1,
  );
  const response = await room.ask("/dead-letters", {
    method: "POST",
    body: new URLSearchParams({ do: "discard-chosen" }),
  });
  const job = response.headers.get("location")!.slice("/jobs/".length);
  const done = await until("the job has ended", async () => {
    const now = await room.json(`/api/jobs/${job}`);
    return now.state === "finished" ? now : null;
  });
  assertEquals([done.total, done.done], [0, 0]);
});

Deno.test("a body that is no form is refused where a form is expected, and is no fault of the relay's", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log" }] });
  const bodies: RequestInit[] = [
    {},
    { body: "{}", headers: { "content-type": "application/json" } },
    { body: "x", headers: { "content-type": "multipart/form-data; boundary=y" } },
  ];
  const paths = ["/sign-in", "/dead-letters", "/deliveries/1/do", "/events/e/do", "/routes/all/do", "/test"];
  for (const path of paths) {
    for (const body of bodies) {
      const response = await room.ask(path, { method: "POST", ...body });
      assertEquals([response.status, (await response.json()).detail], [
        400,
        "The body is not a form: programs use the API.",
      ], path);
    }
  }
  assertEquals(room.actions, []);
});

Deno.test("whoever may only look is shown no button that changes anything", async () => {
  const tokens = { token: "the-whole-token", readToken: "just-for-reading" };
  await using room = await openRoom({
    admin: tokens,
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: ({ event }) => ({ outcome: event.id === "dead" ? "permanent" : "done" }),
  });
  for (const id of ["dead", "done"]) await room.deliver({ id, body: coinBody("aave", []) });
  await until("both have ended", async () => {
    const counts = await room.store.counts();
    return counts.length === 2 && counts.every(({ state }) => state === "done" || state === "dead");
  });
  const buttons = async (path: string, token: string) => {
    const html = await (await room.ask(path, { headers: { authorization: `Bearer ${token}` } })).text();
    const forms = html.match(/<form[^>]*method="post".*?<\/form>/gs) ?? [];
    return forms.join("").match(/<button(?![^>]* disabled)[^>]*>[^<]*/g)?.map((one) =>
      one.replace(/.*>/, "")
    );
  };
  const [dead] = await room.store.deliveries({ states: ["dead"] }, { limit: 1 });
  const expected: Record<string, string[]> = {
    "/deliveries?state=dead": ["Retry", "Discard", "Retry all 1 dead letters that match…", "Discard all 1…"],
    "/deliveries?state=done": [],
    [`/deliveries/${dead!.id}`]: ["Retry now", "Discard"],
    "/events/done": ["Replay to it", "Try it dry", "Replay"],
    "/plugins": ["Turn off"],
    "/test": ["Sign and send"],
  };
  for (const [path, words] of Object.entries(expected)) {
    assertEquals(await buttons(path, tokens.token), ["Sign out", ...words], path);
    assertEquals(await buttons(path, tokens.readToken), ["Sign out"], path);
    for (const token of [tokens.token, tokens.readToken]) {
      const html = await (await room.ask(path, { headers: { authorization: `Bearer ${token}` } })).text();
      assertEquals(html.includes(">read only<"), token === tokens.readToken, path);
    }
  }
});

Deno.test("what is typed into the search is an event's id, or else a coin's", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "evt/1", body: coinBody("aave", []) });
  const found = async (q: string) =>
    (await room.ask(`/search?${new URLSearchParams({ q })}`)).headers.get("location");
  assertEquals(await found(" evt/1 "), "/events/seq:1");
  assertEquals(await found("usd/coin"), "/coins/usd%2Fcoin");
  assertEquals(await found(" "), "/");
});

Deno.test("a test event goes to the source that was chosen, with the body that was typed", async () => {
  await using room = await openRoom({
    sources: [{}, { name: "second", path: "/second", secrets: ["whsec_the_second_one"] }],
  });
  const send = async (fields: Record<string, string>) => {
    const response = await room.ask("/test", { method: "POST", body: new URLSearchParams(fields) });
    return (await response.text()).replace(/<[^>]*>/g, "");
  };
  const body = coinBody("typed", []);
  assertStringIncludes(await send({ source: "second", sample: "renamed", body }), "Answered 200: accepted");
  assertStringIncludes(await send({ sample: "renamed" }), "Answered 200: accepted");
  const { items: [renamed, typed] } = await room.json("/api/events");
  assertEquals([typed.source, typed.coin.id, typed.test], ["second", "typed", true]);
  assertEquals([renamed.source, renamed.changes[0].field, renamed.test], ["cryptosync", "name", true]);
  const page = await (await room.ask("/test?source=second&sample=renamed")).text();
  assertMatch(page, /<option[^>]* selected[^>]*>second</);
  assertMatch(page, /<option value="renamed" selected/);
  assertStringIncludes(page, '<input type="hidden" name="sample" value="renamed"');
  assertStringIncludes(page, '<input type="hidden" name="source" value="second" disabled'); // one field says it
  const kept = await room.ask("/test", {
    method: "POST",
    body: new URLSearchParams({ source: "second", body: "{typed" }),
  });
  assertMatch(await kept.text(), /<textarea[^>]*>\{typed</);
  for (const fields of [{ source: "nobody" }, { sample: "nothing" }]) {
    assertStringIncludes(await send(fields as Record<string, string>), "There is no s");
  }
});

Deno.test("a listing's last page says that it is the last, and each leads back to the newest", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 4; i++) await room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  const pager = async (path: string) => {
    const html = await (await room.ask(path)).text();
    const links = /<nav class="pager".*?<\/nav>/s.exec(html)?.[0] ?? "";
    return [...links.matchAll(/href="([^"]+)"|That was all/g)].map(([all, href]) =>
      href?.replaceAll("&amp;", "&") ?? all
    );
  };
  assertEquals(await pager("/?coin=aave"), []);
  const [older] = await pager("/?coin=aave&limit=2");
  assertEquals(older, "/?coin=aave&limit=2&cursor=3");
  assertEquals(await pager(older!), ["/?coin=aave&limit=2", "That was all"]);
  const rows = async (path: string) => (await (await room.ask(path)).text()).match(/(?<=data-seq=")\d+/g);
  assertEquals(await rows(older!), ["2", "1"]);
});

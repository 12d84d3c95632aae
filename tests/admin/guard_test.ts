import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createLimiter } from "../../lib/admin/guard/limiter.ts";
import { makeSession, roleOfSession } from "../../lib/admin/guard/session.ts";
import { openRoom } from "./room.ts";

const TOKENS = { token: "the-whole-token", readToken: "just-for-reading" };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const HTML = { accept: "text/html" };

function form(fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit {
  return { method: "POST", body: new URLSearchParams(fields), headers: { ...HTML, ...headers } };
}

/** The session cookie of an answer, ready to be sent. */
function cookieOf(response: Response): string {
  return response.headers.getSetCookie()[0]!.split(";")[0]!;
}

Deno.test("without a token only this machine's own names and no proxy get in", async () => {
  await using room = await openRoom();
  const status = async (headers: Record<string, string>) =>
    (await room.ask("/api/events", { headers })).status;
  for (const host of ["127.0.0.1:8081", "localhost:8081", "localhost", "[::1]:8081"]) {
    assertEquals(await status({ host }), 200);
  }
  for (const host of ["evil.example", "127.0.0.1.evil.example:8081", "10.0.0.1"]) {
    assertEquals(await status({ host }), 403);
  }
  assertEquals(await status({ "x-forwarded-for": "203.0.113.9" }), 403);
  for (const header of ["forwarded", "x-forwarded-host", "x-real-ip", "via"]) {
    assertEquals(await status({ [header]: "for=203.0.113.9" }), 403, header);
  }
});

Deno.test("without a token nobody gets in as soon as the config has the dashboard listen beyond this machine", async () => {
  await using room = await openRoom();
  room.config.admin.hostname = "0.0.0.0";
  assertEquals((await room.ask("/api/events")).status, 401);
  assertEquals((await room.post("/api/test-event")).status, 401);
});

Deno.test("a token for reading is asked for, also where it is the only one", async () => {
  await using room = await openRoom({ admin: { readToken: TOKENS.readToken } });
  const headers = bearer(TOKENS.readToken);
  assertEquals((await room.ask("/api/events")).status, 401);
  assertEquals((await room.ask("/api/events", { headers })).status, 200);
  assertEquals((await room.post("/api/test-event", {}, headers)).status, 403);
});

Deno.test("a token that is not set lets nobody in, by its own name or by none", async () => {
  await using room = await openRoom({ admin: { token: TOKENS.token } });
  assertEquals((await room.ask("/sign-in", form({ token: "" }))).status, 401);
  const { token } = TOKENS;
  for (const readToken of ["", "undefined", "null"]) {
    assertEquals(roleOfSession(makeSession("read", { readToken }, 0), { token }, 0), null, readToken);
  }
});

Deno.test("a write that another site's page caused is refused everywhere, a program's is not", async () => {
  for (const admin of [{}, TOKENS]) {
    await using room = await openRoom({ admin });
    const status = async (headers: Record<string, string>) =>
      (await room.post("/api/test-event", {}, { ...bearer(TOKENS.token), ...headers })).status;
    assertEquals(await status({}), 201);
    assertEquals(await status({ origin: "http://127.0.0.1:8081", "sec-fetch-site": "same-origin" }), 201);
    for (
      const headers of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "http://127.0.0.1:9999" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "http://127.0.0.1:8081", "sec-fetch-site": "cross-site" },
      ]
    ) assertEquals(await status(headers as Record<string, string>), 403, JSON.stringify(headers));
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const headers = { ...bearer(TOKENS.token), origin: "https://evil.example" };
      assertEquals((await room.ask("/api/routes/all", { method, headers })).status, 403, method);
    }
    assertEquals(
      (await room.ask("/sign-in", form({ token: TOKENS.token }, { origin: "https://evil.example" }))).status,
      403,
    );
  }
});

Deno.test("a proxy that ends TLS is no other site", async () => {
  await using room = await openRoom({ admin: TOKENS });
  for (const host of ["relay.example", "Relay.Example"]) {
    const headers = { host, origin: "https://relay.example", ...bearer(TOKENS.token) };
    assertEquals((await room.post("/api/test-event", {}, headers)).status, 201);
  }
});

Deno.test("with tokens, programs are asked for one and people are led to the form and back", async () => {
  await using room = await openRoom({ admin: TOKENS });
  for (const path of ["/api/events", "/api/stream", "/metrics", "/live/stream", "/nothing"]) {
    const response = await room.ask(path);
    assertEquals([response.status, response.headers.get("www-authenticate")], [401, "Bearer"], path);
    assertEquals((await response.json()).reason, "sign_in");
  }
  const page = await room.ask("/deliveries?state=dead", { headers: HTML });
  assertEquals([page.status, page.headers.get("location")], [
    303,
    "/sign-in?next=%2Fdeliveries%3Fstate%3Ddead",
  ]);
  assertEquals((await room.ask("/api/events", { headers: bearer("wrong") })).status, 401);
  for (const authorization of [`Bearer ${TOKENS.token}`, `bearer  ${TOKENS.token} `]) {
    assertEquals((await room.ask("/api/events", { headers: { authorization } })).status, 200, authorization);
  }
  for (const path of ["/favicon.svg", "/assets/x/style.css"]) {
    assertEquals((await room.ask(path)).status, 200, `${path} is for whoever signs in`);
  }
  assertEquals((await room.ask("/events/assets/x")).status, 401);
  assertEquals(
    (await room.ask("/sources", { method: "POST", headers: HTML })).headers.get("location"),
    "/sign-in?next=%2Fsources",
  );
});

Deno.test("the read token looks and changes nothing", async () => {
  await using room = await openRoom({ admin: TOKENS, routes: [{ name: "all", plugin: "log" }] });
  const headers = bearer(TOKENS.readToken);
  for (const path of ["/api/events", "/api/config", "/metrics", "/"]) {
    assertEquals((await room.ask(path, { headers })).status, 200, path);
    const method = "HEAD";
    assertEquals((await room.ask(path, { method, headers })).status, 200, path);
  }
  for (const method of ["PUT", "PATCH", "DELETE"]) {
    assertEquals((await room.ask("/api/routes/all", { method, headers })).status, 403, method);
  }
  for (
    const path of [
      "/api/test-event",
      "/api/replay",
      "/api/dead-letters/discard",
      "/api/routes/all",
      "/test",
      "/dead-letters",
    ]
  ) {
    const response = await room.post(path, {}, headers);
    assertEquals([response.status, (await response.json()).reason], [403, "read_only"], path);
  }
  assertEquals(room.actions, []);
});

Deno.test("signing in gives a cookie that scripts and other sites never see, and signing out takes it away", async () => {
  await using room = await openRoom({ admin: TOKENS });
  const response = await room.ask("/sign-in", form({ token: TOKENS.token, next: "/sources" }));
  assertEquals([response.status, response.headers.get("location")], [303, "/sources"]);
  const set = response.headers.getSetCookie()[0]!;
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"]) {
    assertStringIncludes(set, part);
  }
  assert(!set.includes("Secure") && !set.includes(TOKENS.token));
  const cookie = cookieOf(response);
  assertEquals((await room.ask("/sources", { headers: { cookie } })).status, 200);

  const secure = await room.ask("/sign-in", form({ token: TOKENS.token }, { "x-forwarded-proto": "https" }));
  assertStringIncludes(secure.headers.getSetCookie()[0]!, "Secure");
  const out = await room.ask("/sign-out", { method: "POST", headers: { cookie } });
  assertMatch(out.headers.getSetCookie()[0]!, /Max-Age=0; Path=\/$/); // that of every path
  const reading = cookieOf(await room.ask("/sign-in", form({ token: TOKENS.readToken })));
  const outAgain = await room.ask("/sign-out", { method: "POST", headers: { cookie: reading } });
  assertMatch(outAgain.headers.getSetCookie()[0]!, /Max-Age=0/);
});

Deno.test("where no token is asked for there is nothing to sign in to, and signing in leads to the live view", async () => {
  await using open = await openRoom();
  assertEquals((await open.ask("/sign-in", { headers: HTML })).headers.get("location"), "/");
  await using room = await openRoom({ admin: TOKENS });
  const page = await (await room.ask("/sign-in", { headers: HTML })).text();
  assertStringIncludes(page, '<input type="password" name="token"');
  assert(!(await (await open.ask("/", { headers: HTML })).text()).includes("Sign out"));
  assertStringIncludes(page, '<input type="hidden" name="next" value="/"');
});

Deno.test("a session ends in a week, with its token, and when a single character of it is changed", async () => {
  let now = Date.parse("2026-01-01T00:00:00Z");
  await using room = await openRoom({ admin: { ...TOKENS }, now: () => now });
  const cookie = cookieOf(await room.ask("/sign-in", form({ token: TOKENS.readToken })));
  const status = async (given: string) =>
    (await room.ask("/api/events", { headers: { cookie: given } })).status;
  assertEquals(await status(cookie), 200);
  assertEquals(await status(cookie.replace("=read.", "=full.")), 401);
  assertEquals(await status(cookie.replace(/.$/, (last) => last === "0" ? "1" : "0")), 401);
  assertEquals(await status(`${cookie}0`), 401);
  assertEquals(await status(cookie.replace("=", "=x")), 401);
  assertEquals(await status(cookie.replace(/\.(\d+)\./, (_, end) => `.${Number(end) + 1}.`)), 401);
  now += 7 * 86_400_000 + 1000;
  assertEquals(await status(cookie), 401);
  now -= 86_400_000;
  assertEquals(await status(cookie), 200);
  room.config.admin.readToken = "another-read-token";
  assertEquals(await status(cookie), 401);
});

Deno.test("after ten wrong tokens an address must wait, even with the right one; others need not", async () => {
  let now = 0;
  await using room = await openRoom({ admin: TOKENS, now: () => now });
  const tryIt = (token: string, from = "203.0.113.9") =>
    room.ask("/api/events?q=guess", { headers: bearer(token), from });
  for (let i = 0; i < 5; i++) assertEquals((await tryIt(`guess-${i}`)).status, 401);
  for (let i = 0; i < 5; i++) {
    const response = await room.ask("/sign-in", {
      ...form({ token: `guess-${i}`, next: "/sources" }),
      from: "203.0.113.9",
    });
    assertEquals(response.status, 401);
    const page = await response.text();
    assertStringIncludes(page, "That is not the token.");
    assertStringIncludes(page, '<input type="hidden" name="next" value="/sources"');
  }
  const blocked = await tryIt(TOKENS.token);
  assertEquals([blocked.status, blocked.headers.get("retry-after")], [429, "300"]);
  const kept = await room.ask("/sign-in", { ...form({ token: TOKENS.token }), from: "203.0.113.9" });
  assertEquals([kept.status, kept.headers.get("retry-after")], [429, "300"]);
  now += 1;
  assertEquals(
    (await tryIt(TOKENS.token)).headers.get("retry-after"),
    "300",
    "whoever waits so long may try",
  );
  now -= 1;
  assertEquals((await tryIt(TOKENS.token, "198.51.100.7")).status, 200);
  now += 300_000;
  assertEquals((await tryIt(TOKENS.token)).status, 200);
  // Where they came from is told, and never what was typed: it may be nearly right.
  assertEquals(room.actions.map(([action]) => action), Array(10).fill("wrong token"));
  assert(!JSON.stringify(room.actions).includes("guess"));
});

Deno.test("of too many addresses the one that has failed least lately is forgotten", () => {
  const limiter = createLimiter(1, 1000);
  const others = (count: number, now: number) => {
    for (let i = 0; i < count; i++) limiter.fail(`${now}: ${i}`, now);
  };
  limiter.fail("again", 0);
  others(9_999, 0);
  limiter.fail("again", 1000);
  others(9_999, 1000);
  assertEquals(limiter.blockedFor("again", 1000), 1);
  others(1, 1001);
  assertEquals(limiter.blockedFor("again", 1001), 0);
});

Deno.test("the read token in between does not make wrong tokens count less; the whole one does", async () => {
  await using room = await openRoom({ admin: TOKENS });
  const tryIt = async (token: string) =>
    (await room.ask("/api/overview", { headers: bearer(token), from: "203.0.113.9" })).status;
  const guess = async (right: string, times: number) => {
    const statuses = [];
    for (let i = 0; i < times; i++) statuses.push(await tryIt(`guess-${i}`), await tryIt(right));
    return [...new Set(statuses)];
  };
  assertEquals(await guess(TOKENS.token, 20), [401, 200]);
  assertEquals(await guess(TOKENS.readToken, 9), [401, 200]);
  assertEquals(await guess(TOKENS.readToken, 1), [401, 429]);
  assertEquals(await tryIt(TOKENS.token), 429);
});

Deno.test("signing in never leads to another site", async () => {
  await using room = await openRoom({ admin: TOKENS });
  for (
    const next of [
      "https://evil.example/",
      "//evil.example/",
      "/\\evil.example",
      "javascript:alert(1)",
      "/\t/evil.example",
      "",
    ]
  ) {
    const response = await room.ask("/sign-in", form({ token: TOKENS.token, next }));
    assertEquals(response.headers.get("location"), "/", next);
    const page = await (await room.ask(`/sign-in?${new URLSearchParams({ next })}`, { headers: HTML }))
      .text();
    assert(!page.includes("evil.example"), next);
  }
});

Deno.test("every answer forbids frames, foreign scripts and guessing at types", async () => {
  await using room = await openRoom({ admin: TOKENS });
  for (const path of ["/", "/api/events", "/sign-in", "/readyz", "/assets/x/style.css"]) {
    const { headers } = await room.ask(path, { headers: HTML });
    assertEquals(
      headers.get("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      path,
    );
    assertEquals(headers.get("x-content-type-options"), "nosniff", path);
    assertEquals(headers.get("x-frame-options"), "DENY", path);
    assertEquals(headers.get("referrer-policy"), "same-origin", `${path}: forms without it say Origin: null`);
    assertEquals(headers.get("access-control-allow-origin"), null, path);
  }
});

Deno.test("readiness is told to everybody, and tells of a store that cannot commit", async () => {
  await using open = await openRoom();
  await using room = await openRoom({ admin: TOKENS });
  for (const { ask } of [open, room]) {
    assertEquals((await ask("/readyz", { headers: { host: "10.0.0.1", via: "1.1 proxy" } })).status, 200);
  }
  const { StoreUnavailable } = await import("../../lib/store/contract.ts");
  room.parts.store.ready = () => Promise.reject(new StoreUnavailable("the disk is full"));
  const response = await room.ask("/readyz");
  assertEquals([response.status, (await response.json()).reason], [503, "store_unavailable"]);
});

Deno.test("a body that is too long is refused, announced or not", async () => {
  await using room = await openRoom();
  const long = "x".repeat(3 * 1024 * 1024);
  assertEquals((await room.ask("/api/replay", { method: "POST", body: long })).status, 413);
  const stream = new Blob([long]).stream();
  assertEquals((await room.ask("/api/replay", { method: "POST", body: stream })).status, 413);
});

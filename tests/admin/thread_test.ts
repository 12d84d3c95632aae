/** The dashboard in its own thread, as a relay has it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createAdmin } from "../../lib/admin/admin.tsx";
import { createThreadedAdmin } from "../../lib/admin/threaded_admin.ts";
import { rememberSubstitutions } from "../../lib/config/substitutions.ts";
import { listen } from "../../lib/relay/listen.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, readUntil, update } from "./room.ts";

const DYING = new URL("dying_thread.ts", import.meta.url);

Deno.test("the thread answers what the relay's own thread would", async () => {
  await using room = await openRoom({
    thread: true,
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    descriptions: [{ name: "log", optionsSchema: { type: "object" } }],
    status: [{ name: "log", lastError: "it failed" }],
    mistakes: [{ route: "all", path: "options", message: "they are wrong" }],
    run: (job) => job.event.coin.id === "btc" ? { outcome: "permanent", error: "no" } : {},
  });
  for (const coin of ["aave", "btc", "btc"]) {
    await room.deliver({ id: crypto.randomUUID(), body: coinBody(coin, [update("name", "a", "b")]) });
  }
  await room.deliver({ id: "z", secret: "whsec_wrong_secret" });
  await until("all is settled", async () => {
    return (await room.store.counts()).every(({ state }) => state === "done" || state === "dead");
  });
  const here = createAdmin(room.parts);
  const [event] = await room.store.events({}, { limit: 1 });
  const paths = [
    "/api/events",
    "/api/events?coin=btc&route=all",
    `/api/events/seq:${event!.seq}`,
    `/api/events/${event!.id}`,
    "/api/deliveries",
    "/api/dead-letters",
    `/api/deliveries?event=${event!.id}`,
    "/api/sources",
    "/api/sources/cryptosync/refusals",
    "/api/routes",
    "/api/routes/all/kv",
    "/api/plugins",
    "/api/config",
    "/api/nothing",
    "/assets/x/app.js",
    "/coins/btc",
  ];
  for (const path of paths) {
    const there = await room.ask(path);
    const headers = { host: "127.0.0.1:8081" };
    const same = await here.handle(new Request(`http://127.0.0.1:8081${path}`, { headers }), "127.0.0.1");
    assertEquals([path, there.status, await there.text()], [path, same.status, await same.text()]);
    assertEquals([...there.headers], [...same.headers]);
  }
});

Deno.test("what is done in the thread is done by the relay's own store", async () => {
  await using room = await openRoom({
    thread: true,
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: () => ({ outcome: "permanent", error: "no" }),
    dryRun: (route) => ({ outcome: "done", error: null, lines: [`would run ${route}`] }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await until("it is dead", async () => (await room.json("/api/dead-letters")).items.length === 1);
  room.setRun(() => {});
  const { items: [dead] } = await room.json("/api/dead-letters");
  assertEquals(await (await room.post(`/api/deliveries/${dead.id}/retry`)).json(), { changed: 1 });
  await until("it is done", async () => (await room.json(`/api/deliveries/${dead.id}`)).state === "done");
  assertEquals((await room.post("/api/routes/all", { on: false })).status, 200);
  assertEquals([...room.off], ["all"]);
  assertEquals((await room.json("/api/routes")).items[0].on, false);
  const tried = await (await room.post("/api/events/e/try", { route: "all" })).json();
  assertEquals(tried.lines, ["would run all"]);
  const test = await (await room.post("/api/test-event")).json();
  assertEquals([test.status, test.answer], [200, { status: "accepted" }]);
  assertEquals(room.actions.map(([action]) => action), ["retry", "route off", "test event"]);
});

Deno.test("the thread has the config in force, and masks what came from the environment", async () => {
  await using room = await openRoom({ thread: true, admin: { token: "a-long-first-token" } });
  const status = async (token: string) => {
    const response = await room.ask("/api/overview", { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status("a-long-first-token"), 200);
  const next = structuredClone(room.config);
  next.admin.token = "a-long-second-token";
  next.routes = [{
    ...next.routes[0],
    name: "hook",
    plugin: "http",
    options: { url: "https://x/sesame-open" },
  }] as typeof next.routes;
  const place = { path: ["routes", 0, "options", "url"], written: "https://x/${DOOR}" };
  rememberSubstitutions(next, [{ ...place, variables: { DOOR: "sesame-open" } }]);
  room.setConfig(next);
  assertEquals(await status("a-long-second-token"), 200);
  assertEquals(await status("a-long-first-token"), 401);
  const config = await room.ask("/api/config", { headers: { authorization: "Bearer a-long-second-token" } });
  const text = await config.text();
  assertStringIncludes(text, "https://x/•••");
  assert(!text.includes("sesame") && !text.includes("second-token"));
});

Deno.test("a body goes over piece by piece, up to the limit", async () => {
  await using room = await openRoom({ thread: true });
  let sent = 0;
  const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      sent++;
      controller.enqueue(new Uint8Array(64 * 1024).fill(32));
    },
  }, { highWaterMark: 0 });
  const response = await room.ask("/api/test-event", { method: "POST", body: endless });
  assertEquals([response.status, (await response.json()).reason], [413, "too_large"]);
  assert(sent < 40, `${sent} pieces were read of a body that is refused after 32`);
  const body = JSON.stringify({ body: coinBody("aave", [update("name", "a", "x".repeat(1_000_000))]) });
  assertEquals((await room.ask("/api/test-event", { method: "POST", body })).status, 201);
});

Deno.test("a reader who leaves ends its stream, and the relay tells the thread nothing any more", async () => {
  await using room = await openRoom({ thread: true });
  const server = listen({
    hostname: "127.0.0.1",
    port: 0,
    handler: (request, info) => room.admin.handle(request, info),
    onError: () => new Response(null, { status: 500 }),
    onFault() {},
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  const streams = async () =>
    Number(/coinrelay_streams (\d+)/.exec(await (await fetch(`${base}/metrics`)).text())![1]);
  const leaving = new AbortController();
  const stream = await fetch(`${base}/api/stream?after=0`, { signal: leaving.signal });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await readUntil(reader, '"id":"e"');
  assertEquals(await streams(), 1);
  leaving.abort();
  await reader.read().catch(() => {});
  await until("it is let go", async () => await streams() === 0);
  room.admin.close();
  await server.shutdown();
});

Deno.test("a thread that dies takes nobody with it, and the next request starts another", async () => {
  await using room = await openRoom({ thread: DYING, routes: [{ name: "all", plugin: "log" }] });
  await room.deliver({ id: "a", body: coinBody("aave", []) });
  const stream = await room.ask("/api/stream?after=0");
  const reader = stream.body!.getReader();
  await reader.read();
  const waiting = room.ask("/wait");
  const dying = room.ask("/die");
  for (const response of [await waiting, await dying]) {
    assertEquals([response.status, response.headers.get("retry-after")], [503, "1"]);
    assertEquals((await response.json()).reason, "dashboard_ended");
  }
  const cut = await (async () => {
    while (!(await reader.read()).done);
  })().then(() => false, () => true);
  assert(cut, "the stream is cut, so that its reader comes back");
  assertEquals(await room.deliver({ id: "b", body: coinBody("aave", []) }), 200);
  assertEquals((await room.json("/api/events")).items.length, 2);
  assertEquals(room.faults.length, 1);
  assertStringIncludes(room.faults[0]!, "it died");
});

Deno.test("a thread that cannot begin is told of, and its requests are answered", async () => {
  const entry = new URL("nothing_here.ts", import.meta.url);
  await using room = await openRoom({ thread: entry });
  const response = await room.ask("/");
  assertEquals([response.status, (await response.json()).reason], [503, "dashboard_ended"]);
  assertEquals(await room.deliver({ id: "a", body: coinBody("aave", []) }), 200);
  assertEquals(room.faults.length, 1);
});

Deno.test("what keeps the dashboard from answering is a fault for the log, and not what a person did", async () => {
  await using room = await openRoom({ thread: true });
  room.relay.mistakes = () => {
    throw new TypeError("this is broken");
  };
  const response = await room.ask("/api/overview");
  assertEquals([response.status, (await response.json()).reason], [500, "fault"]);
  await until("the fault is told", () => room.faults.length > 0);
  assertStringIncludes(room.faults[0]!, "cannot answer /api/overview: ");
  assertStringIncludes(room.faults[0]!, "this is broken");
  assertEquals(room.actions, []);
});

Deno.test("a fault of a relay whose program was changed while it runs says: restart it", async () => {
  await using room = await openRoom();
  const { standing } = room.parts;
  let since = Date.now();
  room.parts.standing = async () => ({ ...await standing(), since });
  room.parts.counted = () => Promise.reject(new TypeError("this is broken"));
  const reason = async () => (await room.json("/metrics")).reason;
  assertEquals(await reason(), "fault");
  since = 0;
  assertEquals(await reason(), "program_changed");
});

Deno.test("a thread that nobody asks any more ends, unless a page is open", async () => {
  await using room = await openRoom();
  let threads = 0;
  const { onCommit } = room.store;
  room.store.onCommit = (listener) => {
    threads++;
    const forget = onCommit.call(room.store, listener);
    return () => {
      threads--;
      forget();
    };
  };
  const admin = createThreadedAdmin(room.relay, { ...room.place, restMs: 1 });
  const info = { remoteAddr: { transport: "tcp" as const, hostname: "127.0.0.1", port: 1 } };
  const ask = (path: string) =>
    admin.handle(new Request(`http://127.0.0.1${path}`, { headers: { host: "127.0.0.1" } }), info);
  const stream = (await ask("/api/stream?after=0")).body!.pipeThrough(new TextDecoderStream()).getReader();
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await readUntil(stream, '"id":"e"');
  for (let i = 0; i < 20; i++) assertEquals([(await ask("/api/overview")).status, threads], [200, 1]);
  await stream.cancel();
  await until("it has ended", () => threads === 0);
  const [answered, same] = await Promise.all([ask("/api/events"), ask("/api/events")]);
  assertEquals((await answered.json()).items.length, 1);
  assertEquals(await same.status, 200);
  await same.body?.cancel();
  await admin.end();
  assertEquals(threads, 0);
});

Deno.test("nothing is started before somebody asks, and nothing after the end", async () => {
  await using room = await openRoom();
  let started = 0;
  const relay = { ...room.relay, config: () => (started++, room.config) };
  const admin = createThreadedAdmin(relay, room.place);
  const info = { remoteAddr: { transport: "tcp" as const, hostname: "127.0.0.1", port: 1 } };
  admin.observeAttempt({} as never);
  await admin.end();
  assertEquals(started, 0);
  const response = await admin.handle(new Request("http://127.0.0.1:8081/"), info);
  assertEquals([response.status, started], [503, 0]);
  await response.body?.cancel();
});

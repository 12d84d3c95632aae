import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createAdmin } from "../../lib/admin/admin.tsx";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { anEvent, ending } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";

const ROUTES = ["first", "other"];
const HOUR = 3_600_000;
type Room = Awaited<ReturnType<typeof openRoom>>;

/** A relay that runs nothing by itself. */
async function stillRoom(sources: { name: string; path: string }[] = []): Promise<Room> {
  const room = await openRoom({
    sources: [{}, ...sources],
    routes: ROUTES.map((name) => ({ name, plugin: "log", events: ["cg.*"] })),
  });
  await room.dispatcher.stop(0);
  return room;
}

/** Stores events `a0`, `b0`, `a1`, …: those of `a` an hour after each other, of coin and source `a`; likewise `b`. */
async function fill(room: Room, hours: number): Promise<void> {
  await room.store.append(
    Array.from({ length: hours }, (_, hour) =>
      ["a", "b"].map((coin) =>
        anEvent(`${coin}${hour}`, {
          coin,
          source: coin === "a" ? "cryptosync" : "second",
          receivedAt: hour * HOUR,
          deliveries: ROUTES.map((route) => ({ route, matched: [0], dueAt: 0 })),
        })
      )).flat(),
  );
}

/** Has the deliveries that a route has end so. */
async function end(room: Room, route: string, state: "done" | "dead", events?: string[]): Promise<void> {
  const { claimed } = await room.store.claim({
    relay: "test",
    now: 1,
    leaseUntil: 2,
    routes: [{ route, limit: 10_000, order: "any", rate: null }],
  });
  const given = claimed.filter(({ event }) => events?.includes(event.id) ?? true);
  await room.store.settle("test", given.map((one) => ending(one, state)), 1);
}

const place = (one: { route: string; event: { id: string } }) => `${one.route} ${one.event.id}`;

Deno.test("deliveries are narrowed by state, route, coin, source, event and time, all together, a page at a time", async () => {
  await using room = await stillRoom([{ name: "second", path: "/second" }]);
  await fill(room, 3);
  await end(room, "other", "dead", ["a0", "b1", "a2"]); // what else it had runs
  const found = async (query: string) => {
    const seen: string[] = [];
    let pages = 0;
    for (let cursor: string | null = ""; cursor !== null; pages++) {
      const page: { items: Parameters<typeof place>[0][]; next: string | null } = await room.json(
        `/api/deliveries?limit=2&cursor=${cursor}&${query}`,
      );
      assert(page.items.length <= 2 && pages < 10);
      seen.push(...page.items.map(place));
      cursor = page.next;
    }
    return [seen, pages];
  };
  const all = ["b2", "a2", "b1", "a1", "b0", "a0"].flatMap((id) => [`other ${id}`, `first ${id}`]);
  assertEquals(await found(""), [all, 6]);
  assertEquals(await found("state=dead"), [["other a2", "other b1", "other a0"], 2]);
  assertEquals(await found("state=running,pending&coin=b&event=b0"), [["other b0", "first b0"], 1]);
  assertEquals(await found("route=other"), [all.filter((one) => one.startsWith("other")), 3]);
  assertEquals(await found("route=first"), [all.filter((one) => one.startsWith("first")), 3]);
  assertEquals(await found("route=first,other&state=pending"), [
    all.filter((one) => one.startsWith("first")),
    3,
  ]);
  assertEquals(await found("route=other&coin=a"), [["other a2", "other a1", "other a0"], 2]);
  assertEquals(await found("state=dead&coin=b"), [["other b1"], 1]);
  assertEquals(await found("source=second&route=other"), [["other b2", "other b1", "other b0"], 2]);
  assertEquals(await found("source=second&event=b1&route=first"), [["first b1"], 1]);
  assertEquals((await found("source=cryptosync&event=b1"))[0], []);
  assertEquals(await found(`since=${HOUR}&until=${2 * HOUR}`), [all.slice(4, 8), 2]);
  assertEquals(await found("route=nobody"), [[], 1]);
});

Deno.test("a page of deliveries for which much is looked through says where to go on, and a count that it is no end", async () => {
  await using room = await stillRoom();
  const deliveries = [{ route: "first", matched: null, dueAt: 0 }];
  await room.store.append([
    ...["e0", "e1"].map((id) => anEvent(id, { source: "rare", deliveries })),
    anEvent("busy", { deliveries }),
  ]);
  const [busy] = await room.store.events({ id: "busy" }, { limit: 1 });
  const again = { event: busy!.seq, route: "first", matched: null, replayOf: null };
  await room.store.replay(Array.from({ length: 20_500 }, () => again), 1);
  for (const _ of [1, 2, 3]) await end(room, "first", "dead");
  const found: string[] = [];
  let pages = 0;
  for (let cursor: string | null = ""; cursor !== null; pages++) {
    const page: { items: Parameters<typeof place>[0][]; next: string | null } = await room.json(
      `/api/dead-letters?source=rare&cursor=${cursor}`,
    );
    found.push(...page.items.map(place));
    cursor = page.next;
  }
  assertEquals([found, pages], [["first e1", "first e0"], 6]);
  const first = await (await room.ask("/deliveries?state=dead&source=rare")).text();
  assertStringIncludes(first, "Nothing found so far");
  assertStringIncludes(first, ">Older</a>");
  const counted = async (source: string) =>
    await (await room.post("/api/dead-letters/retry", { source, preview: true })).json();
  assertEquals(await counted("cryptosync"), { count: 20_000, exact: false });
  const preview = await room.ask("/dead-letters", {
    method: "POST",
    body: new URLSearchParams({ do: "discard-all", search: "source=cryptosync" }),
  });
  assertStringIncludes(await preview.text(), "Discard 20,000+ dead letters?");
  const { id, total } = await (await room.post("/api/dead-letters/discard", { source: "cryptosync" })).json();
  assertEquals(total, 20_000);
  const job = await until("the work has ended", async () => {
    const now = await room.json(`/api/jobs/${id}`);
    return now.state === "finished" ? now : null;
  });
  assertEquals([job.total, job.done], [20_501, 20_501]);
});

/** What bulk work may be narrowed by, and the dead letters that it then takes. */
const BULK: [which: Record<string, unknown>, taken: string[]][] = [
  [{ route: ["other"] }, ["other b1", "other a1", "other b0", "other a0"]],
  [{ coin: "a" }, ["other a1", "first a1", "other a0", "first a0"]],
  [{ source: "second" }, ["other b1", "first b1", "other b0", "first b0"]],
  [{ event: "b1" }, ["other b1", "first b1"]],
  [{ since: HOUR, coin: "a" }, ["other a1", "first a1"]],
  [{ until: new Date(HOUR).toISOString(), route: ["first"] }, ["first b0", "first a0"]],
];

for (const [which, taken] of BULK) {
  Deno.test(`bulk work narrowed by ${Object.keys(which).join(" and ")} counts and takes just those dead letters`, async () => {
    await using room = await stillRoom([{ name: "second", path: "/second" }]);
    await fill(room, 3);
    for (const route of ROUTES) await end(room, route, "dead", ["a0", "b0", "a1", "b1"]);
    const dead = async () => (await room.json("/api/dead-letters")).items.map(place);
    const before: string[] = await dead();
    assertEquals(before.length, 8);
    const preview = await room.post("/api/dead-letters/discard", { ...which, preview: true });
    assertEquals(await preview.json(), { count: taken.length, exact: true });
    assertEquals((await dead()).length, 8);
    const { id } = await (await room.post("/api/dead-letters/discard", which)).json();
    const job = await until("the work has ended", async () => {
      const now = await room.json(`/api/jobs/${id}`);
      return now.state === "running" ? null : now;
    });
    assertEquals([job.state, job.total, job.done], ["finished", taken.length, taken.length]);
    assertEquals(await dead(), before.filter((one) => !taken.includes(one)));
  });
}

Deno.test("bulk work on chosen deliveries takes each of them that is a dead letter, however many they are", async () => {
  await using room = await stillRoom();
  await fill(room, 250);
  await end(room, "first", "dead");
  await end(room, "other", "done");
  const ids = async (state: string) =>
    (await room.json(`/api/deliveries?state=${state}&limit=500`)).items.map(({ id }: { id: number }) => id);
  const [dead, done] = [await ids("dead"), await ids("done")];
  const spared = dead.pop();
  const chosen = [...dead, ...done];
  const post = async (body: Record<string, unknown>) =>
    await (await room.post("/api/dead-letters/retry", body)).json();
  assertEquals(await post({ ids: chosen, preview: true }), { count: 499, exact: true });
  const { id } = await post({ ids: chosen });
  await until("the work has ended", async () => (await room.json(`/api/jobs/${id}`)).state === "finished");
  assertEquals((await ids("pending")).length, 499);
  assertEquals([await ids("dead"), await ids("done")], [[spared], done]);
  assertEquals(room.actions, [["retry many", { done: 499, state: "finished", error: null }]]);
});

Deno.test("bulk work that the store cuts short says so, with what it has done", async () => {
  await using room = await stillRoom();
  await fill(room, 1);
  await end(room, "first", "dead");
  room.parts.store.discard = () => Promise.reject(new StoreUnavailable("the disk is full"));
  const { id } = await (await room.post("/api/dead-letters/discard", { all: true })).json();
  const job = await until("the work has ended", async () => {
    const now = await room.json(`/api/jobs/${id}`);
    return now.state === "running" ? null : now;
  });
  const facts = { state: "failed", done: 0, error: "the disk is full" };
  assertEquals(job, { id, action: "discard", total: 2, ...facts });
  assertEquals(room.actions, [["discard many", facts]]);
  assertStringIncludes(await (await room.ask(`/jobs/${id}`)).text(), "the disk is full");
  assertEquals((await room.ask("/api/jobs/none")).status, 404);
});

Deno.test("a discarded dead letter stays with its event, and can still be retried", async () => {
  await using room = await stillRoom();
  await fill(room, 1);
  await end(room, "first", "dead");
  const { items: [one] } = await room.json("/api/dead-letters");
  const done = async (action: string) =>
    (await (await room.post(`/api/deliveries/${one.id}/${action}`)).json()).changed;
  assertEquals([await done("discard"), await done("discard")], [1, 0]);
  const { deliveries } = await room.json(`/api/events/${one.event.id}`);
  assertEquals(deliveries.map(({ route, discarded }: Record<string, unknown>) => [route, discarded]), [
    ["first", true],
    ["other", false],
  ]);
  const { deliveries: [again] } = await (await room.post("/api/replay", {
    event: one.event.id,
    route: "first",
  })).json();
  assertEquals((await room.json(`/api/deliveries/${again}`)).replayOf, one.id);
  assertEquals(await done("retry"), 1);
  const { state, discarded } = await room.json(`/api/deliveries/${one.id}`);
  assertEquals([state, discarded], ["pending", false]);
  assertEquals((await room.post("/api/deliveries/999/discard")).status, 404);
  assertEquals((await room.json("/api/deliveries/999")).reason, "not_found");
});

Deno.test("a replay takes the changes that its route matches, names what it replays, and only a route in force", async () => {
  await using room = await openRoom({
    sources: [{}, { name: "second", path: "/second" }],
    routes: [{ name: "links", plugin: "http", fields: ["links.*"] }, {
      name: "names",
      plugin: "log",
      fields: ["name"],
    }],
  });
  const changes = [update("name", "a", "b"), update("links.homepage", [], ["https://a.example"])];
  for (const path of ["/webhook", "/second"]) {
    await room.deliver({ id: "same", body: coinBody(path, changes) }, path);
  }
  await room.deliver({ id: "junk", body: "junk" });
  await room.dispatcher.stop(1000);
  const replay = async (wish: Record<string, unknown>) => {
    const response = await room.post("/api/replay", wish);
    const answer = await response.json();
    if (response.status !== 201) return answer.reason;
    return await room.json(`/api/deliveries/${answer.deliveries[0]}`);
  };
  const [first] = (await room.json("/api/deliveries?event=same&source=second&route=links")).items;
  assertEquals([first.matched, first.replayOf], [[1], null]);
  const again = await replay({ delivery: first.id });
  assertEquals([again.matched, again.replayOf, again.event.seq], [[1], first.id, first.event.seq]);
  const third = await replay({ event: "same", source: "second", route: "links" });
  assertEquals([third.matched, third.replayOf, third.event.source], [[1], again.id, "second"]);
  assertEquals(await replay({ event: "same", route: "links" }), "ambiguous");
  assertEquals((await replay({ event: "junk", route: "names" })).matched, null);
  for (const event of ["same", "junk"]) {
    assertEquals(await replay({ event, source: "cryptosync", route: "nobody" }), "not_found", event);
  }
  assertEquals((await room.json("/api/deliveries?route=nobody")).items, []);
});

Deno.test("the dashboard is busy for as long as bulk work goes on, and remembers the last fifty", async () => {
  await using room = await stillRoom();
  await fill(room, 1);
  await end(room, "first", "dead");
  const held = Promise.withResolvers<number>();
  room.parts.store.discard = () => held.promise;
  const admin = createAdmin(room.parts);
  const ask = async (path: string, body?: unknown) => {
    const init = {
      headers: { host: "127.0.0.1" },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    };
    return await admin.handle(new Request(`http://127.0.0.1${path}`, init), "127.0.0.1");
  };
  const { id } = await (await ask("/api/dead-letters/discard", { all: true })).json();
  assertEquals(admin.busy(), true);
  held.resolve(2);
  await until("the work has ended", () => !admin.busy());
  assertEquals((await ask(`/api/jobs/${id}`)).status, 200);
  for (let i = 0; i < 50; i++) await ask("/api/dead-letters/discard", { coin: "nobody" });
  assertEquals((await ask(`/api/jobs/${id}`)).status, 404);
  admin.close();
});

Deno.test("a delivery's page says how it stands, and offers what can be done about that", async () => {
  await using room = await stillRoom();
  await fill(room, 3);
  await end(room, "first", "dead", ["a0", "b0"]); // the others run
  await end(room, "other", "done", ["a0"]);
  const { items } = await room.json("/api/deliveries?limit=500");
  const idOf = (route: string, event: string) =>
    items.find((one: Parameters<typeof place>[0]) => place(one) === `${route} ${event}`).id;
  await room.store.discard({ ids: [idOf("first", "b0")] }, 1);
  const { deliveries: [waiting] } = await (await room.post("/api/replay", { delivery: idOf("other", "a0") }))
    .json();
  const shown = async (id: number) => {
    const html = await (await room.ask(`/deliveries/${id}`)).text();
    const block = /data-delivery="\d+".*?<\/form>/s.exec(html)![0];
    const texts = (tag: string) =>
      [...block.matchAll(new RegExp(`<${tag}[^>]*>([^<]*)</`, "g"))].map(([, text]) => text);
    return [/class="badge[^"]*">([^<]*)/.exec(block)![1], ...texts("button")];
  };
  assertEquals(await shown(idOf("first", "a0")), ["dead letter", "Retry now", "Discard"]);
  assertEquals(await shown(idOf("first", "b0")), ["discarded", "Retry now"]);
  assertEquals(await shown(idOf("first", "a1")), ["running"]);
  assertEquals(await shown(idOf("other", "a0")), ["done", "Replay"]);
  assertEquals(await shown(waiting), ["waiting", "Retry now"]);
  const retrying = await room.store.claim({
    relay: "test",
    now: Date.now(),
    leaseUntil: Date.now(),
    routes: [{ route: "other", limit: 1, order: "any", rate: null }],
  });
  await room.store.settle("test", retrying.claimed.map((one) => ending(one, "pending")), 1);
  assertEquals(await shown(retrying.claimed[0]!.delivery.id), ["will retry", "Retry now"]);
});

Deno.test("the deliveries page offers work on as many dead letters as its filters take, whatever states it shows", async () => {
  await using room = await stillRoom([{ name: "second", path: "/second" }]);
  await fill(room, 3);
  await end(room, "first", "dead");
  await end(room, "other", "dead", ["a0"]);
  const { items: [one] } = await room.json("/api/dead-letters?route=first");
  await room.store.discard({ ids: [one.id] }, 1);
  const offered = async (query: string) => {
    const html = await (await room.ask(`/deliveries?limit=500&${query}`)).text();
    return [...html.matchAll(/-all"[^>]*>([^<]*)/g)].map(([, text]) => text);
  };
  assertEquals(await offered(""), ["Retry all 6 dead letters …", "Discard all 6…"]);
  assertEquals(await offered("route=first"), ["Retry all 5 dead letters that match…", "Discard all 5…"]);
  assertEquals(await offered("coin=a"), ["Retry all that match…", "Discard all that match…"]);
  assertEquals(await offered("state=running"), []);
  const preview = async (search: string) => {
    const body = new URLSearchParams({ do: "retry-all", search });
    return /<h1>([^<]*)/.exec(await (await room.ask("/dead-letters", { method: "POST", body })).text())![1];
  };
  assertEquals(await preview("state=running&discarded=1&route=first"), "Retry 5 dead letters?");
  assertEquals(await preview("coin=a&cursor=1"), "Retry 4 dead letters?");
  const { items: routes } = await room.json("/api/routes");
  assertEquals(routes[0].counts, { pending: 0, running: 0, done: 0, dead: 5 });
  assertEquals(routes[1].counts, { pending: 0, running: 5, done: 0, dead: 1 });
});

Deno.test("what waits for a route that delivers nothing is said to wait for it, not for its next try", async () => {
  await using room = await openRoom({
    routes: ["on", "off", "broken"].map((name) => ({ name, plugin: "log", events: ["cg.*"] })),
    mistakes: [{ route: "broken", path: "options", message: "wrong" }],
  });
  await room.dispatcher.stop(0);
  const routes = ["on", "off", "broken", "gone"];
  const later = Date.now() + HOUR;
  await room.store.append([anEvent("e", {
    coin: "aave",
    deliveries: routes.map((route) => ({ route, matched: null, dueAt: 0 })),
  })]);
  room.off.add("off");
  for (const route of routes) {
    const { claimed } = await room.store.claim({
      relay: "test",
      now: 1,
      leaseUntil: 2,
      routes: [{ route, limit: 1, order: "any", rate: null }],
    });
    await room.store.settle("test", claimed.map((one) => ending(one, { dueAt: later })), 1);
  }
  await room.store.replay(
    ["off", "gone"].map((route) => ({ event: 1, route, matched: null, replayOf: null })),
    Date.now(),
  );
  const text = (html: string) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  const page = async (path: string) => await (await room.ask(path)).text();
  const stands: Record<string, RegExp> = {
    on: /will retry .*due \d{4}-/,
    off: /^(?!.*(will retry|due)).*waiting .*waits for its route \(off\)/,
    broken: /^(?!.*(will retry|due)).*waiting .*waits for its route \(cannot run\)/,
    gone: /^(?!.*(will retry|due)).*waiting .*waits for its route \(not in force\)/,
  };
  const list = await page("/deliveries");
  const { items } = await room.json("/api/deliveries");
  assertEquals(items.length, 6);
  for (const { id, route, attempts } of items) {
    const row = new RegExp(`<tr data-delivery="${id}">.*?</tr>`, "s").exec(list)![0];
    const blocks = [await page("/events/seq:1"), await page(`/deliveries/${id}`)].map((html) =>
      new RegExp(
        `<div class="body stack" data-delivery="${id}">.*?(?=<div class="body stack"|</section>)`,
        "s",
      )
        .exec(html)![0].replace(/<table.*?<\/table>/s, "")
    );
    assertEquals(blocks.map((block) => block.includes("Retry now")), [route === "on", route === "on"]);
    for (const place of [row, ...blocks]) assertMatch(text(place), stands[route]!, `${route} ${attempts}`);
  }
  const dead =
    items.find(({ route, attempts }: { route: string; attempts: number }) =>
      route === "gone" && attempts === 1
    ).id;
  await room.store.discard({ ids: [dead], states: ["pending"] }, 1);
  const retried = await room.ask(`/deliveries/${dead}/do`, {
    method: "POST",
    body: new URLSearchParams({ do: "retry" }),
  });
  assertStringIncludes(
    await page(retried.headers.get("location")!),
    "It is due now, and is made once its route delivers again.",
  );
  const counts = text(/<section[^>]*aria-label="By route".*?<\/section>/s.exec(list)![0]);
  assertMatch(counts, /on 1 .*off off 2 .*broken cannot run 1 .*gone not in force 2/);
});

Deno.test("where a filter finds no deliveries, it is said whether there are any at all, or more to look through", async () => {
  await using room = await stillRoom([{ name: "second", path: "/second" }]);
  const said = async (query: string) => {
    const html = await (await room.ask(`/deliveries?${query}`)).text();
    const [, title, text] = /<div class="empty"><strong>([^<]*)<\/strong>(.*?)<\/div>/s.exec(html) ?? [];
    return [title, /widen the filter/i.test(text ?? "")];
  };
  assertEquals(await said(""), ["No deliveries yet", false]);
  assertEquals(await said("state=dead&coin=a"), ["No dead letters", false]);
  await fill(room, 2);
  await end(room, "first", "dead", ["a0"]);
  assertEquals(await said("state=done"), ["No deliveries that are done", false]);
  assertEquals(await said("state=running,pending&route=gone"), [
    "No deliveries that are running or waiting for gone",
    false,
  ]);
  assertEquals(await said("state=dead&route=other&coin=a"), ["No dead letters for other", false]);
  assertEquals(await said("state=dead&route=gone,other"), ["No dead letters for gone, other", false]);
  assertEquals(await said("route=gone"), ["No deliveries for gone", false]);
  assertEquals(await said("coin=b&state=dead"), ["No delivery matches", true]);
  assertEquals(await said("coin=c"), ["No delivery matches", true]);
  const [{ id }] = (await room.json("/api/dead-letters")).items;
  await room.store.discard({ ids: [id] }, 1);
  assertEquals(await said("state=dead"), ["No dead letters", false]);
  assertEquals(await said("state=dead&route=first"), ["No dead letters", false]);
  assertEquals(await said("state=dead&discarded=1"), [undefined, false]);
  assertEquals(await said("state=dead&discarded=1&route=other"), ["No dead letters for other", false]);
  assertEquals(await said("cursor=1"), ["No more of them", false]);
});

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createAdmin } from "../../lib/admin/admin.tsx";
import { StoreUnavailable } from "../../lib/store/contract.ts";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";
import { end, fill, HOUR, place, ROUTES, stillRoom } from "./still_room.ts";

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

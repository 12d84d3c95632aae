import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { anEvent, ending } from "../store/fixtures.ts";
import { openRoom } from "./room.ts";
import { end, fill, HOUR, place, stillRoom } from "./still_room.ts";

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
  assertStringIncludes(await page("/"), 'aria-label="Look: route broken cannot run: options: wrong"');
});

Deno.test("where a filter finds no deliveries, it is said whether there are any at all, or more to look through", async () => {
  await using room = await stillRoom([{ name: "second", path: "/second" }]);
  const said = async (query: string) => {
    const html = await (await room.ask(`/deliveries?${query}`)).text();
    const [, title, text] = /<div class="empty"><strong>([^<]*)<\/strong>(.*?)<\/div>/s.exec(html) ?? [];
    return [title, /widen the filter/i.test(text ?? "")];
  };
  assertEquals(await said(""), ["No deliveries yet", false]);
  assertStringIncludes(await (await room.ask("/deliveries")).text(), "none has taken one yet");
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

Deno.test("the table of deliveries says of each what it is of and how it went, and lets the dead letters be chosen", async () => {
  await using room = await stillRoom();
  const { claim, settle, append } = room.store;
  const put = async (id: string, coin: string | null, end: "done" | "dead" | null) => {
    const deliveries = [{ route: "first", matched: null, dueAt: 0 }];
    await append.call(room.store, [anEvent(id, { coin, deliveries })]);
    const routes = [{ route: "first", limit: 1, order: "any" as const, rate: null }];
    const { claimed } = await claim.call(room.store, { relay: "test", now: 1, leaseUntil: 2, routes });
    if (end) await settle.call(room.store, "test", claimed.map((one) => ending(one, end)), 1);
  };
  await put("failed", "aave", "dead");
  await put("dealt-with", "aave", "dead");
  await room.store.discard({ ids: [2] }, 1);
  await put("fine", null, "done");
  await room.store.replay([{ event: 3, route: "first", matched: null, replayOf: 3 }], 1);
  const rows = async () => {
    const html = await (await room.ask("/deliveries?discarded=1")).text();
    return [...html.matchAll(/<tr data-delivery="\d+">(.*?)<\/tr>/gs)].map(([, row]) => [
      /type="checkbox" name="id" value="(\d+)"/.exec(row!)?.[1] ?? null,
      row!.replace(/ data-unit="([^"]*)">(\d+)/, ">$2 $1").replace(/\d{4}-\S+ \S+ UTC/, "")
        .replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim(),
    ]);
  };
  assertEquals(await rows(), [
    [null, "Delivery 4, waiting first replay – fine 0 attempts"],
    [null, "Delivery 3, done first – fine 1 attempt"],
    [null, "Delivery 2, discarded first aave dealt-with 1 attempt no answer"],
    ["1", "Delivery 1, dead letter first aave failed 1 attempt no answer"],
  ]);
  await room.store.discard({ ids: [1] }, 1);
  const page = await (await room.ask("/deliveries?discarded=1")).text();
  assertEquals([page.includes("checkbox"), page.includes('href="/deliveries">Clear')], [false, true]);
  assertEquals((await (await room.ask("/deliveries")).text()).includes('href="/deliveries">Clear'), false);
  const narrowed = await (await room.ask("/deliveries?coin=aave&event=fine")).text();
  assertMatch(narrowed, /name="coin" value="aave".*name="event" value="fine"/s);
});

Deno.test("a delivery's page says what it is of, what it repeats, and what each attempt said", async () => {
  await using room = await stillRoom();
  await room.store.append([
    anEvent("of-a-coin", { coin: "aave", deliveries: [{ route: "first", matched: [0, 2], dueAt: 0 }] }),
  ]);
  await end(room, "first", "dead");
  await room.store.append([
    anEvent("of-none", { coin: null, deliveries: [{ route: "first", matched: [0], dueAt: 0 }] }),
  ]);
  await end(room, "first", "done");
  await room.store.replay([{ event: 2, route: "first", matched: [0], replayOf: 2 }], 1);
  const page = async (id: number) => {
    const html = await (await room.ask(`/deliveries/${id}`)).text();
    return /<main.*<\/main>/s.exec(html)![0].replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  };
  const dead = await page(1);
  assertMatch(dead, /of of-a-coin on aave to first , made/);
  assertMatch(dead, /delivery 1 , 2 changes/);
  assertMatch(dead, /1 1970-01-01 00:00:01 UTC 13 ms permanent no answer sent POST/);
  const html = await (await room.ask("/deliveries/1")).text();
  assertStringIncludes(html, '<button id="retry-1" class="primary"');
  assertStringIncludes(html, '<span class="badge bad">permanent');
  const again = await page(3);
  assertMatch(again, /of of-none to first , made/);
  assertMatch(again, /delivery 3 , replays 2 , 1 change due/);
  assertEquals([/What it said/.test(again), /replays/.test(dead)], [false, false]);
});

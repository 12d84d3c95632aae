import { assert, assertEquals, assertMatch } from "@std/assert";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { coinBody, giveUp, openRoom, update } from "./room.ts";

const ROUTES = [{ name: "links", plugin: "http", fields: ["links.*"] }, { name: "all", plugin: "log" }];

Deno.test("dead letters are narrowed by time, replays of old events among them, and no older ones walked through", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log", events: ["cg.*"] }] });
  await room.dispatcher.stop(0);
  const at = (minute: number) => Date.UTC(2026, 0, 1, 0, minute);
  const count = 400;
  await room.store.append(
    Array.from({ length: count }, (_, minute) =>
      anEvent(`m${minute}`, {
        receivedAt: at(minute),
        deliveries: [{ route: "all", matched: null, dueAt: at(minute) }],
      })),
  );
  const [old] = await room.store.events({ id: "m7" }, { limit: 1 });
  await room.store.replay([{ event: old!.seq, route: "all", matched: null, replayOf: null }], at(count));
  await giveUp(room.store, count + 1, at(count));
  const ids = async (query: string) =>
    (await room.json(`/api/dead-letters?limit=3&${query}`)).items.map((one: { event: { id: string } }) =>
      one.event.id
    );
  assertEquals(await ids(""), ["m7", "m399", "m398"]);
  assertEquals(await ids(`since=${at(390)}`), ["m399", "m398", "m397"]);
  assertEquals(await ids(`since=${at(398)}`), ["m399", "m398"]);
  assertEquals(await ids(`since=${at(5)}&until=${at(9)}`), ["m7", "m8", "m7"]);
  let looked = 0;
  const { deliveries } = room.store;
  room.parts.store.deliveries = async (filter, page) => {
    const found = await deliveries.call(room.store, filter, page);
    looked += found.length;
    return found;
  };
  assertEquals(await ids(`since=${at(390)}&until=${at(391)}`), ["m390"]);
  assertEquals(await ids(`since=${at(500)}`), []);
  assert(looked < 100, `${looked} of ${count} were looked at`);
});

Deno.test("a dead letter is retried and then succeeds; another is discarded", async () => {
  await using room = await openRoom({ routes: ROUTES, run: () => ({ outcome: "permanent", error: "no" }) });
  await room.deliver({
    id: "e",
    body: coinBody("aave", [update("links.homepage", [], ["https://a.example"])]),
  });
  const dead = await until("two dead letters", async () => {
    const { items } = await room.json("/api/dead-letters?source=cryptosync");
    return items.length === 2 ? items : null;
  });
  assertEquals(dead.map((d: { event: { id: string } }) => d.event.id), ["e", "e"]);
  room.setRun(() => {});
  assertEquals(await (await room.post(`/api/deliveries/${dead[0].id}/retry`)).json(), { changed: 1 });
  await until("it is done", async () => (await room.json(`/api/deliveries/${dead[0].id}`)).state === "done");
  assertEquals(await (await room.post(`/api/deliveries/${dead[1].id}/discard`)).json(), { changed: 1 });
  assertEquals((await room.json("/api/dead-letters?source=cryptosync")).items, []);
  assertEquals((await room.json("/api/dead-letters?source=cryptosync&discarded=1")).items.length, 1);
  assertEquals((await room.post("/api/deliveries/999/retry")).status, 404);
});

Deno.test("many dead letters are counted first, then retried in steps; only those that are asked for", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log" }],
    run: () => ({ outcome: "permanent" }),
  });
  for (let i = 0; i < 12; i++) {
    await room.deliver({ id: `e${i}`, body: coinBody(i < 5 ? "aave" : "btc", []) });
  }
  const count = async (body: Record<string, unknown>) =>
    (await (await room.post("/api/dead-letters/retry", { ...body, preview: true })).json()).count;
  await until("all are dead", async () => await count({ source: "cryptosync" }) === 12);
  assertEquals(await count({ coin: "aave", source: "cryptosync" }), 5);
  assertEquals((await room.post("/api/dead-letters/retry", { ids: [] })).status, 400);

  room.setRun(() => {});
  const response = await room.post("/api/dead-letters/retry", { coin: "aave", source: "cryptosync" });
  assertEquals(response.status, 202);
  const { id, total } = await response.json();
  assertEquals(total, 5);
  const job = await until("the job has ended", async () => {
    const now = await room.json(`/api/jobs/${id}`);
    return now.state === "finished" ? now : null;
  });
  assertEquals(job.done, 5);
  await until(
    "they are done",
    async () =>
      (await room.json("/api/deliveries?state=done&coin=aave&source=cryptosync")).items.length === 5,
  );
  assertEquals(await count({ source: "cryptosync" }), 7);
});

Deno.test("nothing is done to all dead letters unless the body says so", async () => {
  await using room = await openRoom({
    routes: [{ name: "names", plugin: "log", fields: ["name"] }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", [update("name", "a", "b")]) });
  await until("it is dead", async () => (await room.json("/api/dead-letters")).items.length === 1);
  const told = async (action: string, body: unknown) => {
    const response = await room.ask(`/api/dead-letters/${action}`, {
      method: "POST",
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return [response.status, (await response.json()).detail];
  };
  const which =
    'say which: "all": true for every one, or "ids", or route, coin, source, event, since, until.';
  for (const action of ["retry", "discard"]) {
    for (const body of [undefined, {}, { all: false }, { preview: true }]) {
      assertEquals(await told(action, body), [400, which], `${action} ${JSON.stringify(body)}`);
    }
    assertEquals(await told(action, { route: [] }), [400, "route: must name a route."]);
    assertEquals(await told(action, { ids: [] }), [400, "ids: must name a delivery."]);
    const two = '"ids", filters and "all" exclude each other.';
    assertEquals(await told(action, { ids: [1], route: ["names"] }), [400, two]);
    assertEquals(await told(action, { all: true, coin: "aave" }), [400, two]);
  }
  for (const body of [{ coin: "" }, { source: "" }, { event: "" }, { route: [""] }]) {
    const response = await room.post("/api/dead-letters/discard", { ...body, preview: true });
    assertEquals(await response.json(), { count: 0, exact: true }, JSON.stringify(body));
  }
  assertEquals((await room.post("/api/dead-letters/discard", { all: true })).status, 202);
  await until("it is discarded", async () => (await room.json("/api/dead-letters")).items.length === 0);
});

Deno.test("what waits for a route that is not in force is told, and its dead letters are counted", async () => {
  const gone = { name: "gone", plugin: "http", fields: ["name"] };
  const first = await openRoom({ routes: [gone], run: () => ({ outcome: "permanent", error: "no" }) });
  await first.deliver({ id: "dead", body: coinBody("aave", [update("name", "a", "b")]) });
  await until("it is a dead letter", async () => (await first.json("/api/dead-letters")).items.length === 1);
  await first.close();
  await using second = await openRoom({ folder: first.folder, routes: ROUTES });
  const deliveries = [{ route: "gone", matched: null, dueAt: 0 }];
  await second.store.append(["a", "b"].map((id) => anEvent(id, { deliveries })));
  const { problems, waiting, dead } = await second.json("/api/overview");
  assertEquals([waiting, dead], [2, 1]);
  assertEquals(problems.map(({ text }: { text: string }) => text).slice(-2), [
    "1 dead letter",
    "2 deliveries wait for what is not in force: gone; bring the plugin back, give config.json a route of that name, or discard them",
  ]);
});

Deno.test("what waits for a route that is not in force is discarded only when that is said", async () => {
  await using room = await openRoom({ routes: [{ name: "here", plugin: "log", fields: ["nothing"] }] });
  const deliveries = ["gone", "here", "lost"].map((route) => ({ route, matched: null, dueAt: 1e15 }));
  await room.store.append(["a", "b", "c"].map((id) => anEvent(id, { deliveries, coin: id })));
  const waits = async () =>
    (await room.store.counts()).flatMap(({ route, state, count }) => [`${route} ${state} ${count}`]).sort();
  const all = ["gone pending 3", "here pending 3", "lost pending 3"];
  const discard = async (body: Record<string, unknown>) => {
    const response = await room.post("/api/dead-letters/discard", body);
    const answer = await response.json();
    if (response.status !== 202) return answer.detail;
    await until(
      "the job has ended",
      async () => (await room.json(`/api/jobs/${answer.id}`)).state === "finished",
    );
    return answer.total;
  };
  assertEquals(await discard({ all: true }), 0);
  assertEquals(await discard({ route: ["gone"] }), 0);
  assertMatch(await discard({ waiting: true }), /^say which: /);
  assertEquals(
    await discard({ waiting: true, route: ["gone", "here"] }),
    "The route “here” is in force: what waits for it is delivered.",
  );
  assertMatch(
    (await (await room.post("/api/dead-letters/retry", { waiting: true })).json()).detail,
    /“waiting”/,
  );
  const { items } = await room.json("/api/deliveries?route=gone,here&coin=a");
  for (const { id, route } of items) {
    const { changed } = await (await room.post(`/api/deliveries/${id}/discard`)).json();
    assertEquals(changed, route === "gone" ? 1 : 0);
  }
  assertEquals(await waits(), ["gone pending 2", ...all.slice(1)]);

  assertEquals(await discard({ waiting: true, ids: items.map(({ id }: { id: number }) => id) }), 0);
  assertEquals(await discard({ waiting: true, coin: "b" }), 2);
  assertEquals(await discard({ waiting: true, route: ["gone"] }), 1);
  assertEquals(await waits(), ["here pending 3", "lost pending 2"]);
  assertEquals(await discard({ waiting: true, all: true }), 2);
  assertEquals(await waits(), ["here pending 3"]);
  assertEquals(await discard({ waiting: true, all: true }), 0);
  assertEquals(await waits(), ["here pending 3"], "no route is left behind, which is not all routes");
  assertEquals(room.actions.filter(([action]) => action === "discard many").at(-1), [
    "discard many",
    { waiting: true, done: 0, state: "finished", error: null },
  ]);
});

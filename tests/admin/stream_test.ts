import { assertEquals } from "@std/assert";
import { startOf } from "../../lib/admin/stream.ts";
import { anEvent } from "../store/fixtures.ts";
import { until } from "../support/until.ts";
import { coinBody, openRoom, update } from "./room.ts";

/** One message of a stream. */
interface Message {
  id: string;
  event: string;
  data: string;
}

/** Reads a stream until it is cancelled. */
function follow(response: Response) {
  const messages: Message[] = [];
  let lastId = "";
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const done = (async () => {
    let text = "";
    for (;;) {
      const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop()!;
      for (const part of parts) {
        const fields = Object.fromEntries(
          part.split("\n").filter((line) => !line.startsWith(":")).map((line) =>
            line.split(/: (.*)/s).slice(0, 2)
          ),
        );
        lastId = fields.id ?? lastId;
        if (fields.data !== undefined) {
          messages.push({ id: lastId, event: fields.event ?? "message", data: fields.data });
        }
      }
    }
  })();
  return {
    messages,
    lastId: () => lastId,
    ids: () => messages.map(({ data }) => JSON.parse(data).id as string),
    async close() {
      await reader.cancel();
      await done;
    },
    done,
  };
}

Deno.test("a stream brings each new event once, in order, with its seq as the id", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "before", body: coinBody("aave", []) });
  const stream = follow(await room.ask("/api/stream"));
  await until("it has begun", () => stream.lastId() === "1");
  for (let i = 0; i < 250; i++) void room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  await until("all have arrived", () => stream.messages.length >= 250);
  assertEquals(stream.ids(), Array.from({ length: 250 }, (_, i) => `e${i}`));
  assertEquals(stream.messages.map(({ id }) => Number(id)), Array.from({ length: 250 }, (_, i) => i + 2));
  await stream.close();
});

Deno.test("a reader that was cut off goes on where it was, over a restart of the relay", async () => {
  const first = await openRoom();
  const stream = follow(await first.ask("/api/stream?after=0"));
  for (let i = 0; i < 3; i++) await first.deliver({ id: `a${i}`, body: coinBody("aave", []) });
  await until("three have arrived", () => stream.messages.length === 3);
  await first.deliver({ id: "unseen", body: coinBody("aave", []) });
  await first.close();
  await stream.done;
  const lastId = stream.messages[2]!.id;

  await using second = await openRoom({ folder: first.folder });
  await second.deliver({ id: "b", body: coinBody("aave", []) });
  // The address still has where the page began; what the browser says of itself counts.
  const again = follow(await second.ask("/api/stream?after=0", { headers: { "last-event-id": lastId } }));
  await until("both have arrived", () => again.messages.length === 2);
  assertEquals(again.ids(), ["unseen", "b"]);
  await again.close();
});

Deno.test("a reader goes on after its last id, or where the address says when that is none", () => {
  const start = (id: string | null, after?: number) =>
    startOf(new Headers(id === null ? {} : { "last-event-id": id }), after);
  assertEquals([start("7", 3), start(null, 3), start(null)], [7, 3, null]);
  for (const id of ["", "7x", "-7", "1e3", "9".repeat(16)]) assertEquals(start(id, 3), 3, id);
});

Deno.test("a hundred streams are the most, and each that ends makes room for another", async () => {
  await using room = await openRoom();
  const streams = await Promise.all(
    Array.from({ length: 100 }, async () => follow(await room.ask("/api/stream"))),
  );
  const refused = await room.ask("/api/stream");
  assertEquals(refused.status, 503); // first of all: a stream's body has no end
  assertEquals((await refused.json()).reason, "too_many_streams");
  await Promise.all(streams.map((stream) => stream.close()));
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  const stream = await until("there is room", async () => {
    const response = await room.ask("/api/stream");
    return response.ok ? follow(response) : null;
  });
  await stream.close();
});

Deno.test("a reader that was farther on in another store is shown what is new in this one", async () => {
  await using room = await openRoom();
  await room.deliver({ id: "old", body: coinBody("aave", []) });
  const streams = [
    follow(await room.ask("/api/stream", { headers: { "last-event-id": "9000" } })),
    follow(await room.ask("/api/stream?after=9000")),
  ];
  await until("they have begun", () => streams.every((stream) => stream.lastId() === "1"));
  await room.deliver({ id: "new", body: coinBody("aave", []) });
  for (const stream of streams) {
    await until("it has arrived", () => stream.messages.length === 1);
    assertEquals(stream.ids(), ["new"]);
    await stream.close();
  }
});

Deno.test("a filtered stream leaves the rest out, and still says how far it is", async () => {
  await using room = await openRoom({ routes: [{ name: "names", plugin: "log", fields: ["name"] }] });
  const begin = async (query: string) => follow(await room.ask(`/api/stream?after=0&${query}`));
  const wanted: Record<string, string> = {
    "coin=btc": "link",
    "field=links.*": "link",
    "changeType=removal": "link",
    "route=names": "name",
    "q=needle": "name",
    "type=x.y": "typed",
    "notUnderstood=1": "junk",
    "test=1": "test",
    "source=second": "second",
  };
  const streams = await Promise.all(Object.keys(wanted).map(begin));
  await room.deliver({ id: "name", body: coinBody("aave", [update("name", "a", "needle")]) });
  const gone = { ...update("links.homepage", [], []), change_type: "removal" };
  await room.deliver({ id: "link", body: coinBody("btc", [gone]) });
  await room.deliver({ id: "typed", body: '{"event_type":"x.y","data":{}}' });
  await room.deliver({ id: "junk", body: "junk" });
  await room.store.append([
    anEvent("test", { test: true, coin: null }),
    anEvent("second", { source: "second", coin: null }),
  ]);
  await until("each has its own", () => streams.every(({ messages }) => messages.length === 1));
  assertEquals(streams.map((stream) => stream.ids()[0]), Object.values(wanted));
  await until("each says how far it is", () => streams.every(({ lastId }) => lastId() === "6"));
  for (const stream of streams) await stream.close();
});

Deno.test("a page's stream brings rows, deliveries that move on, and how the relay is", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: () => ({ outcome: "permanent", error: "no" }),
  });
  const stream = follow(await room.ask("/live/stream"));
  await until("the first pulse", () => stream.messages.some(({ event }) => event === "pulse"));
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  const row = await until("the row", () => stream.messages.find(({ event }) => event === "row"));
  assertEquals(row.data.includes(`data-seq="1"`), true);
  const moves = await until("the move", () => stream.messages.find(({ event }) => event === "moves"));
  const [move] = JSON.parse(moves.data);
  assertEquals([move.route, move.state, move.word, move.tone], ["all", "dead", "dead letter", "bad"]);
  const { overview, word } = JSON.parse(stream.messages.findLast(({ event }) => event === "pulse")!.data);
  assertEquals([overview.perMinute, overview.health, word], [0, "good", "All is well"]);
  const pulses = () =>
    stream.messages.filter(({ event }) => event === "pulse").map(({ data }) => JSON.parse(data));
  const pulse = await until(
    "a pulse that knows of the event",
    () => pulses().find(({ overview }) => overview.perMinute === 1),
  );
  assertEquals(pulse.rate.at(-1).accepted + pulse.rate.at(-2).accepted, 1);
  await stream.close();
});

Deno.test("a page is told what moved on while it was made, or while it was cut off", async () => {
  await using room = await openRoom({ routes: [{ name: "all", plugin: "log", events: ["cg.*"] }] });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await until("it is done", async () => (await room.store.counts()).some(({ state }) => state === "done"));
  const stream = follow(await room.ask("/live/stream?after=1"));
  const moves = await until("the moves", () => stream.messages.find(({ event }) => event === "moves"));
  assertEquals(JSON.parse(moves.data).map((move: { state: string }) => move.state), ["done"]);
  await stream.close();
});

Deno.test("a page that was cut off is told how all stands that it shows, discarded dead letters too", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: ({ event }) => ({ outcome: event.id === "e0" ? "permanent" : "done" }),
  });
  for (let i = 0; i < 100; i++) await room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  await until("all have ended", async () => {
    const counts = await room.store.counts();
    return counts.length === 2 && counts.every(({ state }) => state === "done" || state === "dead");
  });
  await room.store.discard({ states: ["dead"] }, Date.now());
  const last = (await room.store.events({}, { limit: 1 }))[0]!.seq;
  const stream = follow(
    await room.ask("/live/stream?after=1", { headers: { "last-event-id": String(last) } }),
  );
  const told = await until("the moves", () => stream.messages.find(({ event }) => event === "moves"));
  const moves: { state: string; discarded: boolean }[] = JSON.parse(told.data);
  assertEquals(moves.length, 100);
  assertEquals(moves.filter(({ discarded }) => discarded).map(({ state }) => state), ["dead"]);
  await stream.close();
});

Deno.test("a row that is shown again says that its dead letter was discarded meanwhile", async () => {
  await using room = await openRoom({
    routes: [{ name: "all", plugin: "log", events: ["cg.*"] }],
    run: () => ({ outcome: "permanent" }),
  });
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await until("it is dead", async () => (await room.store.counts()).some(({ state }) => state === "dead"));
  const shown = async () => {
    const stream = follow(await room.ask("/live/stream?after=0"));
    const row = await until("the row", () => stream.messages.find(({ event }) => event === "row"));
    await stream.close();
    return /data-delivery="\d+" title="([^"]+)"/.exec(row.data)![1];
  };
  assertEquals(await shown(), "dead letter");
  await room.store.discard({ states: ["dead"] }, Date.now());
  await until("it is seen", async () => await shown() === "discarded", 5_000);
});

Deno.test("a page that cannot keep up is shown the newest, as many as a page shows", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 450; i++) await room.deliver({ id: `e${i}`, body: coinBody("aave", []) });
  const stream = follow(await room.ask("/live/stream?after=0"));
  await until("the newest", () => stream.messages.some(({ id, event }) => event === "row" && id === "450"));
  const rows = stream.messages.filter(({ event }) => event === "row").map(({ id }) => Number(id));
  assertEquals(rows, Array.from({ length: 200 }, (_, i) => i + 251));
  await stream.close();
});

Deno.test("a page that asks for less than all is shown all of that, however far it is behind", async () => {
  await using room = await openRoom();
  for (let i = 0; i < 450; i++) {
    await room.deliver({ id: `e${i}`, body: coinBody(i === 0 || i === 449 ? "aave" : "btc", []) });
  }
  const stream = follow(await room.ask("/live/stream?after=0&coin=aave"));
  const rows = () => stream.messages.filter(({ event }) => event === "row").map(({ id }) => Number(id));
  await until("the newest", () => rows().includes(450));
  assertEquals(rows(), [1, 450]);
  await stream.close();
});

Deno.test("open streams are counted and let go when their reader leaves", async () => {
  await using room = await openRoom();
  const open = async () =>
    Number(/coinrelay_streams (\d+)/.exec(await (await room.ask("/metrics")).text())![1]);
  const streams = await Promise.all([1, 2, 3].map(async () => follow(await room.ask("/api/stream"))));
  assertEquals(await open(), 3);
  await streams[0]!.close();
  await room.deliver({ id: "e", body: coinBody("aave", []) });
  await until("one is gone", async () => await open() === 2);
  for (const stream of streams.slice(1)) await stream.close();
});

for (const thread of [false, true]) {
  const where = thread ? "in a thread" : "in the relay";
  Deno.test(`whoever asks only for the head of a stream leaves none open, ${where}`, async () => {
    await using room = await openRoom({ thread });
    for (const path of ["/api/stream", "/live/stream"]) {
      for (let i = 0; i < 100; i++) {
        const head = await room.ask(path, { method: "HEAD" });
        assertEquals([head.status, head.headers.get("content-type"), head.body], [
          200,
          "text/event-stream",
          null,
        ]);
      }
    }
    const metrics = await (await room.ask("/metrics")).text();
    assertEquals(/coinrelay_streams (\d+)/.exec(metrics)![1], "0");
    const stream = follow(await room.ask("/live/stream"));
    await until("the first pulse", () => stream.messages.some(({ event }) => event === "pulse"));
    await stream.close();
  });
}

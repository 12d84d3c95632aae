import { assert, assertEquals } from "@std/assert";
import type { CommitNews } from "../../../lib/store/contract.ts";
import type { Register } from "../contract.ts";
import { anEvent, asking, drain, ids, planned, put } from "../fixtures.ts";

export function appending(test: Register): void {
  test("append stores an event whole, byte for byte", async (store, reopen) => {
    const body = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
    const strange = anEvent(`evt:☕:'"`, {
      type: null,
      coin: null,
      body,
      test: true,
      depth: 3,
      signature: "",
    });
    const plain = anEvent("b", { coin: "café", receivedAt: 1776066000123, body: new Uint8Array(0) });
    const appended = await store.append([strange, plain]);
    store = await reopen();
    for (const [index, { deliveries: _, ...given }] of [strange, plain].entries()) {
      const answer = appended[index];
      assert(answer?.result === "accepted");
      assertEquals(await store.event({ seq: answer.seq }), { seq: answer.seq, ...given });
    }
  });

  test("append stores a body of several MiB", async (store) => {
    const body = crypto.getRandomValues(new Uint8Array(65_536));
    const large = new Uint8Array(3 * 1024 * 1024);
    for (let at = 0; at < large.length; at += body.length) large.set(body, at);
    const seq = await put(store, "large", [], { body: large });
    assertEquals((await store.event({ seq }))?.body, large);
  });

  test("append makes one pending delivery for each planned one", async (store) => {
    const deliveries = [planned("slack"), { route: "mail", matched: null, dueAt: 5000 }];
    await store.append([anEvent("a", { deliveries })]);
    const [mail, slack] = await store.deliveries({}, { limit: 10 });
    const common = { state: "pending", attempts: 0, createdAt: 1000, finishedAt: null, error: null } as const;
    const rest = { replayOf: null, discarded: false };
    assertEquals(slack, {
      ...common,
      ...rest,
      id: slack!.id,
      event: 1,
      route: "slack",
      matched: [0],
      dueAt: 1000,
    });
    assertEquals(mail, {
      ...common,
      ...rest,
      id: mail!.id,
      event: 1,
      route: "mail",
      matched: null,
      dueAt: 5000,
    });
  });

  test("append answers in the order given, and seq counts up", async (store) => {
    await put(store, "b");
    const answers = await store.append([anEvent("a"), anEvent("b"), anEvent("c")]);
    assertEquals(answers.map(({ result }) => result), ["accepted", "duplicate", "accepted"]);
    const [a, , c] = answers;
    assert(a?.result === "accepted" && c?.result === "accepted" && 1 < a.seq && a.seq < c.seq);
  });

  test("append of nothing answers nothing", async (store) => {
    assertEquals(await store.append([]), []);
  });

  test("append keeps one of several copies in one call", async (store) => {
    const copies = Array.from({ length: 50 }, () => anEvent("a", { deliveries: [planned()] }));
    const results = (await store.append(copies)).map(({ result }) => result);
    assertEquals(results, ["accepted", ...Array<string>(49).fill("duplicate")]);
    assertEquals((await store.deliveries({}, { limit: 100 })).length, 1);
  });

  test("append keeps one of several simultaneous copies over several calls", async (store) => {
    const calls = Array.from({ length: 40 }, (_, call) => {
      const batch = Array.from({ length: 5 }, (_, index) => anEvent(`${call}/${index}`));
      return store.append([...batch, anEvent("same", { deliveries: [planned()] }), anEvent("same")]);
    });
    const answers = (await Promise.all(calls)).flat();
    assertEquals(answers.filter(({ result }) => result === "accepted").length, 40 * 5 + 1);
    assertEquals((await store.events({ id: "same" }, { limit: 10 })).length, 1);
    assertEquals((await store.deliveries({}, { limit: 10 })).length, 1);
  });

  test("append tells ids of two sources apart", async (store) => {
    const [one, two] = await store.append([anEvent("a"), anEvent("a", { source: "other" })]);
    assertEquals([one?.result, two?.result], ["accepted", "accepted"]);
    assertEquals((await store.append([anEvent("a", { source: "other" })]))[0]?.result, "duplicate");
    assertEquals((await store.event({ id: "a", source: "other" }))?.source, "other");
    assertEquals(await store.event({ id: "a", source: "third" }), null);
  });

  test("append tells ids apart that differ in case, length or form", async (store) => {
    const alike = ["a", "A", "a ", "ä", "a\u0308", ""];
    const answers = await store.append(alike.map((id) => anEvent(id)));
    assertEquals(answers.map(({ result }) => result), alike.map(() => "accepted"));
    for (const id of alike) assertEquals((await store.event({ id }))?.id, id);
  });

  test("a zero character and half a surrogate pair are kept as U+FFFD, and order holds all the same", async (store) => {
    for (const [index, coin] of ["a\u0000b", "a\ud800b", "a\udfffb"].entries()) {
      await put(store, `${index}`, ["slack"], { coin, type: coin });
    }
    assertEquals((await store.event({ id: "0" }))?.coin, "a\uFFFDb");
    assertEquals(await drain(store, 1000, "coin"), ["0", "1", "2"]);
    assertEquals((await store.events({ coin: "a\u0000b", type: "a\ud800b" }, { limit: 9 })).length, 3);
  });

  test("append keeps one of two ids that are alike once kept", async (store) => {
    const answers = await store.append([anEvent("a\u0000"), anEvent("a\uFFFD"), anEvent("b")]);
    assertEquals(answers.map(({ result }) => result), ["accepted", "duplicate", "accepted"]);
  });

  test("append that cannot be written leaves nothing, not even the names of routes that came with it", async (store) => {
    const broken = anEvent("broken", { deliveries: [planned("log", {} as number)] });
    const events = [anEvent("a", { deliveries: [planned("slack"), planned("log")] }), broken];
    await store.append(events).then(() => assert(false, "appended"), () => {});
    assertEquals(await store.event({ id: "a" }), null);
    await put(store, "to mail", ["mail"]);
    await put(store, "to slack", ["slack"]);
    for (const route of ["mail", "slack", "log"]) {
      const { claimed } = await store.claim(asking({ route }));
      assertEquals(ids(claimed), route === "log" ? [] : [`to ${route}`]);
    }
    assertEquals((await store.append([events[0]!]))[0]?.result, "accepted");
  });

  test("append knows ids after a restart, old ones and new ones", async (store, reopen) => {
    const first = Array.from({ length: 300 }, (_, index) => anEvent(`first-${index}`));
    const second = Array.from({ length: 300 }, (_, index) => anEvent(`second-${index}`));
    await store.append(first);
    store = await reopen();
    await store.append(second);
    store = await reopen();
    const again = await store.append([...second, anEvent("third"), ...first]);
    assertEquals(again.filter(({ result }) => result === "accepted").length, 1);
  });

  test("onCommit tells of new events and of routes with work, until undone", async (store) => {
    const news: CommitNews[] = [];
    const undo = store.onCommit((told) => news.push(told));
    const seq = await put(store, "a", ["slack", "mail"]);
    await store.append([anEvent("a")]);
    assert(news.length > 0);
    for (const { lastSeq, routes } of news) { // a store that relays share may tell its own commit twice
      assertEquals([lastSeq, routes.toSorted()], [seq, ["mail", "slack"]]);
    }
    undo();
    const before = news.length;
    await put(store, "b");
    assertEquals(news.length, before);
  });
}

import { assertEquals, assertRejects } from "@std/assert";
import { type Appended, type NewEvent, StoreUnavailable } from "../../lib/store/contract.ts";
import { groupCommit } from "../../lib/store/group_commit.ts";
import { anEvent } from "./fixtures.ts";

const turn = () => new Promise((next) => setTimeout(next, 0));

/** An `append` that notes the ids of each call and answers when told to. */
function held() {
  const calls: { ids: string[]; answer(error?: Error): void }[] = [];
  let called = Promise.withResolvers<void>();
  const append = (events: readonly NewEvent[]) =>
    new Promise<Appended[]>((resolve, reject) => {
      const ids = events.map(({ id }) => id);
      const answer = (error?: Error) =>
        error ? reject(error) : resolve(ids.map((id) => ({ result: "accepted", seq: Number(id) })));
      calls.push({ ids, answer });
      called.resolve();
    });
  const next = async () => {
    if (calls.length === 0) await called.promise;
    called = Promise.withResolvers();
    return calls.shift()!;
  };
  return { append, next };
}

Deno.test("what arrives in one turn is one commit, and each caller gets its own answer", async () => {
  const { append, next } = held();
  const one = groupCommit(append);
  const answers = ["1", "2", "3"].map((id) => one(anEvent(id)));
  const call = await next();
  assertEquals(call.ids, ["1", "2", "3"]);
  call.answer();
  assertEquals(await Promise.all(answers), [1, 2, 3].map((seq) => ({ result: "accepted" as const, seq })));
});

Deno.test("what arrives while a commit runs goes into the next", async () => {
  const { append, next } = held();
  const one = groupCommit(append);
  const first = one(anEvent("1"));
  const call = await next();
  const later = ["2", "3"].map((id) => one(anEvent(id)));
  call.answer();
  await first;
  const second = await next();
  assertEquals(second.ids, ["2", "3"]);
  second.answer();
  await Promise.all(later);
});

Deno.test("the callers of a commit are told before the next one begins", async () => {
  const { append, next } = held();
  const order: string[] = [];
  const one = groupCommit((events) => {
    order.push(`commit of ${events[0]!.id}`);
    return append(events);
  });
  const tell = (id: string) => one(anEvent(id)).then(() => order.push(`told of ${id}`));
  const first = tell("1");
  const call = await next();
  const second = tell("2");
  call.answer();
  await first;
  (await next()).answer();
  await second;
  assertEquals(order, ["commit of 1", "told of 1", "commit of 2", "told of 2"]);
});

/** Senders that each wait for their answer before they send again, and what decides how long a commit waits for them. */
async function crowd() {
  const { append, next } = held();
  const waits: { ms: number; stopped: boolean; end(): void }[] = [];
  const one = groupCommit(append, (then, ms) => {
    const wait = { ms, stopped: false, end: then };
    waits.push(wait);
    return () => void (wait.stopped = true);
  });
  let sent = 0;
  const send = (count: number) => Array.from({ length: count }, () => one(anEvent(`${++sent}`)));
  const answers = send(20);
  const first = await next();
  first.answer();
  await Promise.all(answers); // the crowd is known now
  return { send, next, waits };
}

Deno.test("a crowd that comes back in parts is one commit", async () => {
  const { send, next, waits } = await crowd();
  const answers = send(10);
  await turn();
  assertEquals(waits.map(({ ms }) => ms), [1]);
  answers.push(...send(15)); // more than came before, as many as are tried
  const call = await next();
  assertEquals([call.ids.length, waits.length, waits[0]!.stopped], [25, 1, true]);
  call.answer();
  await Promise.all(answers);
});

Deno.test("whoever of a crowd does not come back is waited for once", async () => {
  const { send, next, waits } = await crowd();
  const fewer = send(12);
  await turn();
  waits.at(-1)!.end();
  const call = await next();
  assertEquals(call.ids.length, 12);
  call.answer();
  await Promise.all(fewer);
  const again = send(12);
  (await next()).answer();
  await Promise.all(again);
  const alone = send(1);
  await turn();
  assertEquals(waits.length, 2);
  waits.at(-1)!.end();
  (await next()).answer();
  await Promise.all(alone);
  const waited = waits.length;
  const last = send(1);
  (await next()).answer();
  await Promise.all(last);
  assertEquals(waits.length, waited);
});

Deno.test("a failed commit refuses all its callers, and the next goes on", async () => {
  const { append, next } = held();
  const one = groupCommit(append);
  const refused = ["1", "2"].map((id) => assertRejects(() => one(anEvent(id)), StoreUnavailable));
  (await next()).answer(new StoreUnavailable("full"));
  await Promise.all(refused);
  const accepted = one(anEvent("3"));
  (await next()).answer();
  assertEquals((await accepted).result, "accepted");
});

Deno.test("one event that cannot be written fails alone", async () => {
  const one = groupCommit((events) => {
    if (events.some(({ id }) => id === "2")) return Promise.reject(new TypeError("bad"));
    return Promise.resolve(events.map(({ id }) => ({ result: "accepted" as const, seq: Number(id) })));
  });
  const answers = await Promise.allSettled(["1", "2", "3"].map((id) => one(anEvent(id))));
  assertEquals(answers.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
});

Deno.test("while each is tried by itself, a store that goes away is asked no more", async () => {
  const asked: string[] = [];
  const away = new StoreUnavailable("full");
  const one = groupCommit((events) => {
    asked.push(events.map(({ id }) => id).join(" "));
    if (asked.length > 2) return Promise.reject(away);
    return events.length > 1
      ? Promise.reject(new TypeError("bad"))
      : Promise.resolve([{ result: "accepted" as const, seq: 1 }]);
  });
  const answers = await Promise.allSettled(["1", "2", "3", "4"].map((id) => one(anEvent(id))));
  assertEquals(asked, ["1 2 3 4", "1", "2"]);
  const refused = { status: "rejected" as const, reason: away };
  assertEquals(answers, [
    { status: "fulfilled", value: { result: "accepted", seq: 1 } },
    refused,
    refused,
    refused,
  ]);
});

Deno.test("one commit is bounded by events and by bytes", async () => {
  const sizes: number[] = [];
  const one = groupCommit((events) => {
    sizes.push(events.length);
    return Promise.resolve(events.map(() => ({ result: "duplicate" as const })));
  });
  const body = new Uint8Array(1024 * 1024);
  await Promise.all(Array.from({ length: 1100 }, (_, index) => one(anEvent(`${index}`))));
  await Promise.all(Array.from({ length: 20 }, (_, index) => one(anEvent(`${index}`, { body }))));
  await Promise.all([9, 1].map((megabytes) => one(anEvent("", { body: new Uint8Array(megabytes << 20) }))));
  assertEquals(sizes, [512, 512, 76, 8, 8, 4, 1, 1], "a body that is too large for any goes alone");
});

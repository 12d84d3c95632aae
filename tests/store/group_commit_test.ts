import { assertEquals, assertRejects } from "@std/assert";
import { type Appended, type NewEvent, StoreUnavailable } from "../../lib/store/contract.ts";
import { groupCommit } from "../../lib/store/group_commit.ts";
import { anEvent } from "./fixtures.ts";

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

Deno.test("what is enough for a commit waits for nothing else of its turn", async () => {
  const { append, next } = held();
  const one = groupCommit(append);
  const ids = Array.from({ length: 20 }, (_, index) => `${index + 1}`);
  const answers = ids.map((id) => one(anEvent(id)));
  const first = await next();
  assertEquals(first.ids, ids.slice(0, 16));
  first.answer();
  const second = await next();
  assertEquals(second.ids, ids.slice(16));
  second.answer();
  assertEquals((await Promise.all(answers)).length, 20);
});

Deno.test("the next commit has begun when the callers of the last are told", async () => {
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
  assertEquals(order, ["commit of 1", "commit of 2", "told of 1", "told of 2"]);
});

Deno.test("where several commits may run at once, what arrives waits for none that runs", async () => {
  const { append, next } = held();
  const one = groupCommit(append, { atOnce: Infinity });
  const first = one(anEvent("1"));
  const call = await next();
  const second = one(anEvent("2"));
  (await next()).answer();
  assertEquals((await second).result, "accepted");
  call.answer();
  await first;
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

Deno.test("one commit is bounded by events and by bytes", async () => {
  const sizes: number[] = [];
  const one = groupCommit((events) => {
    sizes.push(events.length);
    return Promise.resolve(events.map(() => ({ result: "duplicate" as const })));
  });
  const body = new Uint8Array(1024 * 1024);
  await Promise.all(Array.from({ length: 1100 }, (_, index) => one(anEvent(`${index}`))));
  await Promise.all(Array.from({ length: 20 }, (_, index) => one(anEvent(`${index}`, { body }))));
  assertEquals(sizes, [16, 512, 512, 60, 8, 8, 4]);
});

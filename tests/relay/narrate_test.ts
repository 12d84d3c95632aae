import { assertEquals } from "@std/assert";
import type { AttemptReport } from "../../lib/dispatch/dispatcher.ts";
import { configureLog } from "../../lib/log.ts";
import type { Receipt } from "../../lib/receive/receiver.ts";
import { createNarrator, type Narrator } from "../../lib/relay/narrate.ts";
import type { Outcome } from "../../lib/nouns.ts";
import { type Settlement, StoreUnavailable } from "../../lib/store/contract.ts";

/** The lines that a narrator writes for `tell`, from the room on. */
function linesOf(tell: (narrator: Narrator) => void, now = () => 0): string[] {
  const lines: string[] = [];
  configureLog({ format: "text", write: (line) => lines.push(line) });
  try {
    tell(createNarrator(now));
    return lines.map((line) => line.replace(/^\S+ /, ""));
  } finally {
    configureLog();
  }
}

const RECEIPT: Receipt = {
  source: "cryptosync",
  at: 0,
  result: "accepted",
  reason: null,
  authentic: true,
  test: false,
  headers: { timestamp: "1", id: "e", signature: "v1,x" },
  body: new Uint8Array(),
  notUnderstood: null,
  tookMs: 0,
};

Deno.test("only what was stored is said to be stored, though not understood", () => {
  const told = (part: Partial<Receipt>) =>
    linesOf((narrator) => narrator.receipt({ ...RECEIPT, notUnderstood: "it is no JSON", ...part })).filter((
      line,
    ) => line.includes("not understood"));
  assertEquals(told({}), [
    "receive  warning: stored, but not understood: it is no JSON source=cryptosync event=e",
  ]);
  assertEquals(told({ result: "duplicate" }), []);
  assertEquals(told({ result: "rejected", reason: "store_unavailable" }), []);
});

Deno.test("what is refused though rightly signed is told with what to do about just that", () => {
  const told = (reason: Receipt["reason"]) =>
    linesOf((narrator) => narrator.receipt({ ...RECEIPT, result: "rejected", reason }));
  for (
    const [reason, advice] of [
      ["stale_timestamp", "check this server's clock, or raise the source's maxAgeSeconds"],
      ["future_timestamp", "check this server's clock"],
      ["bad_timestamp", "the provider has changed the form of x-cg-timestamp: update the relay"],
    ] as const
  ) {
    assertEquals(told(reason), [
      `receive  warning: refused though rightly signed: ${advice} source=cryptosync event=e reason=${reason}`,
    ]);
  }
});

Deno.test("a commit that takes a second is told, and what is quicker is not", () => {
  const lines = linesOf((narrator) => {
    narrator.commit(32, 999);
    narrator.commit(3, 12_340);
  });
  assertEquals(lines, ["receive  warning: the store took 12.3 s to commit: look at its disk events=3"]);
});

Deno.test("a store that cannot be used is told from a fault of another kind, which a later try does not mend", () => {
  const lines = linesOf((narrator) => {
    narrator.fault(new StoreUnavailable("Cannot use relay.db: disk full (make room)"));
    narrator.fault(new TypeError("Provided value cannot be bound"));
  });
  assertEquals(lines, [
    "dispatch error: the store cannot be used, trying again: Cannot use relay.db: disk full (make room)",
    "dispatch error: a fault of the relay's: Provided value cannot be bound",
  ]);
});

Deno.test("a refusal is told as what it is: the store's fault, perhaps the clock's, or a stranger's", () => {
  const told = (reason: Receipt["reason"], authentic: boolean, more: Partial<Receipt> = {}) =>
    linesOf((narrator) => narrator.receipt({ ...RECEIPT, result: "rejected", reason, authentic, ...more }))
      .map((line) => line.replace(/ source=.*/, ""));
  const problem = "Cannot use relay.db: database or disk is full (the disk is full; make room)";
  assertEquals(told("store_unavailable", true, { problem }), [
    `receive  error: answered 503, since the store cannot commit: ${problem}`,
  ]);
  assertEquals(told("store_unavailable", true), [
    "receive  error: answered 503, since the store cannot commit",
  ]);
  assertEquals(told("stale_timestamp", true), [
    "receive  warning: refused though rightly signed: check this server's clock, or raise the source's maxAgeSeconds",
  ]);
  assertEquals(told("bad_signature", false), ["receive  warning: refused"]);
});

Deno.test("what is more than twenty lines of a kind in a second is counted, and summed up with the next, by its second", () => {
  let at = 0;
  const lines = linesOf((narrator) => {
    const refuse = (times: number, reason: Receipt["reason"]) => {
      for (let time = 0; time < times; time++) {
        narrator.receipt({ ...RECEIPT, result: "rejected", reason, authentic: false });
      }
    };
    refuse(25, "bad_signature");
    refuse(2, "missing_header");
    at = 1000;
    refuse(20, "bad_signature");
    at = 3_600_000;
    refuse(21, "bad_signature");
    at = 7_200_000;
    refuse(1, "bad_signature");
  }, () => at);
  assertEquals(lines.filter((line) => line.includes("more")), [
    "receive  … and 5 more bad_signature in the second of 1970-01-01T00:00:00Z",
    "receive  … and 1 more bad_signature in the second of 1970-01-01T01:00:00Z",
  ]);
  assertEquals(lines.length, 20 + 2 + 1 + 20 + 20 + 1 + 1);
});

Deno.test("an attempt is told by what becomes of its delivery; each dead letter is, however many there are", () => {
  const report = (outcome: Outcome, next: Settlement["next"], chainCut = false): AttemptReport => ({
    job: { route: "out", delivery: 7, attempt: 2, event: { id: "e" } },
    settlement: {
      delivery: 7,
      attempt: { number: 2, startedAt: 0, durationMs: 5, outcome, error: "no answer", sent: [] },
      next,
      route: "out",
      kv: [],
      emitted: [],
    },
    chainCut,
  });
  const lines = linesOf((narrator) => {
    narrator.attempt(report("done", { state: "done" }, true));
    narrator.attempt(report("retry", { state: "pending", dueAt: 1500 }));
    for (let death = 0; death < 30; death++) narrator.attempt(report("retry", { state: "dead" }));
  });
  assertEquals(lines.slice(0, 4).map((line) => line.replace(/ route=.*/, "")), [
    "dispatch warning: emitted events dropped: their chain is too deep",
    "dispatch done",
    "dispatch warning: failed, again in 2 s: no answer",
    "dispatch error: dead letter: no answer",
  ]);
  assertEquals(lines.length, 3 + 30);

  let at = 0;
  const sums = linesOf((narrator) => {
    for (let done = 0; done < 23; done++) narrator.attempt(report("done", { state: "done" }));
    at = 1000;
    narrator.attempt(report("done", { state: "done" }));
  }, () => at).filter((line) => line.includes("more"));
  assertEquals(sums, ["dispatch … and 3 more deliveries done in the second of 1970-01-01T00:00:00Z"]);
});

import { assertEquals } from "@std/assert";
import { configureLog } from "../../lib/log.ts";
import type { Receipt } from "../../lib/receive/receiver.ts";
import { createNarrator, type Narrator } from "../../lib/relay/narrate.ts";
import { StoreUnavailable } from "../../lib/store/contract.ts";

/** The lines that a narrator writes for `tell`, from the room on. */
function linesOf(tell: (narrator: Narrator) => void): string[] {
  const lines: string[] = [];
  configureLog({ format: "text", write: (line) => lines.push(line) });
  try {
    tell(createNarrator(() => 0));
    return lines.map((line) => line.replace(/^\S+ /, ""));
  } finally {
    configureLog();
  }
}

Deno.test("only what was stored is said to be stored, though not understood", () => {
  const receipt: Receipt = {
    source: "cryptosync",
    at: 0,
    result: "accepted",
    reason: null,
    authentic: true,
    test: false,
    headers: { timestamp: "1", id: "e", signature: "v1,x" },
    body: new Uint8Array(),
    notUnderstood: "it is no JSON",
    tookMs: 0,
  };
  const told = (part: Partial<Receipt>) =>
    linesOf((narrator) => narrator.receipt({ ...receipt, ...part })).filter((line) =>
      line.includes("not understood")
    );
  assertEquals(told({}), [
    "receive  warning: stored, but not understood: it is no JSON source=cryptosync event=e",
  ]);
  assertEquals(told({ result: "duplicate" }), []);
  assertEquals(told({ result: "rejected", reason: "store_unavailable" }), []);
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

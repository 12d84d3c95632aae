import { assertEquals } from "@std/assert";
import { type ClaimEnd, writeClaimEnds } from "../../lib/dispatch/claim_ends.ts";
import { type Settlement, StoreUnavailable } from "../../lib/store/contract.ts";

/** Of an attempt that is done; only what tells it from others matters. */
function end(delivery: number): ClaimEnd {
  const settlement: Settlement = {
    delivery,
    attempt: null,
    next: { state: "done" },
    route: "a",
    kv: [],
    emitted: [],
  };
  return { claimed: {} as ClaimEnd["claimed"], settlement, chainCut: true };
}

/** Writes three to a store that refuses some calls, and tells what it took. */
async function write(refusal: (settlements: readonly Settlement[], call: number) => Error | null) {
  const taken: string[] = [], faults: unknown[] = [];
  let calls = 0;
  const left = await writeClaimEnds([end(1), end(2), end(3)], {
    settle(ends) {
      const error = refusal(ends.map(({ settlement }) => settlement), ++calls);
      if (error !== null) return Promise.reject(error);
      taken.push(
        ...ends.map(({ settlement: { delivery, next }, chainCut }) =>
          `${delivery} ${next.state}${chainCut ? ", cut" : ""}`
        ),
      );
      return Promise.resolve();
    },
    instead: ({ settlement }) => ({ ...settlement, next: { state: "dead" } }),
    onFault: (error) => faults.push(error),
  });
  return { taken, faults, left: left.map(({ settlement }) => settlement.delivery), calls };
}

Deno.test("what a store that is away for a moment did not take is left as it is, and is no dead letter", async () => {
  const away = new StoreUnavailable("the disk is full");
  const written = await write((_, call) => call === 1 ? away : null);
  assertEquals(written, { taken: [], faults: [away], left: [1, 2, 3], calls: 1 });
});

Deno.test("of ends that are written together only the one at fault is replaced, and what stands in its place cuts no chain", async () => {
  const fault = new TypeError("cannot be bound");
  const isAtFault = ({ delivery, next }: Settlement) => delivery === 2 && next.state === "done";
  const written = await write((settlements) => settlements.some(isAtFault) ? fault : null);
  assertEquals(written, {
    taken: ["1 done, cut", "3 done, cut", "2 dead"],
    faults: [fault],
    left: [],
    calls: 5,
  });
});

Deno.test("what cannot be replaced either is left, with both reasons told", async () => {
  const fault = new TypeError("cannot be bound"), other = new TypeError("nor can this");
  const written = await write((settlements) =>
    settlements.every(({ delivery }) => delivery !== 2)
      ? null
      : settlements[0]!.next.state === "dead"
      ? other
      : fault
  );
  assertEquals(written, {
    taken: ["1 done, cut", "3 done, cut"],
    faults: [fault, other],
    left: [2],
    calls: 5,
  });
});

/** What every engine must do. Each engine's own test calls it once. @module */
import type { Store } from "../../lib/store/contract.ts";
import { appending } from "./contract/appending.ts";
import { claiming } from "./contract/claiming.ts";
import { listing } from "./contract/listing.ts";
import { managing } from "./contract/managing.ts";
import { modelled } from "./contract/modelled.ts";
import { ordering } from "./contract/ordering.ts";
import { pacing } from "./contract/pacing.ts";
import { pruning } from "./contract/pruning.ts";
import { remembering } from "./contract/remembering.ts";
import { settling } from "./contract/settling.ts";
import { takingTurns } from "./contract/taking_turns.ts";

/** A store under test. */
export interface Opened {
  store: Store;
  /** Closes the store and opens it again on the same data, as a restarted relay would. */
  reopen(): Promise<Store>;
  /** Closes the store and removes what it left. */
  cleanup(): Promise<void>;
}

/** Registers a test of one promise. */
export type Register = (
  name: string,
  body: (store: Store, reopen: Opened["reopen"]) => Promise<void>,
) => void;

/** Registers all tests of the contract for an engine. */
export function storeContract(engine: string, open: () => Promise<Opened>): void {
  const test: Register = (name, body) =>
    Deno.test(`${engine}: ${name}`, async () => {
      const opened = await open();
      try {
        await body(opened.store, opened.reopen);
      } finally {
        await opened.cleanup();
      }
    });
  for (
    const group of [
      appending,
      claiming,
      ordering,
      pacing,
      settling,
      remembering,
      listing,
      managing,
      pruning,
      takingTurns,
      modelled,
    ]
  ) group(test);
}

/** Why a plugin could not be loaded. @module */
import { didYouMean } from "../config/suggest.ts";
import type { LoadStage } from "./protocol.ts";

/** What a plugin can import of this program. */
const OURS = ["coinrelay/plugin", "coinrelay/plugin/words", "coinrelay/plugin/testing"];

/** Thrown when a plugin cannot be loaded. */
export class LoadFailure extends Error {
  override name = "LoadFailure";
  constructor(
    readonly stage: LoadStage,
    message: string,
    /** Relative to the plugins folder. */
    readonly file: string | null = null,
    readonly line: number | null = null,
    /** Whether it may pass without a change of the file: its process failed, not its module. */
    readonly passing = false,
  ) {
    super(withHint(message));
  }
}

/** Of an import that is nearly one of ours. */
function withHint(message: string): string {
  const wanted = /^Import "(coinrelay[^"]*)" not a dependency/.exec(message)?.[1];
  const hint = wanted === undefined ? undefined : didYouMean(wanted, OURS);
  return hint === undefined ? message : `${message}: ${hint}`;
}

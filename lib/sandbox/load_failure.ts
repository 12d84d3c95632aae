/** Why a plugin could not be loaded. @module */
import type { LoadStage } from "./protocol.ts";

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
    super(message);
  }
}

/** The errors of a store that are told apart beyond its thread. @module */
import type { KnownError } from "../line.ts";
import { StoreUnavailable, StoreUnusable } from "./contract.ts";

/** For a line that a store is asked over. */
export const STORE_ERRORS: Readonly<Record<string, KnownError>> = {
  StoreUnavailable,
  StoreUnusable,
  AlreadyExists: Deno.errors.AlreadyExists,
};

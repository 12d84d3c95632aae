/** Whether a store's file is there. @module */
import { StoreUnusable } from "../contract.ts";

/**
 * Whether there is such a file.
 *
 * @throws {StoreUnusable} Where this user may not look: then nobody knows, and it is likely to be there.
 */
export function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) return false;
    throw new StoreUnusable(
      `Cannot look at ${file}: this user may not. Run this as the user that the relay runs as`,
      { cause: error },
    );
  }
}

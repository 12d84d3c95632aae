/** What errors say, whatever was thrown. @module */

/** The message of an error; anything else that was thrown as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Whether the system refused something (a disk is full, a file may not be written), rather than we made a mistake. */
export function isOfSystem(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code)); // Node's own have a _
}

/**
 * What a failed request says of its cause: the layers above it only say that it failed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const cause = new Error("client error (Connect): tcp connect error: Connection refused");
 * assertEquals(causeOf(new TypeError("fetch failed", { cause })), "Connection refused");
 * ```
 */
export function causeOf(thrown: unknown): string {
  const inner = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return messageOf(inner).split("error: ").at(-1)!;
}

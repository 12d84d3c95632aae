/** What keeps the relay's process small. @module */

const V8_FLAGS: readonly string[] = [
  // Each of the relay's threads would otherwise let up to three times 16 MiB of what it no longer needs lie while
  // deliveries are made; with this it is a quarter, and no slower.
  "--max-semi-space-size=4",
  // A loop that runs long once, as one does while Deno starts a thread, is not worth the 3 MiB of a compiler's code that
  // would be read for it. What runs often is compiled all the same.
  "--no-maglev-osr",
  // Each thread would otherwise have V8's own functions mapped a second time, 2 MiB, so that calls of them are shorter by
  // a few bytes.
  "--no-short-builtin-calls",
];

/** Deno's flags. */
export const MEMORY_FLAGS: readonly string[] = [
  `--v8-flags=${V8_FLAGS.join(",")}`,
  // Compiled code from an earlier start saves no time that can be measured, and takes 3 MiB for as long as the relay runs.
  "--no-code-cache",
];

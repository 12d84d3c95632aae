/** How much memory the relay's process may take for what lives briefly. @module */

/**
 * Deno's flag. Each of the relay's threads would otherwise let up to three times 16 MiB of what it no longer needs lie
 * while deliveries are made; with this it is a quarter, and no slower.
 */
export const MEMORY_FLAG = "--v8-flags=--max-semi-space-size=4";

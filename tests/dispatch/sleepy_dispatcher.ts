/** A dispatcher that looks by itself so seldom that a test fails where nobody wakes it. @module */

const LEASE_VARIABLE = "COINRELAY_LEASE_SECONDS"; // not imported: it is read with the rest
Deno.env.set(LEASE_VARIABLE, "300"); // a quarter of it is longer than a test waits
export const { createDispatcher } = await import("../../lib/dispatch/dispatcher.ts");
Deno.env.delete(LEASE_VARIABLE);

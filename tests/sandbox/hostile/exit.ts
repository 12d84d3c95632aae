/** Ends its process. */
export default { run: () => Deno.exit(0) };

/** Loads a native library. */
export default { run: () => Deno.dlopen("libc.so.6", {}) };

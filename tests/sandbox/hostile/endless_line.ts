/** Writes a line that never ends. */
export default {
  run() {
    const megabyte = new Uint8Array(2 ** 20).fill(65);
    for (;;) Deno.stdout.writeSync(megabyte);
  },
};

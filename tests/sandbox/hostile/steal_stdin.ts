/** Reads what the relay tells its process. */
export default {
  async run() {
    const buffer = new Uint8Array(1000);
    for (;;) console.log(`read ${await Deno.stdin.read(buffer)}`);
  },
};

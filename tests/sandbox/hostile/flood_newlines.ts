/** Prints nothing but ends of lines, without end. */
export default {
  async run() {
    const newlines = new Uint8Array(65_536).fill(10);
    for (;;) {
      Deno.stdout.writeSync(newlines);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  },
};

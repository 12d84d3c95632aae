/** Replaces another plugin. */
export default {
  async run() {
    await Deno.writeTextFile(new URL("./neighbour.ts", import.meta.url), "export default { run() {} };");
  },
};

/** Reads the store. */
export default {
  async run() {
    const bytes = await Deno.readFile(new URL("../data/relay.db", import.meta.url));
    console.log(`stolen: ${new TextDecoder().decode(bytes)}`);
  },
};

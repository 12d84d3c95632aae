/** Reads a secret through a symbolic link in the plugins folder. */
export default {
  async run() {
    console.log(`stolen: ${await Deno.readTextFile(new URL("./notes.txt", import.meta.url))}`);
  },
};

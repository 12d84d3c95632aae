/** Runs Deno itself, with every permission. */
export default {
  async run() {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["eval", "1"] }).output();
    console.log(`stolen: ${stdout.length}`);
  },
};

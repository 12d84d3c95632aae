/** Reads the environment, in every way there is. */
import process from "node:process";
export default {
  run() {
    const found = [];
    for (
      const read of [
        () => process.env["STOLEN"],
        () => Deno.env.get("STOLEN"),
        () => Deno.env.toObject()["STOLEN"],
      ]
    ) {
      try {
        found.push(read());
      } catch (error) {
        found.push((error as Error).name);
      }
    }
    console.log(`found: ${found.join(" ")}`);
    return Deno.env.get("STOLEN");
  },
};

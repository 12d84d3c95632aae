/** Reads a secret through Node's file system. */
import { readFileSync } from "node:fs";
export default {
  run: () => console.log(`stolen: ${readFileSync(new URL("../.env", import.meta.url), "utf8")}`),
};

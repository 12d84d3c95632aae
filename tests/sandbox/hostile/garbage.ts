/** Writes on the protocol's channel what no protocol knows. */
import { writeSync } from "node:fs";
export default {
  run() {
    writeSync(1, '{"t":"end","id":1,"outcome":"done"}\n\u0000\u0001garbage\n');
    Deno.stdout.writeSync(new TextEncoder().encode("no end of line"));
  },
};

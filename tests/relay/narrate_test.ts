import { assertEquals } from "@std/assert";
import { configureLog } from "../../lib/log.ts";
import { createNarrator } from "../../lib/relay/narrate.ts";

Deno.test("a commit that takes a second is told, and what is quicker is not", () => {
  const lines: string[] = [];
  configureLog({ format: "text", write: (line) => lines.push(line) });
  try {
    const narrator = createNarrator(() => 0);
    narrator.commit(32, 999);
    narrator.commit(3, 12_340);
    assertEquals(lines.map((line) => line.replace(/^.*?receive/, "receive")), [
      "receive  warning: the store took 12.3 s to commit: look at its disk events=3",
    ]);
  } finally {
    configureLog();
  }
});

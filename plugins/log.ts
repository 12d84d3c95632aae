import type { Plugin } from "coinrelay/plugin";
import { describe, rowsAsText } from "coinrelay/plugin/words";

/** Writes one readable line for each change to the relay's log. */
export default {
  description: "Writes one readable line for each change",
  run(event, { log }) {
    const { title, lines, more, test } = describe(event, { maxText: 300, maxLines: 200 });
    const mark = test ? "[test] " : "";
    for (const { words, rows } of lines) {
      const values = rowsAsText(rows, " · ");
      log.info(`${mark}${title}: ${words}${values && ": "}${values}`);
    }
    if (more > 0) log.info(`${mark}${title}: … and ${more} more changes`);
  },
} satisfies Plugin;

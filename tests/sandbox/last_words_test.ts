/** Why a process ended is told by what it printed last. */
import { assertEquals } from "@std/assert";
import { LastWords } from "../../lib/sandbox/last_words.ts";

const IN_WORKER = 'error: Uncaught (in worker "") Error: long ago';

for (
  const [what, lines, code, cause] of [
    [
      "calls Deno.exit()",
      [],
      3,
      "ended itself with exit code 3: a plugin must not call Deno.exit() or process.exit()",
    ],
    [
      "throws outside of a run",
      ["error: Uncaught (in promise) Error: x"],
      1,
      "ended: Uncaught (in promise) Error: x",
    ],
    [
      "throws after a worker of its did",
      [IN_WORKER, "error: Uncaught Error: now"],
      1,
      "ended: Uncaught Error: now",
    ],
    [
      "calls what Deno keeps behind a flag",
      [IN_WORKER, "Unstable API 'Deno.connect'. The `--unstable-vsock` flag must be provided."],
      70,
      "ended: Deno calls Deno.connect unstable, and gives it to no plugin",
    ],
    [
      "prints such words, and goes on",
      ["Unstable API 'Deno.connect'. The `--unstable-vsock` flag must be provided.", "and so on"],
      3,
      "ended itself with exit code 3: a plugin must not call Deno.exit() or process.exit()",
    ],
    [
      "finds a fault of Deno's",
      [
        "Deno has panicked. This is a bug in Deno. Please report this",
        "thread 'main' (1) panicked at driver.rs:230",
      ],
      1,
      "ended by a fault of Deno's own: the log has its words",
    ],
  ] as const
) {
  Deno.test(`the process of a plugin that ${what} has ended for that`, () => {
    const words = new LastWords();
    for (const line of lines) words.add(line);
    assertEquals(words.causeOf({ code, signal: null }), cause);
  });
}

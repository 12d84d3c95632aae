import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../lib/commands/command.ts";
import { spanOf } from "../../lib/commands/time_flag.ts";

const NOW = Date.UTC(2026, 6, 24, 12);
const HOUR = 3_600_000;

Deno.test("a span of time is read from what is given of it", () => {
  assertEquals(spanOf({}, NOW), {});
  assertEquals(spanOf({ since: "3h", until: "2h" }, NOW), { since: NOW - 3 * HOUR, until: NOW - 2 * HOUR });
  assertEquals(spanOf({ until: "2026-07-24T10:30Z" }, NOW), { until: NOW - 1.5 * HOUR });
});

Deno.test("a span in which nothing can lie is refused: mostly its ends were exchanged", () => {
  for (const [since, until] of [["2h", "3h"], ["2h", "2h"], ["2026-07-25", "2026-07-24"]] as const) {
    assertThrows(
      () => spanOf({ since, until }, NOW),
      UsageError,
      `--since ${since} is not before --until ${until}: nothing can lie between them`,
    );
  }
});

Deno.test("what is neither a time nor an age is refused, with examples of both", () => {
  for (const text of ["yesterday", "2", "-2h", "2w", "2h30m", "24.07.2026", "2026-13-01", "10:30", ""]) {
    const error = assertThrows(() => spanOf({ since: text }, NOW), UsageError);
    assertEquals(
      /^--since takes a time \(2026-07-24, .*\) or an age \(90s, 30m, 2h, 7d\)$/.test(error.message),
      true,
    );
  }
});

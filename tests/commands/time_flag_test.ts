import { assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { UsageError } from "../../lib/commands/command.ts";
import { spanOf, timeOf } from "../../lib/commands/time_flag.ts";

const NOW = Date.UTC(2026, 6, 24, 12);
const HOUR = 3_600_000;

Deno.test("a span of time is read from what is given of it", () => {
  assertEquals(spanOf({}, NOW), {});
  assertEquals(spanOf({ since: "3h", until: "2h" }, NOW), { since: NOW - 3 * HOUR, until: NOW - 2 * HOUR });
  assertEquals(spanOf({ until: "2026-07-24T10:30Z" }, NOW), { until: NOW - 1.5 * HOUR });
});

Deno.test("an age is so many seconds, minutes, hours or days before now, parts of one too", () => {
  for (
    const [age, seconds] of [["90s", 90], ["30m", 1800], ["2h", 7200], ["1.5h", 5400], [
      "7d",
      604_800,
    ]] as const
  ) {
    assertEquals(timeOf("--since", age, NOW), NOW - seconds * 1000, age);
  }
  assertEquals(timeOf("--since", undefined, NOW), undefined);
});

Deno.test("a day, and a time without a zone, are those of this machine; a zone that is said counts", async () => {
  const times = {
    "2026-07-24": "2026-07-24T04:00:00.000Z",
    "2026-07-24T10:30": "2026-07-24T14:30:00.000Z",
    "2026-07-24T10:30:15.5": "2026-07-24T14:30:15.500Z",
    "2026-07-24T10:30:15Z": "2026-07-24T10:30:15.000Z",
    "2026-07-24T10:30+02:00": "2026-07-24T08:30:00.000Z",
    "2026-07-24T10:30-02:00": "2026-07-24T12:30:00.000Z",
    "2028-02-29": "2028-02-29T05:00:00.000Z",
  };
  const program = `
    import { timeOf } from ${
    JSON.stringify(new URL("../../lib/commands/time_flag.ts", import.meta.url).href)
  };
    const times = ${JSON.stringify(Object.keys(times))}.map((text) => timeOf("--since", text, 0));
    console.log(JSON.stringify(times.map((time) => new Date(time).toISOString())));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", `--import-map=${fromFileUrl(new URL("../../.imports.json", import.meta.url))}`, program],
    env: { TZ: "America/New_York", NO_COLOR: "1" },
  }).output();
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)), Object.values(times));
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
  const words = ["yesterday", "2", "-2h", "2w", "2h30m", "24.07.2026", "2026-13-01", "10:30", ""];
  const noDays = ["2026-02-29", "2026-02-30T10:00Z", "2026-06-31T10:00", "2026-00-10", "2026", "2026-07"];
  for (const text of [...words, ...noDays, "2026-07-24T25:00", "2026-07-24T10:30+2"]) {
    const error = assertThrows(() => spanOf({ since: text }, NOW), UsageError);
    assertEquals(
      /^--since takes a time \(2026-07-24, .*\) or an age \(90s, 30m, 2h, 7d\)$/.test(error.message),
      true,
    );
  }
});

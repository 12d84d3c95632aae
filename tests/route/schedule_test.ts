import { assertEquals } from "@std/assert";
import { dueAt, parseDigest, type Schedule } from "../../lib/route/schedule.ts";

const ZONE = "Europe/Berlin";

function due(schedule: Partial<Schedule>, at: string, breaksQuiet = false): string {
  const full = { digest: null, quietHours: null, timeZone: ZONE, ...schedule };
  const time = dueAt(full, Date.parse(at), breaksQuiet);
  return Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(full.timeZone).toString({
    timeZoneName: "never",
    smallestUnit: "minute",
  });
}

Deno.test("without digest and quiet hours everything is due at once", () => {
  assertEquals(due({}, "2026-01-10T03:00:00+01:00"), "2026-01-10T03:00+01:00");
});

Deno.test("a digest of minutes is due at the end of its window, the next one for what comes on the dot", () => {
  const digest = parseDigest("15m");
  assertEquals(due({ digest }, "2026-01-10T10:07:00+01:00"), "2026-01-10T10:15+01:00");
  assertEquals(due({ digest }, "2026-01-10T10:15:00+01:00"), "2026-01-10T10:30+01:00");
});

Deno.test("a daily digest is due at its time, today or tomorrow", () => {
  const digest = parseDigest("daily 08:00");
  assertEquals(due({ digest }, "2026-01-10T07:59:00+01:00"), "2026-01-10T08:00+01:00");
  assertEquals(due({ digest }, "2026-01-10T08:00:00+01:00"), "2026-01-11T08:00+01:00");
});

Deno.test("a daily digest keeps its time of day over both changes of the clocks", () => {
  const digest = parseDigest("daily 08:00");
  assertEquals(due({ digest }, "2026-03-28T12:00:00+01:00"), "2026-03-29T08:00+02:00");
  assertEquals(due({ digest }, "2026-10-24T12:00:00+02:00"), "2026-10-25T08:00+01:00");
});

Deno.test("a time of day that the clocks skip is due when they have skipped it", () => {
  assertEquals(
    due({ digest: parseDigest("daily 02:30") }, "2026-03-28T12:00:00+01:00"),
    "2026-03-29T03:30+02:00",
  );
});

for (
  const [from, to, at, expected] of [
    ["22:00", "07:00", "2026-01-10T23:00:00+01:00", "2026-01-11T07:00+01:00"],
    ["22:00", "07:00", "2026-01-10T03:00:00+01:00", "2026-01-10T07:00+01:00"],
    ["22:00", "07:00", "2026-01-10T22:00:00+01:00", "2026-01-11T07:00+01:00"],
    ["22:00", "07:00", "2026-01-10T07:00:00+01:00", "2026-01-10T07:00+01:00"],
    ["22:00", "07:00", "2026-01-10T12:00:00+01:00", "2026-01-10T12:00+01:00"],
    ["12:00", "13:00", "2026-01-10T12:30:00+01:00", "2026-01-10T13:00+01:00"],
    ["12:00", "13:00", "2026-01-10T23:30:00+01:00", "2026-01-10T23:30+01:00"],
  ] as const
) {
  Deno.test(`in quiet hours from ${from} to ${to}, what comes at ${at} is due at ${expected}`, () => {
    assertEquals(due({ quietHours: { from, to } }, at), expected);
  });
}

Deno.test("what breaks through is due in quiet hours all the same", () => {
  assertEquals(
    due({ quietHours: { from: "22:00", to: "07:00" } }, "2026-01-10T23:00:00+01:00", true),
    "2026-01-10T23:00+01:00",
  );
});

Deno.test("a digest that would be due in quiet hours waits for their end", () => {
  const schedule = { digest: parseDigest("1h"), quietHours: { from: "22:00", to: "07:00" } };
  assertEquals(due(schedule, "2026-01-10T22:10:00+01:00"), "2026-01-11T07:00+01:00");
  assertEquals(due(schedule, "2026-01-10T21:10:00+01:00"), "2026-01-11T07:00+01:00");
  assertEquals(due(schedule, "2026-01-10T06:10:00+01:00"), "2026-01-10T07:00+01:00");
});

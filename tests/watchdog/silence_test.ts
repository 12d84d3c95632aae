import { assertEquals } from "@std/assert";
import { createSilence } from "../../lib/watchdog/silence.ts";

const MINUTE = 60_000, HOUR = 60 * MINUTE;
const fresh = { heardAt: 0, listeningSince: 0, told: false };

/** The minutes at which something is told. */
function toldAt(silence: ReturnType<typeof createSilence>, from: number, to: number): number[] {
  const told: number[] = [];
  for (let minute = from; minute <= to; minute++) {
    if (silence.tick(minute * MINUTE).length > 0) told.push(minute);
  }
  return told;
}

Deno.test("silence is told after silentMinutes, then once a day, and its end at the first delivery", () => {
  const silence = createSilence("cryptosync", 60, fresh);
  assertEquals(toldAt(silence, 1, 3 * 24 * 60), [60, 60 + 1440, 60 + 2880]);
  assertEquals(silence.heard(73 * HOUR).map(({ state }) => state), ["heard"]);
  assertEquals(silence.heard(73 * HOUR + 1), []);
  assertEquals(toldAt(silence, 73 * 60, 74 * 60), [74 * 60]);
  assertEquals(silence.heard(75 * HOUR).length, 1);
  assertEquals(toldAt(silence, 75 * 60, 77 * 60), [76 * 60], "within a day of the one before");
});

Deno.test("a source that is heard often enough is never told", () => {
  const silence = createSilence("cryptosync", 60, fresh);
  for (let minute = 0; minute < 24 * 60; minute++) {
    assertEquals(silence.tick(minute * MINUTE), []);
    if (minute % 50 === 0) assertEquals(silence.heard(minute * MINUTE), []);
  }
});

Deno.test("after the relay was down a while the source has ten minutes to be heard", () => {
  const silence = createSilence("cryptosync", 60, { heardAt: 0, listeningSince: 5 * HOUR, told: false });
  assertEquals(toldAt(silence, 300, 400), [310]);
});

Deno.test("a silence that was told before the restart is not told again at once, and its end is", () => {
  const silence = createSilence("cryptosync", 60, { heardAt: 0, listeningSince: 5 * HOUR, told: true });
  assertEquals(toldAt(silence, 300, 1499), []);
  assertEquals(toldAt(silence, 1500, 1510), [1500]);
  assertEquals(silence.heard(26 * HOUR).length, 1);
});

Deno.test("a clock set back by an hour delays the telling by no more than silentMinutes", () => {
  const silence = createSilence("cryptosync", 30, { heardAt: 2 * HOUR, listeningSince: 0, told: false });
  assertEquals(toldAt(silence, 60, 200), [90]);
});

Deno.test("how long it is silent is told in words that fit", () => {
  const spelt = (silentMinutes: number) => {
    const [told] = createSilence("cryptosync", silentMinutes, fresh).tick(silentMinutes * MINUTE);
    return /for (.*?):/.exec(String(told?.summary))?.[1];
  };
  assertEquals([0.5, 1, 2, 119, 120].map(spelt), [
    "less than a minute",
    "a minute",
    "2 minutes",
    "119 minutes",
    "2 hours",
  ]);
});

import { Alarm } from "../../lib/dispatch/alarm.ts";
import { until } from "../support/until.ts";

const HOUR = 3_600_000;

Deno.test("an alarm rings once, at the earliest of the times that it was set to, and can be set again", async () => {
  let rings = 0;
  const alarm = new Alarm(Date.now, () => rings++);
  for (let ring = 1; ring <= 2; ring++) {
    for (const inMs of [HOUR, 1, HOUR]) alarm.set(Date.now() + inMs);
    await until("it rings", () => rings === ring);
  }
  alarm.set(Date.now() + HOUR);
  alarm.stop();
  alarm.set(Date.now() - HOUR);
  await until("what is long past rings at once", () => rings === 3);
});

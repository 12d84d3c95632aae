/** How long a delivery is tried at most is told beside the options that decide it, and rightly. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { configSchema } from "../../lib/config/schema.ts";
import { retryDelay } from "../../lib/dispatch/backoff.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const read = (page: string) => Deno.readTextFile(join(ROOT, page));

const { retry } = configSchema.parse({
  sources: [{ name: "cryptosync", path: "/webhook", secrets: ["whsec_of_the_retry_waits_test"] }],
});

/** The waits between so many attempts with the default delays, each as long as it can be, in seconds. */
function longest(maxAttempts: number): number {
  const policy = {
    maxAttempts,
    minDelayMs: retry.minDelaySeconds * 1000,
    maxDelayMs: retry.maxDelaySeconds * 1000,
  };
  return Array.from({ length: maxAttempts }, (_, i) => retryDelay(policy, i + 1, null, 1) ?? 0)
    .reduce((sum, wait) => sum + wait / 1000, 0);
}

const SECONDS: Record<string, number> = { minutes: 60, hours: 3600 };

/** Whether `said`, such as "9.1 hours", is `seconds` in its own precision. */
function assertSays(said: string, seconds: number) {
  const [, count, unit] = /^([\d.]+) (minutes|hours)$/.exec(said) ?? [];
  const digits = count!.split(".")[1]?.length ?? 0;
  assertEquals(count, (seconds / SECONDS[unit!]!).toFixed(digits), said);
}

Deno.test("docs/timing.md tells for several maxAttempts how long a delivery is tried at most", async () => {
  const rows = [
    ...(await read("docs/timing.md")).matchAll(/^\| (\d+)( \(default\))? +\| ([\d.]+ \w+) +\|$/gm),
  ];
  assert(rows.length >= 5);
  for (const [, attempts, isDefault, said] of rows) {
    assertSays(said!, longest(Number(attempts)));
    assertEquals(isDefault !== undefined, Number(attempts) === retry.maxAttempts);
  }
});

Deno.test("the config's schema tells it beside maxAttempts, in the global retry and in a route's", async () => {
  const told = [...(await read("config.schema.json")).matchAll(/"description": "Attempts in all.*"/g)];
  assertEquals(told.length, 2);
  for (const [text] of told) {
    const pairs = [
      ...text.matchAll(/(\d+)(?:, which with the default delays)?(?: come)? within (\d+ (?:minutes|hours))/g),
    ];
    assertEquals(pairs.map(([, attempts]) => attempts), ["10", "12", "20", "36"]);
    for (const [, attempts, said] of pairs) assertSays(said!, longest(Number(attempts)));
  }
});

import { assert, assertEquals } from "@std/assert";
import log from "../../plugins/log.ts";
import { attempt } from "./attempt.ts";
import { everyChange, plainEvent, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";

Deno.test("log writes one readable line for each change", async () => {
  const { log: lines } = await attempt(log, updated(everyChange));
  assertEquals(lines.length, everyChange.length - 1, "a migration is one line");
  assert(lines.includes("Tether (USDT): Ticker changed: usdt → usdt0"));
  assert(lines.includes("Tether (USDT): Joined a category: stablecoins"));
  assertEquals(
    lines.find((line) => line.includes("Public notice")),
    "Tether (USDT): Public notice changed: No trading activity recorded by … on CryptoSync in the past [-2-] {+3+} weeks, please trade with care.",
  );
});

Deno.test("log marks a test, and says an event without changes", async () => {
  const { log: lines } = await attempt(
    log,
    plainEvent("cg.coin.listed", { id: "x", exchange: "Kraken" }, { test: true }),
  );
  assertEquals(lines, ["[test] Tether (USDT): New coin listed: exchange: Kraken"]);
});

Deno.test("log writes hostile texts on one harmless line each", async (step) => {
  for (const [says, text] of Object.entries(HOSTILE)) {
    await step.step(says, async () => {
      for (const event of [hostileEvent(text), hostileData(text)]) {
        const { log: lines } = await attempt(log, event);
        assert(lines.length >= 1 && lines.length <= Math.max(1, event.changes.length));
        for (const line of lines) {
          assertVisible(line);
          assert(line.length < 2000, `${line.length} characters`);
        }
      }
    });
  }
});

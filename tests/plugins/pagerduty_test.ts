import { assertEquals, assertStringIncludes } from "@std/assert";
import pagerduty from "../../plugins/pagerduty.ts";
import { attempt } from "./attempt.ts";
import { PAGERDUTY_KEY, pagerdutyDouble } from "./doubles/pagerduty.ts";
import { everyChange, updated } from "./events.ts";
import { assertVisible, HOSTILE, hostileData, hostileEvent } from "./hostile.ts";
import { deadOrigin, refusals, unreachable } from "./refusals.ts";

Deno.test("pagerduty triggers an alert that says the coin and what happened", async () => {
  await using double = pagerdutyDouble();
  const options = { routingKey: PAGERDUTY_KEY, apiUrl: double.origin };
  const event = updated(everyChange.slice(7, 8));
  assertEquals((await attempt(pagerduty, event, { options, idempotencyKey: "msg_1" })).error, "");
  const { payload, dedup_key, links } = JSON.parse(double.arrived[0]!.body);
  assertEquals(payload.summary, "Tether (USDT): Contract on Ethereum changed");
  assertEquals([payload.severity, dedup_key], ["critical", "msg_1"]);
  assertStringIncludes(payload.custom_details.changes[0], "0xdac17f…831ec7 → 0xA0b869…06eB48");
  assertEquals(links[0].href, "https://www.coingecko.com/en/coins/tether");
});

Deno.test("pagerduty's severity comes from the fields, and may be set for all or for some", async () => {
  await using double = pagerdutyDouble();
  const severity = async (severity?: unknown, field = 5) => {
    const options = {
      routingKey: PAGERDUTY_KEY,
      apiUrl: double.origin,
      ...severity !== undefined && { severity },
    };
    assertEquals(
      (await attempt(pagerduty, updated(everyChange.slice(field, field + 1)), { options })).error,
      "",
    );
    return JSON.parse(double.arrived.at(-1)!.body).payload.severity;
  };
  assertEquals(await severity(), "info");
  assertEquals(await severity("error"), "error");
  assertEquals(await severity("notice"), "info");
  assertEquals(await severity({ "categories": "critical" }), "critical");
  assertEquals(await severity({ "platforms.*": "warning" }, 7), "warning");
});

Deno.test("pagerduty takes hostile texts within its limits", async (step) => {
  await using double = pagerdutyDouble();
  for (const [says, hostile] of Object.entries(HOSTILE)) {
    for (const event of [hostileEvent(hostile), hostileData(hostile)]) {
      for (const own of [{}, { message: "{{title}} {{{summary}}} {{#changes}}{{old}}{{/changes}}" }]) {
        await step.step(`${says}, ${event.changes.length} changes, ${Object.keys(own)}`, async () => {
          const options = { routingKey: PAGERDUTY_KEY, apiUrl: double.origin, ...own };
          assertEquals((await attempt(pagerduty, event, { options })).error, "");
          const { payload } = JSON.parse(double.arrived.at(-1)!.body);
          assertVisible(
            payload.summary + payload.component + payload.class +
              payload.custom_details.changes.join("").replaceAll("\n", ""),
          );
        });
      }
    }
  }
});

Deno.test("pagerduty says how many changes are left out", async () => {
  await using double = pagerdutyDouble();
  const options = { routingKey: PAGERDUTY_KEY, apiUrl: double.origin };
  const changes = Array.from({ length: 10 }, () => everyChange.slice(0, 7)).flat();
  assertEquals((await attempt(pagerduty, updated(changes), { options })).error, "");
  const { payload } = JSON.parse(double.arrived[0]!.body);
  assertEquals([payload.custom_details.changes.length, payload.custom_details.changes.at(-1)], [
    41,
    "… and 30 more",
  ]);
});

Deno.test("pagerduty takes an event whose type nobody can see", async () => {
  await using double = pagerdutyDouble();
  const options = { routingKey: PAGERDUTY_KEY, apiUrl: double.origin };
  const event = updated([], { type: "\u200b", coin: { id: "", symbol: "", name: "" } });
  assertEquals((await attempt(pagerduty, event, { options })).error, "");
  assertEquals(JSON.parse(double.arrived[0]!.body).payload.component, "An event");
});

Deno.test("pagerduty: each refusal leads to the right outcome", async (step) => {
  await using double = pagerdutyDouble();
  const options = { routingKey: PAGERDUTY_KEY, apiUrl: double.origin };
  await refusals(step, pagerduty, double, { options }, [PAGERDUTY_KEY]);
  await step.step("an unknown key is permanent", async () => {
    const ending = await attempt(pagerduty, updated([]), { options: { ...options, routingKey: "nobody's" } });
    assertEquals(ending.outcome, "permanent");
    assertStringIncludes(ending.error, "routing_key");
  });
});

Deno.test("pagerduty retries when PagerDuty cannot be reached, and keeps the key to itself", async () => {
  await unreachable(pagerduty, { options: { routingKey: PAGERDUTY_KEY, apiUrl: deadOrigin() } }, [
    PAGERDUTY_KEY,
  ]);
});

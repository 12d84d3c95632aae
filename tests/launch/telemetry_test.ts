import { assertEquals } from "@std/assert";
import { telemetryOf } from "../../lib/launch/telemetry.ts";

Deno.test("traces bear the name that the user gives them, by whichever variable, and else coinrelay", () => {
  const nameOf = (given: Record<string, string>) =>
    telemetryOf({ OTEL_DENO: "true", ...given })["OTEL_SERVICE_NAME"];
  const attributes = (text: string) => ({ OTEL_RESOURCE_ATTRIBUTES: text });
  assertEquals(nameOf({}), "coinrelay");
  assertEquals(nameOf({ OTEL_SERVICE_NAME: "mine" }), "mine");
  assertEquals(nameOf(attributes("service.name=mine")), undefined);
  assertEquals(nameOf(attributes("zone=a, service.name=mine")), undefined);
  assertEquals(nameOf(attributes("zone=a,my.service.name=b")), "coinrelay");
});

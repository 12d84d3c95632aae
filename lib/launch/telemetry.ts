/** What the relay's process must be told for its traces: Deno reads that before the relay has read `.env`. @module */
import type { Environment } from "../config/environment.ts";

/** Who sends, unless the user names it. */
const NAME = "coinrelay";

/**
 * The variables to start the relay with. Nothing unless `OTEL_DENO` is there.
 *
 * @param environment With what `.env` adds.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { telemetryOf } from "./telemetry.ts";
 *
 * assertEquals(telemetryOf({ OTEL_DENO: "true", HOME: "/root" }), { OTEL_DENO: "true", OTEL_SERVICE_NAME: "coinrelay" });
 * assertEquals(telemetryOf({ OTEL_SERVICE_NAME: "mine" }), {});
 * ```
 */
export function telemetryOf(environment: Environment): Record<string, string> {
  if (environment["OTEL_DENO"] === undefined) return {};
  const named = /(^|,)\s*service\.name=/.test(environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "");
  return {
    ...(named ? {} : { OTEL_SERVICE_NAME: NAME }),
    ...Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith("OTEL_"))),
  };
}

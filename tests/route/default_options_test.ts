import { assertEquals } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";

const plugin = (name: string, needsOptions: boolean) => ({
  name,
  filters: { fields: ["*"] },
  needsOptions,
  optionsSchema: {
    type: "object",
    properties: {
      apiUrl: { type: "string", default: "https://api.example.com" },
      token: { type: "string" },
      times: { type: "number", default: 3 },
    },
  },
});

Deno.test("a route has the texts that its plugin's options have by default, so that a default URL is granted", () => {
  const config = configSchema.parse({
    sources: [{ name: "s", secrets: ["whsec_of_a_test"] }],
    routes: [
      { name: "default", plugin: "api", options: { token: "t" } },
      { name: "own", plugin: "api", options: { token: "t", apiUrl: "https://own.example.com" } },
      { name: "unknown", plugin: "other", options: { token: "t" } },
    ],
  });
  assertEquals(
    resolveRoutes(config, [plugin("api", true), plugin("dropped_in", false)]).map(({ options }) => options),
    [
      { apiUrl: "https://api.example.com", token: "t" },
      { apiUrl: "https://own.example.com", token: "t" },
      { token: "t" },
      {}, // runs because its file is there: nobody has granted it anything
    ],
  );
});

import { assertEquals } from "@std/assert";
import { configSchema } from "../../lib/config/schema.ts";
import { resolveRoutes } from "../../lib/route/resolve.ts";

const plugin = (name: string, needsOptions: boolean, apiUrl = "https://api.example.com") => ({
  name,
  filters: { fields: ["*"] },
  needsOptions,
  optionsSchema: {
    type: "object",
    properties: {
      apiUrl: { type: "string", default: apiUrl },
      token: { type: "string" },
      times: { type: "number", default: 3 },
    },
  },
});

Deno.test("a route has the texts that its plugin's options have by default, so that a public default URL is granted", () => {
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

Deno.test("a default URL that leads to this machine or into its network is granted only where config.json names it", () => {
  const sources = [{ name: "s", secrets: ["whsec_of_a_test"] }];
  for (
    const host of [
      "127.0.0.1:8081",
      "localhost",
      "api.localhost",
      "2130706433",
      "0x7f.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "[::1]",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[fe80::1]",
      "[fd00::1]",
      "[64:ff9b::7f00:1]",
      "[2002:7f00:1::]",
      "[2001:db8::1]",
      "[2001:1ff::1]",
      "[1fff::1]",
      "[4000::1]",
      "[ff02::1]",
      "db",
      "db.",
      "nas.local",
      "NAS.Local.",
      "metadata.google.internal",
      "user:pass@router.lan",
      "nas.home",
      "git.corp",
      "wiki.intranet",
      "db.private",
      "1.0.0.10.in-addr.arpa",
    ]
  ) {
    const url = ` http://${host}/x`;
    const one = plugin("api", true, url);
    const given = (options: Record<string, string>) =>
      resolveRoutes(configSchema.parse({ sources, routes: [{ name: "r", plugin: "api", options }] }), [
        one,
      ])[0]!
        .options;
    assertEquals(given({ token: "t" }), { token: "t" }, host);
    assertEquals(given({ token: "t", apiUrl: url }), { token: "t", apiUrl: url }, host);
  }
  for (
    const host of ["8.8.8.8", "172.32.0.1", "[2606:4700::1111]", "api.example.com:8443", "api.example.com."]
  ) {
    const [route] = resolveRoutes(
      configSchema.parse({ sources, routes: [{ name: "r", plugin: "api", options: {} }] }),
      [plugin("api", true, `https://${host}/x`)],
    );
    assertEquals(route!.options, { apiUrl: `https://${host}/x` });
  }
});

Deno.test("a plugin with the name of a route of config.json does not take that route over", () => {
  const config = configSchema.parse({
    sources: [{ name: "s", secrets: ["whsec_of_a_test"] }],
    routes: [
      { name: "watch", plugin: "slack" },
      { name: "off", plugin: "slack", disabled: true },
    ],
  });
  const names = ["slack", "watch", "off", "free", "free"];
  assertEquals(
    resolveRoutes(config, names.map((name) => plugin(name, false))).map(({ name, plugin, configured }) =>
      `${name}→${plugin}${configured ? "" : ", by itself"}`
    ),
    ["watch→slack", "free→free, by itself"],
  );
});

/** What `deno task new` writes: for each kind of plugin its text, and the text of a test that passes at once. @module */

/** A kind of plugin to begin with. */
export interface PluginTemplate {
  kind: string;
  /** What it does, in a few words. */
  summary: string;
  /** Options that a route must give it, as in config.json; null when it runs without any. */
  options: Record<string, string> | null;
  plugin(name: string, fields: readonly string[]): string;
  /** @param field A field that one of the plugin's patterns takes. */
  test(name: string, field: string): string;
}

const list = (texts: readonly string[]) => `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;

const message: PluginTemplate = {
  kind: "message",
  summary: "says in words what changed, in the log for a start",
  options: null,
  plugin: (name, fields) =>
    `import { definePlugin, describe, rowsAsText } from "coinrelay/plugin";

/** ${name}: says in words what changed. Send the words where you like, or leave them in the log. */
export default definePlugin({
  description: "Says in words what changed",
  fields: ${list(fields)},
  run(event, context) {
    const { title, lines } = describe(event);
    for (const { words, rows } of lines) {
      context.log.info(\`\${title}: \${words} \${rowsAsText(rows, " · ")}\`);
    }
  },
});
`,
  test: (name, field) =>
    testFile(
      name,
      ["assertEquals", "assertStringIncludes"],
      `says each change in one line`,
      field,
      "{}",
      `assertEquals(ran.outcome, "done");
  assertEquals(ran.logs.length, 1);
  assertStringIncludes(ran.logs[0]!.text, "Bitcoin");`,
    ),
};

const http: PluginTemplate = {
  kind: "http",
  summary: "calls a URL with what changed",
  options: { url: "https://example.com/hook" },
  plugin: (name, fields) =>
    `import { definePlugin, post, z } from "coinrelay/plugin";

/** ${name}: calls a URL with what changed. The relay tries again when the answer says that time may mend it. */
export default definePlugin({
  description: "Calls a URL with what changed",
  fields: ${list(fields)},
  options: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: "is no http:// or https:// URL" })
      .describe("Where to send what changed"),
  }),
  async run({ coin, changes }, context) {
    await post(context, context.options.url, {
      headers: { "idempotency-key": context.idempotencyKey },
      json: { coin, changes },
    });
  },
});
`,
  test: (name, field) =>
    testFile(
      name,
      ["assertEquals"],
      `sends the coin and its changes`,
      field,
      `{ options: { url: "https://example.com/hook" } }`,
      `assertEquals(ran.outcome, "done");
  const [request] = ran.requests;
  assertEquals(request?.url, "https://example.com/hook");
  assertEquals(JSON.parse(request?.body ?? ""), { coin: event.coin, changes: event.changes });`,
    ),
};

const check: PluginTemplate = {
  kind: "check",
  summary: "looks at what changed, and makes an event of what needs a person",
  options: null,
  plugin: (name, fields) =>
    `import { definePlugin, type Json } from "coinrelay/plugin";

/** ${name}: makes an event of what needs a person. A route with "events": ["relay.${name}.found"] tells them. */
export default definePlugin({
  description: "Makes an event of what needs a person",
  fields: ${list(fields)},
  run({ coin, changes }, context) {
    for (const { field, new_value } of changes) {
      if (needsPerson(new_value)) {
        context.emit("relay.${name}.found", { ...coin, field, value: new_value ?? null });
      }
    }
  },
});

/** Your own rule goes here. */
function needsPerson(value: Json | undefined): boolean {
  return value === undefined || value === null || value === "";
}
`,
  test: (name, field) =>
    testFile(
      name,
      ["assertEquals"],
      `makes an event of a value that is gone`,
      field,
      "{}",
      `assertEquals(ran.outcome, "done");
  assertEquals(ran.emitted.map(({ type }) => type), ["relay.${name}.found"]);`,
      `""`,
    ),
};

/** The kinds; the first is the one without a wish. */
export const TEMPLATES: readonly PluginTemplate[] = [message, http, check];

function testFile(
  name: string,
  assertions: string[],
  says: string,
  field: string,
  settings: string,
  body: string,
  newValue = `"new"`,
): string {
  return `import { ${assertions.join(", ")} } from "@std/assert";
import { runPlugin, sampleEvent } from "coinrelay/plugin/testing";
import plugin from "./${name}.ts";

Deno.test("${name} ${says}", async () => {
  const event = sampleEvent({
    coin: { id: "bitcoin", symbol: "btc", name: "Bitcoin" },
    changes: [{ field: ${
    JSON.stringify(field)
  }, change_type: "update", old_value: "old", new_value: ${newValue} }],
  });
  const ran = await runPlugin(plugin, event${settings === "{}" ? "" : `, ${settings}`});
  ${body}
});
`;
}

/**
 * `config.schema.json`: what an editor completes and checks config.json with. `deno task schema` writes it anew.
 *
 * @module
 */
import { z } from "zod";
import { given } from "../given.ts";
import { goesOn } from "../task_help.ts";
import { configSchema } from "./schema.ts";

/** A text that the environment fills in, where a number or a boolean belongs. */
const FROM_ENVIRONMENT = { type: "string", pattern: "^\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}$" };

/** The text of `config.schema.json`, made from the schema that the relay itself checks with. */
export function renderJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, {
    target: "draft-7", // the newest that every editor knows
    io: "input",
    override: ({ jsonSchema }) => widen(jsonSchema),
  });
  return `${JSON.stringify({ title: "coinrelay config.json", ...schema }, null, 2)}\n`;
}

/** Lets an editor take `"${PORT}"` where a number belongs, as the relay does. */
function widen(node: Record<string, unknown>): void {
  const { type, description, default: fallback, ...rest } = node;
  if (description === undefined || !["integer", "number", "boolean"].includes(type as string)) return;
  for (const key of Object.keys(node)) delete node[key];
  Object.assign(
    node,
    given({ description, default: fallback, anyOf: [{ type, ...rest }, FROM_ENVIRONMENT] }),
  );
}

const HELP =
  "Writes config.schema.json, by which an editor completes config.json, anew from lib/config/schema.ts.";

if (import.meta.main && goesOn("schema", HELP)) {
  Deno.writeTextFileSync(new URL("../../config.schema.json", import.meta.url), renderJsonSchema());
}

import { assert, assertEquals } from "@std/assert";
import { renderJsonSchema } from "../../lib/config/json_schema.ts";

const committed = await Deno.readTextFile(new URL("../../config.schema.json", import.meta.url));

interface Node {
  description?: string;
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  additionalProperties?: Node | boolean;
}

Deno.test("config.schema.json says what the source says (`deno task schema` writes it anew)", () => {
  assertEquals(committed, renderJsonSchema());
});

Deno.test("every key of config.schema.json has a description", () => {
  const bare: string[] = [];
  let keys = 0;
  const walk = (node: Node, path: string) => {
    for (const [key, inner] of Object.entries(node.properties ?? {})) {
      keys++;
      if (!inner.description) bare.push(`${path}.${key}`);
      walk(inner, `${path}.${key}`);
    }
    for (const inner of [node.items, ...node.anyOf ?? [], node.additionalProperties]) {
      if (typeof inner === "object") walk(inner, path);
    }
  };
  walk(JSON.parse(committed), "");
  assertEquals(bare, []);
  assert(keys > 50, `only ${keys} keys were seen`);
});

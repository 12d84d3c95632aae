/** What the schema permits at a place, in words. @module */
import { z } from "zod";
import type { Path } from "./mistake.ts";
import { configSchema } from "./schema.ts";

/** The parts of a JSON Schema that are read here. */
export interface SchemaNode {
  type?: string;
  description?: string;
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minLength?: number;
  minItems?: number;
  default?: unknown;
}

let configNode: SchemaNode | undefined;

/**
 * The node of a schema at `path`, or `undefined` where there is none.
 *
 * @param root Default: the config's own schema.
 */
export function schemaAt(path: Path, root?: SchemaNode): SchemaNode | undefined {
  configNode ??= z.toJSONSchema(configSchema, { io: "input" }) as SchemaNode;
  let node: SchemaNode | undefined = root ?? configNode;
  for (const part of path) {
    const { properties, additionalProperties: others, items, anyOf = [] }: SchemaNode = node ?? {};
    if (typeof part === "number") node = items;
    else if (typeof others === "object") node = ownOf(properties, part) ?? others;
    else {node = [properties, ...anyOf.map((one) => one.properties)].map((all) => ownOf(all, part)).find(
        Boolean,
      );}
  }
  return node;
}

function ownOf(properties: SchemaNode["properties"], key: string): SchemaNode | undefined {
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
}

/** The keys that an object at a node may have. */
export function knownKeys(node: SchemaNode | undefined): string[] {
  return [node, ...node?.anyOf ?? []].flatMap((one) => Object.keys(one?.properties ?? {}));
}

/** What a node permits, such as `a whole number from 0 to 65535; default 8080`. */
export function describeNode(node: SchemaNode): string | undefined {
  if (node.enum) return node.enum.map((value) => JSON.stringify(value)).join(", ");
  if (node.anyOf) return [...new Set(node.anyOf.map(describeNode))].filter(Boolean).join(", or ");
  const scalarDefault = ["string", "number", "boolean"].includes(typeof node.default)
    ? `; default ${JSON.stringify(node.default)}`
    : "";
  switch (node.type) {
    case "integer":
    case "number":
      return `${node.type === "integer" ? "a whole number" : "a number"}${
        describeRange(node)
      }${scalarDefault}`;
    case "string":
      return `text in double quotes${scalarDefault}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `a list […] of ${node.items?.enum ? describeNode(node.items) : pluralOf(node.items)}${
        node.minItems ? ", at least one" : ""
      }`;
    case "object":
      return node.properties
        ? `an object {…} with ${Object.keys(node.properties).join(", ")}`
        : "an object {…}";
    default:
      return undefined;
  }
}

function describeRange({ minimum, maximum, exclusiveMinimum }: SchemaNode): string {
  const top = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  const bottom = minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? minimum : undefined;
  if (bottom !== undefined && top !== undefined) return ` from ${bottom} to ${top}`;
  if (exclusiveMinimum !== undefined) {
    return ` above ${exclusiveMinimum}${top === undefined ? "" : `, at most ${top}`}`;
  }
  if (bottom !== undefined) return `, at least ${bottom}`;
  return top === undefined ? "" : `, at most ${top}`;
}

function pluralOf(node: SchemaNode | undefined): string {
  return { string: "texts", object: "objects", number: "numbers" }[node?.type ?? ""] ?? "values";
}

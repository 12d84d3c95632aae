/**
 * The API as an OpenAPI document, made from the same schemas that check requests and describe answers.
 *
 * Run this file to write `docs/api/openapi.json`.
 *
 * @module
 */
import { z } from "zod";
import { given } from "../../given.ts";
import type { Json, JsonObject } from "../../nouns.ts";
import * as query from "./query.ts";
import * as shapes from "./shapes.ts";

/** One thing that can be asked. */
interface Operation {
  method: "get" | "post";
  /** Under `/api`, unless it says otherwise. */
  path: string;
  summary: string;
  /** Parts of the path in braces, and what they mean. */
  parts?: Record<string, string>;
  query?: z.ZodObject;
  body?: z.ZodType;
  status?: 200 | 201 | 202;
  answer: z.ZodType | { text: string };
  /** Answered with 200 where the body asks for a preview. */
  preview?: z.ZodType;
}

const { pageOf } = shapes;
const eventId = { id: "The event id its source gave it (URL-encoded), or seq:N" };
const deliveryId = { id: "A delivery's id" };

/** Every operation, in the order in which a reader meets them. */
export const OPERATIONS: readonly Operation[] = [
  { method: "get", path: "/overview", summary: "How the relay is, at a glance", answer: shapes.overview },
  {
    method: "get",
    path: "/events",
    summary: "Events, newest first",
    query: query.eventsParams,
    answer: pageOf(shapes.eventItem),
  },
  {
    method: "get",
    path: "/events/{id}",
    summary: "One event with its deliveries and attempts",
    parts: eventId,
    query: query.eventParams,
    answer: shapes.eventWhole,
  },
  {
    method: "post",
    path: "/events/{id}/try",
    summary: "Run it through a route's plugin; nothing goes out",
    parts: eventId,
    query: query.eventParams,
    body: query.tryBody,
    answer: shapes.dryRun,
  },
  {
    method: "get",
    path: "/stream",
    summary: "Events as they arrive, over SSE; `Last-Event-ID` resumes",
    query: query.streamParams,
    answer: { text: "text/event-stream" },
  },
  {
    method: "get",
    path: "/deliveries",
    summary: "Deliveries, newest first",
    query: query.deliveriesParams,
    answer: pageOf(shapes.deliveryItem),
  },
  {
    method: "get",
    path: "/deliveries/{id}",
    summary: "One delivery with its attempts",
    parts: deliveryId,
    answer: shapes.deliveryWhole,
  },
  {
    method: "post",
    path: "/deliveries/{id}/retry",
    summary: "Try it again now",
    parts: deliveryId,
    answer: shapes.changed,
  },
  {
    method: "post",
    path: "/deliveries/{id}/discard",
    summary: "Mark a dead letter as dealt with, or what waits for a route that is not in force",
    parts: deliveryId,
    answer: shapes.changed,
  },
  {
    method: "get",
    path: "/dead-letters",
    summary: "Dead letters, newest first",
    query: query.deadLettersParams,
    answer: pageOf(shapes.deliveryItem),
  },
  {
    method: "post",
    path: "/dead-letters/retry",
    summary: "Retry many; with `preview`, only count them",
    body: query.retryManyBody,
    status: 202,
    answer: shapes.job,
    preview: shapes.preview,
  },
  {
    method: "post",
    path: "/dead-letters/discard",
    summary: "Discard many; with `preview`, only count them",
    body: query.discardManyBody,
    status: 202,
    answer: shapes.job,
    preview: shapes.preview,
  },
  {
    method: "get",
    path: "/jobs/{id}",
    summary: "How far such work is",
    parts: { id: "A job's id" },
    answer: shapes.job,
  },
  {
    method: "post",
    path: "/replay",
    summary: "Make a new delivery, whatever was made before",
    body: query.replayBody,
    status: 201,
    answer: shapes.replayed,
  },
  {
    method: "post",
    path: "/test-event",
    summary: "Sign a test event and send it the whole way",
    body: query.testBody,
    status: 201,
    answer: shapes.testAnswer,
  },
  {
    method: "get",
    path: "/sources",
    summary: "The sources and what they received",
    answer: pageOf(shapes.sourceItem),
  },
  {
    method: "get",
    path: "/sources/{name}/refusals",
    summary: "What a source refused lately, explained",
    parts: { name: "A source" },
    answer: pageOf(shapes.refusalItem),
  },
  { method: "get", path: "/routes", summary: "The routes in force", answer: pageOf(shapes.routeItem) },
  {
    method: "post",
    path: "/routes/{name}",
    summary: "Turn a route off or on, until the config changes",
    parts: { name: "A route" },
    body: query.switchBody,
    answer: shapes.routeItem,
  },
  {
    method: "get",
    path: "/routes/{name}/kv",
    summary: "What a route remembers",
    parts: { name: "A route" },
    answer: shapes.kvItems,
  },
  { method: "get", path: "/plugins", summary: "The plugins", answer: pageOf(shapes.pluginItem) },
  {
    method: "get",
    path: "/config",
    summary: "The config in force, its secrets masked",
    answer: z.record(z.string(), z.unknown()),
  },
];

/** The methods by which a path under `/api` is asked; none where there is no such path. */
export function methodsOf(path: string): string[] {
  const found = OPERATIONS.filter((operation) => formOf(operation.path).test(path));
  return found.flatMap(({ method }) => method === "get" ? ["GET", "HEAD"] : ["POST"]);
}

/** What a path looks like with its parts in braces filled in. */
function formOf(path: string): RegExp {
  const part = PARTS.find(([root]) => path.startsWith(root))?.[1] ?? "[^/]+";
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, part)}$`);
}

/** Where a part is not just anything without a slash. */
const PARTS = [["/events/", ".+"], ["/deliveries/", "\\d+"]] as const;

/** The document. */
export function openApi(): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const operation of OPERATIONS) {
    const { method, path } = operation;
    paths[`/api${path}`] = { ...paths[`/api${path}`], [method]: describe(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "coinrelay admin API",
      version: "1",
      description:
        "On the admin listener. Give admin.token or admin.readToken as `Authorization: Bearer …`; without tokens it " +
        "answers to this machine alone. Listings are paged: give `next` as `cursor`. Errors are RFC 9457 problems.",
    },
    paths,
    components: {
      schemas: Object.fromEntries(NAMED.map(([name, schema]) => [name, definition(name, schema)])),
      responses: {
        Refused: {
          description: "Refused",
          content: { "application/problem+json": { schema: jsonSchema(shapes.problem, "output") } },
        },
      },
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
    },
    security: [{ token: [] }],
  };
}

function describe(
  { summary, parts, query: params, body, status = 200, answer, preview }: Operation,
): JsonObject {
  const parameters = [
    ...Object.entries(parts ?? {}).map(([name, description]) => ({
      name,
      in: "path",
      required: true,
      description,
      schema: { type: "string" },
    })),
    ...Object.entries(params?.shape ?? {}).map(([name, schema]) => parameter(name, schema as z.ZodType)),
  ];
  const content: JsonObject = "text" in answer
    ? { [answer.text]: { schema: { type: "string" } } }
    : jsonContent(answer);
  return {
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !body.safeParse({}).success,
        content: { "application/json": { schema: jsonSchema(body, "input") } },
      },
    }),
    responses: {
      [status]: { description: status === 202 ? "Begun" : "Done", content },
      ...(preview && { 200: { description: "With `preview`", content: jsonContent(preview) } }),
      default: { $ref: "#/components/responses/Refused" },
    },
  };
}

const jsonContent = (shape: z.ZodType): JsonObject => ({
  "application/json": { schema: jsonSchema(shape, "output") },
});

function parameter(name: string, schema: z.ZodType): JsonObject {
  const { description: _, ...rest } = jsonSchema(schema, "input");
  const { description } = schema;
  return given({ name, in: "query", description, schema: rest });
}

/** The shapes that have a name, by which others refer to them. */
const NAMED = Object.entries(shapes).flatMap(([name, schema]) =>
  schema instanceof z.ZodType ? [[`${name.charAt(0).toUpperCase()}${name.slice(1)}`, schema] as const] : []
);
const names = z.registry<{ id: string }>();
for (const [id, schema] of NAMED) names.add(schema, { id });

function jsonSchema(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const { $schema: _, $defs: __, ...rest } = toJson(schema, io);
  return rest;
}

/** What a named shape is: its name alone would only refer to itself. */
function definition(name: string, schema: z.ZodType): JsonObject {
  const { $defs } = toJson(z.array(schema), "output");
  const { id: _, ...rest } = ($defs as Record<string, JsonObject>)[name]!;
  return rest;
}

function toJson(schema: z.ZodType, io: "input" | "output"): JsonObject {
  const described = z.toJSONSchema(schema, {
    io,
    unrepresentable: "any",
    metadata: names,
    override({ zodSchema, jsonSchema }) {
      const description = z.globalRegistry.get(zodSchema)?.description;
      if (description !== undefined) jsonSchema.description = description;
    },
  });
  const text = JSON.stringify(described);
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Record<string, Json>;
}

if (import.meta.main) {
  const file = new URL("../../../docs/api/openapi.json", import.meta.url);
  Deno.writeTextFileSync(file, JSON.stringify(openApi(), null, 2) + "\n");
}

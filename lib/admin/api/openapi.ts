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
  /** Under `/api`. */
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

const operation =
  (method: Operation["method"]) =>
  (path: string, summary: string, answer: Operation["answer"], more: Partial<Operation> = {}): Operation => (
    { method, path, summary, answer, ...more }
  );
const [get, post] = [operation("get"), operation("post")];

/** Every operation, in the order in which a reader meets them. */
export const OPERATIONS: readonly Operation[] = [
  get("/overview", "How the relay is, at a glance", shapes.overview),
  get("/events", "Events, newest first", pageOf(shapes.eventItem), { query: query.eventsParams }),
  get("/events/{id}", "One event with its deliveries and attempts", shapes.eventWhole, {
    parts: eventId,
    query: query.eventParams,
  }),
  post("/events/{id}/try", "Run it through a route's plugin; nothing goes out", shapes.dryRun, {
    parts: eventId,
    query: query.eventParams,
    body: query.tryBody,
  }),
  get("/stream", "Events as they arrive, over SSE; `Last-Event-ID` resumes", { text: "text/event-stream" }, {
    query: query.streamParams,
  }),
  get("/deliveries", "Deliveries, newest first", pageOf(shapes.deliveryItem), {
    query: query.deliveriesParams,
  }),
  get("/deliveries/{id}", "One delivery with its attempts", shapes.deliveryWhole, { parts: deliveryId }),
  post("/deliveries/{id}/retry", "Try it again now", shapes.changed, { parts: deliveryId }),
  post(
    "/deliveries/{id}/discard",
    "Mark a dead letter as dealt with, or what waits for a route that is not in force",
    shapes.changed,
    { parts: deliveryId },
  ),
  get("/dead-letters", "Dead letters, newest first", pageOf(shapes.deliveryItem), {
    query: query.deadLettersParams,
  }),
  post("/dead-letters/retry", "Retry many; with `preview`, only count them", shapes.job, {
    body: query.retryManyBody,
    status: 202,
    preview: shapes.preview,
  }),
  post("/dead-letters/discard", "Discard many; with `preview`, only count them", shapes.job, {
    body: query.discardManyBody,
    status: 202,
    preview: shapes.preview,
  }),
  get("/jobs/{id}", "How far such work is", shapes.job, { parts: { id: "A job's id" } }),
  post("/replay", "Make a new delivery, whatever was made before", shapes.replayed, {
    body: query.replayBody,
    status: 201,
  }),
  post("/test-event", "Sign a test event and send it the whole way", shapes.testAnswer, {
    body: query.testBody,
    status: 201,
  }),
  get("/sources", "The sources and what they received", pageOf(shapes.sourceItem)),
  get("/sources/{name}/refusals", "What a source refused lately, explained", pageOf(shapes.refusalItem), {
    parts: { name: "A source" },
  }),
  get("/routes", "The routes in force", pageOf(shapes.routeItem)),
  post("/routes/{name}", "Turn a route off or on, until the config changes", shapes.routeItem, {
    parts: { name: "A route" },
    body: query.switchBody,
  }),
  get("/routes/{name}/kv", "What a route remembers", shapes.kvItems, { parts: { name: "A route" } }),
  get("/plugins", "The plugins", pageOf(shapes.pluginItem)),
  get("/config", "The config in force, its secrets masked", z.record(z.string(), z.unknown())),
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

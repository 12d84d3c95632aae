/** A collector that speaks OTLP over HTTP, as Jaeger, Tempo or an OpenTelemetry Collector do. @module */
import { startReceiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

/** A span as it arrived. */
export interface ReceivedSpan {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, unknown>;
  links: { traceId: string; spanId: string }[];
  /** 2: it failed. */
  status: { code: number; message: string };
  startedAt: bigint;
  endedAt: bigint;
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface Resource {
  attributes: Attribute[];
}

/** Starts one. */
export function startCollector() {
  const receiver = startReceiver(() =>
    new Response("{}", { headers: { "content-type": "application/json" } })
  );
  const bodies = (path: string) =>
    receiver.received.filter((one) => one.path === path).map(({ text }) => JSON.parse(text));
  const spans = () => bodies("/v1/traces").flatMap(spansOf);
  return {
    /** What a relay must find in its environment to send here. */
    environment: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: "50",
      OTEL_BLRP_SCHEDULE_DELAY: "50",
    },
    requests: receiver.received,
    spans,
    /** Waits for the spans that `wanted` takes, until there are so many. */
    async find(what: string, wanted: (span: ReceivedSpan) => boolean, count = 1): Promise<ReceivedSpan[]> {
      return await until(what, () => {
        const found = spans().filter(wanted);
        return found.length >= count ? found : null;
      });
    },
    /** The log lines that arrived, each with its span. */
    logs: () => bodies("/v1/logs").flatMap(logsOf),
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

function spansOf({ resourceSpans }: {
  resourceSpans: {
    resource: Resource;
    scopeSpans: {
      spans: (Omit<ReceivedSpan, "attributes" | "service"> & {
        attributes: Attribute[];
        startTimeUnixNano: string;
        endTimeUnixNano: string;
      })[];
    }[];
  }[];
}): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        service: String(factsOf(resource.attributes)["service.name"]),
        attributes: factsOf(span.attributes),
        startedAt: BigInt(span.startTimeUnixNano),
        endedAt: BigInt(span.endTimeUnixNano),
      }))
    )
  );
}

function logsOf({ resourceLogs }: {
  resourceLogs: {
    scopeLogs: { logRecords: { traceId: string; spanId: string; body: { stringValue: string } }[] }[];
  }[];
}) {
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)).map((
    { traceId, spanId, body },
  ) => ({ traceId, spanId, text: body.stringValue }));
}

function factsOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

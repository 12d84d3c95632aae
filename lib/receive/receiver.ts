/** The public listener's handler: a request in, an answer out, the event on disk in between. @module */
import { STATUS_CODE } from "@std/http/status";
import type { Config, SourceConfig } from "../config/schema.ts";
import { withoutSlash } from "../config/source_path.ts";
import { failpoint } from "../failpoint.ts";
import type { Plan } from "../route/plan.ts";
import { type Appended, type NewEvent, StoreUnavailable } from "../store/contract.ts";
import { ageSeconds } from "../verify/age.ts";
import {
  createVerify,
  type RefusalReason,
  type SignedHeaders,
  signedHeaders,
  type Verify,
} from "../verify/verify.ts";
import { createBodyReader } from "./body.ts";
import { problem } from "./problem.ts";
import { understand } from "./understand.ts";

/**
 * Marks a delivery as a test. The provider never sends it, and it is not signed: an event is marked by it only on a
 * verified delivery, and what it is on can neither raise an alarm nor end one.
 */
export const TEST_HEADER = "x-coinrelay-test";

/** Why a delivery was refused. */
export type RefusedBecause = RefusalReason | "too_large" | "too_slow" | "store_unavailable";

/** What came of one request to a source, for logs, metrics and the dashboard. */
export interface Receipt {
  source: string;
  /** Milliseconds since 1970. */
  at: number;
  result: "accepted" | "duplicate" | "rejected";
  /** Why it was rejected; null when it was not. */
  reason: RefusedBecause | null;
  /** Whether the signature was right. */
  authentic: boolean;
  /** Whether it bears {@linkcode TEST_HEADER}, and so is none of the provider's. */
  test: boolean;
  headers: SignedHeaders;
  /** The raw body; empty when it was not read to its end. */
  body: Uint8Array;
  /** Why the body says nothing we can route; null when it does, or was not looked at. */
  notUnderstood: string | null;
  /** Why the store cannot commit, and what to do; only where that is the reason. */
  problem?: string;
  /** Milliseconds from the request's arrival to its answer. */
  tookMs: number;
}

/** What the receiver needs from its surroundings. */
export interface ReceiverParts {
  config: Pick<Config, "server" | "sources">;
  /** Commits one event; rejects with {@linkcode StoreUnavailable}. */
  append(event: NewEvent): Promise<Appended>;
  /** The deliveries that are to be made of an event. */
  plan: Plan;
  /** Milliseconds since 1970. */
  now(): number;
  observe(receipt: Receipt): void;
}

const JSON_HEADERS = { headers: { "content-type": "application/json" } };
const ACCEPTED = '{"status":"accepted"}';
const DUPLICATE = '{"status":"duplicate"}';
const RETRY_AFTER_SECONDS = "5";
const NO_BYTES = new Uint8Array();

const ADVICE: Record<RefusalReason, string> = {
  missing_header: "A delivery needs the headers x-cg-timestamp, x-cg-event-id and x-cg-signature.",
  bad_signature: "The signature does not fit: check that the relay has this webhook's own signing secret.",
  bad_timestamp: "x-cg-timestamp is not a number of UNIX seconds.",
  stale_timestamp:
    "The signature is right but the timestamp too old: check the clock or raise maxAgeSeconds.",
  future_timestamp:
    "The signature is right but the timestamp lies ahead: check the clock or raise maxAgeSeconds.",
};

/** Makes the handler of the public listener: the sources' paths and `GET /healthz`, nothing else. */
export function createReceiver(parts: ReceiverParts): (request: Request) => Promise<Response> {
  const { config, now } = parts;
  const bodies = createBodyReader({
    maxBytes: config.server.maxBodyBytes,
    timeoutMs: config.server.bodyTimeoutSeconds * 1000,
  });
  const sources = new Map<string, { source: SourceConfig; verify: Verify }>(
    config.sources.map((source) => [withoutSlash(source.path), { source, verify: createVerify(source) }]),
  );

  return (request) => {
    const path = withoutSlash(pathOf(request.url));
    const found = sources.get(path);
    if (found === undefined) return Promise.resolve(path === "/healthz" ? health(request) : notFound());
    if (request.method !== "POST") return Promise.resolve(wrongMethod("POST"));
    return receive(request, found.source, found.verify);
  };

  async function receive(request: Request, source: SourceConfig, verify: Verify): Promise<Response> {
    const began = performance.now();
    const test = request.headers.get(TEST_HEADER) !== null;
    const body = await bodies.read(request);
    const at = now();
    const receipt = (
      result: Receipt["result"],
      reason: Receipt["reason"],
      { authentic = false, headers = signedHeaders(request.headers), notUnderstood = null, ...more }: Partial<
        Pick<Receipt, "authentic" | "headers" | "notUnderstood" | "problem">
      > = {},
    ) =>
      parts.observe({
        source: source.name,
        at,
        result,
        reason,
        authentic,
        test,
        headers,
        body: typeof body === "string" ? NO_BYTES : body,
        notUnderstood,
        ...more,
        tookMs: performance.now() - began,
      });

    if (body === "too_large") {
      receipt("rejected", "too_large");
      return problem(
        STATUS_CODE.ContentTooLarge,
        "too_large",
        `The body is longer than ${config.server.maxBodyBytes} bytes.`,
      );
    }
    if (body === "too_slow" || body === "gone") {
      receipt("rejected", "too_slow");
      return problem(STATUS_CODE.RequestTimeout, "too_slow", "The body did not arrive in time.");
    }

    const verdict = verify(request.headers, body, at);
    const { headers } = verdict;
    if (!verdict.verified) {
      receipt("rejected", verdict.reason, { authentic: verdict.authentic, headers });
      return problem(STATUS_CODE.Unauthorized, verdict.reason, refusalDetail(verdict.reason, headers, at));
    }

    const content = understand(body);
    const notUnderstood = "notUnderstood" in content ? content.notUnderstood : null;
    const understood = "notUnderstood" in content ? null : content;
    failpoint("verified");
    try {
      const appended = await parts.append({
        source: source.name,
        id: headers.id,
        type: understood?.type ?? null,
        coin: understood?.coin.id || null,
        receivedAt: at,
        timestamp: headers.timestamp,
        signature: headers.signature,
        body,
        test,
        depth: 0,
        deliveries: understood === null ? [] : parts.plan(understood, at),
      });
      failpoint("answering");
      receipt(appended.result, null, { authentic: true, headers, notUnderstood });
      return new Response(appended.result === "accepted" ? ACCEPTED : DUPLICATE, JSON_HEADERS);
    } catch (error) {
      const isAway = error instanceof StoreUnavailable;
      const problem = isAway ? { problem: error.message } : {}; // a fault is told by whoever catches it
      receipt("rejected", "store_unavailable", { authentic: true, headers, ...problem });
      if (!isAway) throw error;
      return unavailable();
    }
  }
}

/** Answered when anything goes wrong on our side: only a 5xx makes the provider try again. */
export function unavailable(): Response {
  return problem(
    STATUS_CODE.ServiceUnavailable,
    "store_unavailable",
    "The event could not be stored. Please send it again.",
    { "retry-after": RETRY_AFTER_SECONDS },
  );
}

function refusalDetail(reason: RefusalReason, { timestamp }: SignedHeaders, at: number): string {
  if (reason !== "stale_timestamp" && reason !== "future_timestamp") return ADVICE[reason];
  return `${ADVICE[reason]} It lies ${Math.abs(ageSeconds(timestamp, at))} s ${
    reason === "stale_timestamp" ? "back" : "ahead"
  }.`;
}

function health(request: Request): Response {
  if (request.method !== "GET" && request.method !== "HEAD") return wrongMethod("GET, HEAD");
  return new Response('{"status":"ok"}', JSON_HEADERS); // of which HEAD is sent the length only
}

function wrongMethod(allow: string): Response {
  return problem(STATUS_CODE.MethodNotAllowed, "method_not_allowed", `Allowed here: ${allow}.`, { allow });
}

function notFound(): Response {
  return problem(
    STATUS_CODE.NotFound,
    "not_found",
    "No source has this path: compare the URL in the provider's dashboard with sources[].path in config.json.",
  );
}

/** The path of a URL as sent, without decoding: cheaper than parsing the whole. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

import { messageOf } from "../message_of.ts";
import type { Context } from "../plugin.ts";
import { Permanent, RetryLater } from "./failure.ts";
import { redact } from "./redact.ts";

/** What to send. */
export interface PostRequest {
  /** Default `POST`. */
  method?: string;
  /** Beside `content-type` and what fetch sets. */
  headers?: HeadersInit;
  /** The body as it is; or `json`, which also sets `content-type`. */
  body?: string | Uint8Array<ArrayBuffer>;
  /** The body, as JSON. */
  json?: unknown;
  /** Texts that must never be seen, beyond the URL and the headers: they are taken out of error messages. */
  secrets?: string[];
  /** Seconds to wait, where the receiver tells them in the answer's body and not in `Retry-After`. */
  retryAfter?(answer: Answer): number | null;
}

/** What the receiver answered. */
export interface Answer {
  /** HTTP status. */
  status: number;
  /** As the receiver sent them. */
  headers: Headers;
  /** The beginning of the body. */
  text: string;
}

/** No more of an answer than this is read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Nobody is let to put a delivery off for longer. */
const MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60;

/**
 * Sends an HTTP request whose answer decides what becomes of the delivery: resolves on 2xx; throws
 * {@linkcode RetryLater} where the receiver says when to come back (429, 503 and others with `Retry-After`), a plain
 * error, which is retried, for 408, 425, 429, 5xx, redirects (never followed: another host was not granted, and a
 * redirected POST loses its body) and network failures, and {@linkcode Permanent} for any other answer and for a host
 * that the route does not grant. Errors name the host and what it said, never the rest of the URL nor a header.
 */
export async function post(
  context: Pick<Context, "fetch" | "signal">,
  url: string,
  request: PostRequest,
): Promise<Answer> {
  const { method = "POST", json } = request;
  const headers = headersOf(request);
  // What only a failure needs: most requests succeed.
  const origin = () => new URL(url).origin;
  const hidden = () => [
    ...secretsOf(new URL(url)),
    url,
    ...[...new Headers(headers).values()].flatMap(credentialsOf),
    ...request.secrets ?? [],
  ];
  let answer: Answer;
  try {
    const response = await context.fetch(url, {
      method,
      headers,
      body: json === undefined ? request.body ?? null : JSON.stringify(json),
      redirect: "manual",
      signal: context.signal,
    });
    answer = { status: response.status, headers: response.headers, text: await beginning(response) };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!URL.canParse(url)) throw error;
    const said = redact(deepest(error), hidden()).replace(/^error sending request for url \(.*?\): /, "");
    if (error instanceof Deno.errors.NotCapable) {
      throw new Permanent(
        `${method} ${origin()}: the route does not grant this host: name it in allow.net`,
      );
    }
    throw new Error(`${method} ${origin()}: cannot reach it: ${said}`);
  }
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw failure(answer, request, `${method} ${origin()} answered ${answer.status}`, hidden());
}

/** As they were given, where they can be read again: making them into `Headers` twice costs time. */
function headersOf({ headers: given = {}, json }: PostRequest): Headers | Record<string, string> {
  if (json === undefined && !(Symbol.iterator in given)) return given;
  const headers = new Headers(given);
  if (json !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
  return headers;
}

function failure(answer: Answer, request: PostRequest, what: string, hidden: string[]): Error {
  const said = redact(answer.text, hidden);
  const message = said === "" ? what : `${what}: ${said}`;
  const { status } = answer;
  const mayPass = status >= 500 || status === 408 || status === 425 || status === 429 || status < 400;
  if (!mayPass) return new Permanent(message);
  const seconds = retryAfterSeconds(answer.headers.get("retry-after"), Date.now()) ??
    request.retryAfter?.(answer) ?? null;
  if (seconds === null) return new Error(message);
  return new RetryLater(Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS), message);
}

/**
 * The seconds that a `Retry-After` header asks for, given as such or as an HTTP date; null when it says nothing usable.
 *
 * @param now Milliseconds since 1970.
 * @example
 * ```ts
 * import { retryAfterSeconds } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(retryAfterSeconds("120", 0), 120);
 * assertEquals(retryAfterSeconds("Thu, 01 Jan 1970 00:01:00 GMT", 0), 60);
 * assertEquals(retryAfterSeconds("soon", 0), null);
 * ```
 */
export function retryAfterSeconds(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, Math.ceil((at - now) / 1000));
}

/** What the innermost cause says: the outer ones only say that it failed. */
function deepest(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return messageOf(inner);
}

async function beginning(response: Response): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= MAX_ANSWER_BYTES) break;
  }
  return new TextDecoder().decode(await new Blob(chunks).arrayBuffer());
}

/** A header's value, and what in it may be a password by itself: `Bearer …`, `Basic …` (also decoded), `session=…`. */
function credentialsOf(value: string): string[] {
  const parts = value.match(/[^\s,;="]{8,}=*/g) ?? [];
  const [, basic] = /^basic\s+([\w+/-]+=*)$/i.exec(value) ?? [];
  return [value, ...parts, ...basic === undefined ? [] : inBasic(basic)];
}

/** `user:password` and the password. */
function inBasic(base64: string): string[] {
  try {
    const both = atob(base64);
    return [both, both.slice(both.indexOf(":") + 1)];
  } catch {
    return [];
  }
}

/** The parts of a URL that may be a password: all but the host. */
function secretsOf(url: URL): string[] {
  return [
    url.href,
    url.pathname,
    url.search,
    url.username,
    url.password,
    ...url.pathname.split("/").filter((segment) => segment.length >= 8),
    ...(url.pathname + url.search).match(/[\w-]{12,}/g) ?? [],
    ...[...url.searchParams.values()].filter((value) => value.length >= 4),
  ];
}

/** Error answers, as `application/problem+json` (RFC 9457) with a `reason` for programs. @module */
import { STATUS_TEXT } from "@std/http/status";

/** The statuses that the public listener refuses with. */
export type ProblemStatus = 401 | 404 | 405 | 408 | 413 | 503;

/**
 * Makes an error answer.
 *
 * @param reason A word for programs, such as `bad_signature`.
 * @param detail A sentence for people: what is wrong and what to do.
 */
export function problem(
  status: ProblemStatus,
  reason: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const body = JSON.stringify({ type: "about:blank", title: STATUS_TEXT[status], status, reason, detail });
  return new Response(body, { status, headers: { ...headers, "content-type": "application/problem+json" } });
}

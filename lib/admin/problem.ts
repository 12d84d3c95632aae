/** Error answers of the API, as `application/problem+json` (RFC 9457) with a `reason` for programs. @module */
import { STATUS_TEXT } from "@std/http/status";

/** The statuses that the admin listener refuses with. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 429 | 500 | 503;

/** Thrown by a handler to be answered as a problem, or as a page where a person asked. */
export class Refused extends Error {
  override name = "Refused";
  /**
   * @param reason A word for programs, such as `not_found`.
   * @param detail A sentence for people: what is wrong and what to do.
   */
  constructor(
    public readonly status: RefusalStatus,
    public readonly reason: string,
    public readonly detail: string,
    public readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
  }

  /** The answer for programs. */
  toResponse(): Response {
    const { status, reason, detail, headers } = this;
    const body = { type: "about:blank", title: STATUS_TEXT[status], status, reason, detail };
    return new Response(JSON.stringify(body), {
      status,
      headers: { ...headers, "content-type": "application/problem+json" },
    });
  }
}

/** Of what says nothing that can be done. */
export function badRequest(detail: string): Refused {
  return new Refused(400, "bad_request", detail);
}

/** Of what does not exist. */
export function notFound(detail: string): Refused {
  return new Refused(404, "not_found", detail);
}

/** How a running relay says it is. @module */
import { z } from "zod";
import { overview, pageOf } from "../admin/api/shapes.ts";
import { messageOf } from "../message_of.ts";
import { type Finding, findingsOf } from "./finding.ts";

/** The admin listener of a running relay. */
export interface RelayApi {
  /** What the relay itself thinks wrong; or in words why it does not tell. */
  overview(): Promise<z.infer<typeof overview> | string>;
  /** The id of a source's newest event; null when there is none, or the relay does not tell. */
  newestOf(source: string): Promise<string | null>;
}

const TIMEOUT_MS = 5_000;
const problem = z.looseObject({ detail: z.string() });
const events = pageOf(z.looseObject({ id: z.string() }));
type Events = z.infer<typeof events>;
/** Pages that are asked for to find one event: some hundred thousand events of other sources. */
const MOST_PAGES = 100;

const { right, note, wrong, unknown } = findingsOf("health");

/** @param token `admin.readToken` or `admin.token`, where there is one. */
export function relayApi(url: string, token: string | undefined): RelayApi {
  async function ask<Answer>(path: string, shape: z.ZodType<Answer>): Promise<Answer | string> {
    try {
      const response = await fetch(`${url}/api/${path}`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const answer = await response.json();
      const parsed = shape.safeParse(answer);
      if (response.ok && parsed.success) return parsed.data;
      return `${response.status} ${problem.safeParse(answer).data?.detail ?? ""}`.trimEnd();
    } catch (error) {
      return messageOf(error);
    }
  }
  return {
    overview: () => ask("overview", overview),
    async newestOf(source) {
      let cursor: string | null = "";
      for (let pages = 0; cursor !== null && pages < MOST_PAGES; pages++) {
        const page: Events | string = await ask(
          `events?${new URLSearchParams({ source, limit: "1", cursor })}`,
          events,
        );
        if (typeof page === "string") return null;
        if (page.items[0] !== undefined) return page.items[0].id;
        cursor = page.next; // so much of other sources is newer that the relay has not looked farther
      }
      return null;
    },
  };
}

/** Judges. */
export function judgeOverview(said: z.infer<typeof overview> | string, adminUrl: string): Finding[] {
  if (typeof said === "string") {
    const remedy = said.startsWith("401")
      ? "was admin.token changed since it started? Restart it"
      : "look at its log";
    return [unknown(`the relay does not tell how it is: ${said}`, remedy)];
  }
  if (said.problems.length === 0) {
    return [right(said.lastEventAt === null ? "no event yet" : `good; last event ${said.lastEventAt}`)];
  }
  return said.problems.map(({ level, text, page }) => {
    const remedy = `see ${adminUrl}${page}`;
    return level === "bad" ? wrong(text, remedy) : note(text, remedy);
  });
}

/** Tells in words what the relay answered to what `send` sent. @module */
import type { Config } from "../config/schema.ts";
import { EXIT } from "./command.ts";
import type { Answer } from "./post_event.ts";
import { createProgress, harmless, paint } from "./terminal.ts";

/** One event and its answer. */
export interface Sent {
  id: string;
  label: string;
  answer: Answer;
}

/** What is reported on. */
export interface ReportParts {
  config: Pick<Config, "admin">;
  url: URL;
  /** How many answers there will be. */
  total: number;
  /** `taken`, or the reason for which the relay must refuse. */
  expected: string;
  json: boolean;
}

/** Collects answers and prints them. */
export interface Report {
  add(sent: Sent): void;
  /** Prints the end, and gives the exit code. */
  end(): number;
}

/** Beyond this many events, only those that went wrong get a line. */
const FULL_UP_TO = 50;
/** Failures that are printed one by one. */
const FAILURES_SHOWN = 5;

/** Makes a report. */
export function createReport({ config, url, total, expected, json }: ReportParts): Report {
  const progress = createProgress();
  const began = performance.now();
  const counts = new Map<string, number>();
  const failures: Answer[] = [];
  let done = 0;
  let failuresShown = 0;

  const asExpected = (answer: Answer) =>
    answer.kind === "refused"
      ? answer.reason === expected
      : answer.kind !== "unreachable" && expected === "taken";

  const line = ({ id, label, answer }: Sent, good: boolean): string => {
    const word = answer.kind === "refused" ? `refused: ${answer.reason || answer.status}` : answer.kind;
    const paintedWord = !good
      ? paint.red(word)
      : answer.kind === "accepted"
      ? paint.green(word)
      : paint.yellow(word);
    return `${paintedWord}  ${label} ${paint.dim(`(event ${harmless(id)})`)}`;
  };

  return {
    add(sent) {
      const { answer } = sent;
      const good = asExpected(answer);
      done++;
      counts.set(answer.kind, (counts.get(answer.kind) ?? 0) + 1);
      if (!good) failures.push(answer);
      if (json) {
        console.log(JSON.stringify({ id: sent.id, event: sent.label, ...flat(answer), asExpected: good }));
      } else if (
        good ? total <= FULL_UP_TO : answer.kind !== "unreachable" && failuresShown++ < FAILURES_SHOWN
      ) {
        progress.clear();
        console.log(line(sent, good));
      }
      if (total > 1) progress.show(`${done} of ${total}`);
    },
    end() {
      progress.clear();
      const failure = failures[0];
      if (!json) {
        if (total > 1) console.log(summaryOf(counts, total, performance.now() - began));
        console.log(failure ? advice(failure, url, expected) : next(counts, config, expected));
      }
      if (!failure) return EXIT.done;
      const notOurs = failure.kind === "unreachable" ||
        (failure.kind === "refused" && failure.reason !== NOT_STORED);
      return notOurs ? EXIT.yourInput : EXIT.ours;
    },
  };
}

function flat(answer: Answer): Record<string, unknown> {
  const { kind, ...rest } = answer;
  return { result: kind, ...rest };
}

function summaryOf(counts: ReadonlyMap<string, number>, total: number, ms: number): string {
  const parts = ["accepted", "duplicate", "refused", "unreachable"]
    .flatMap((kind) => counts.has(kind) ? [`${counts.get(kind)} ${kind}`] : []);
  return `${parts.join(", ")} of ${total} in ${(ms / 1000).toFixed(2)} s`;
}

/** What to look at now that all went as it should. */
function next(
  counts: ReadonlyMap<string, number>,
  { admin }: Pick<Config, "admin">,
  expected: string,
): string {
  if (expected !== "taken") return "Refused, as it should be: nothing was stored.";
  if (!counts.has("accepted")) return "The relay had this event id already: nothing is done twice.";
  const page = admin.port === 0 ? "" : `, and at http://${admin.hostname}:${admin.port}/`;
  return `On disk, and handed to every route that takes it: see the relay's terminal${page}.`;
}

/** The reason of a relay that is reached, and cannot store. */
const NOT_STORED = "store_unavailable";

const MEANING: Record<string, string> = {
  [NOT_STORED]:
    "The relay runs but cannot store events now: its terminal says why, and `deno task doctor` what to do.",
  missing_header:
    "One of the three signature headers did not arrive. Does something between here and the relay drop headers?",
  bad_signature:
    "The relay knows another signing secret for this source. Does it run with this config and this .env, or does --url lead to another relay?",
  stale_timestamp:
    "The signature is right, but the timestamp is too old for the relay: compare the clocks of both machines.",
  future_timestamp:
    "The signature is right, but the timestamp lies ahead of the relay's clock: compare the clocks of both machines.",
  bad_timestamp:
    "The relay could not read the timestamp: does something between here and the relay change headers?",
  too_large: "The body is longer than the relay takes: see server.maxBodyBytes.",
  too_slow: "The body did not arrive in time: see server.bodyTimeoutSeconds.",
};

const PROXY = "A proxy answered because it does not reach the relay: is the relay running?";

const BY_STATUS: Record<number, string> = {
  404: "No source listens at this path: compare sources[].path in the config with the URL.",
  405: "Something else than the relay's source listens at this URL.",
  502: PROXY,
  503: PROXY,
  504: PROXY,
};

function advice(answer: Answer, url: URL, expected: string): string {
  if (answer.kind === "unreachable") {
    return `${paint.red("cannot reach the relay")} at ${url.href}: ${harmless(answer.problem)}\n` +
      "Is it running? `deno task start` starts it, in a terminal of its own. A changed address takes effect at its next start.";
  }
  if (answer.kind !== "refused") {
    return `${paint.red(answer.kind)}, where ${expected} was expected: the relay took what it must refuse.`;
  }
  const { status, reason, detail } = answer;
  const meaning = MEANING[reason] ?? BY_STATUS[status] ??
    `The answer has status ${status} and is not one of the relay's: does something else listen there?`;
  return `${url.href} answered ${status}${detail ? `: ${harmless(detail)}` : ""}\n${meaning}`;
}

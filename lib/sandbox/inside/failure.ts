/** Tells what a plugin threw, in a line that helps its author. @module */
import { type Ending, GRANTABLE, LIMITS, shorten } from "../protocol.ts";

/** What was thrown, and where in the plugin's own code. */
export interface Failure {
  text: string;
  /** Relative to the plugins folder; null when no line of the plugin's is known. */
  file: string | null;
  line: number | null;
}

/** An access that the process's permissions refused. */
export interface Refusal {
  /** `net`, `read`, `write`, `env`, `sys`, `run`, `ffi`, `import`. */
  kind: string;
  /** Such as `evil.example:443`, or a path. */
  target: string;
}

/** Describes anything that can be thrown. Never throws itself. `folder` is the plugins folder's URL. */
export function describeFailure(thrown: unknown, folder: string): Failure {
  try {
    if (!(thrown instanceof Error)) {
      return { text: short(`threw ${Deno.inspect(thrown)}, which is no Error`), file: null, line: null };
    }
    const { name, message } = thrown;
    const place = placeIn(`${message}\n${thrown.stack ?? ""}`, folder);
    const plain = String(message).replaceAll(folder, "").replace(
      /, run again with the --allow-(\w+) flag/,
      (_, kind) => `, which ${canGrant(kind, message) ? "its route does not" : "no route can"} grant`,
    );
    const known = ["Error", "Permanent", "RetryLater"].includes(String(name)) && plain !== "";
    const cause = thrown.cause instanceof Error ? ` (${thrown.cause.message})` : "";
    return { text: short((known ? plain : `${name}: ${plain}`) + cause), ...place };
  } catch {
    return { text: "threw something that cannot be described", file: null, line: null };
  }
}

/** No route grants all of a kind that it can grant. */
function canGrant(kind: string, message: string): boolean {
  return GRANTABLE.includes(kind) && message.includes(' access to "');
}

/** A failure as one text: what, and where. */
export function failureText({ text, file, line }: Failure): string {
  return file === null || text.includes(`${file}:`) ? text : `${text} (${file}:${line})`;
}

/** How a run that threw has ended. Errors are known by name: the plugin may have a copy of the classes of its own. */
export function endingOf(thrown: unknown, folder: string): Ending {
  const failure = describeFailure(thrown, folder);
  const ending: Ending = {
    outcome: "retry",
    error: failureText(failure),
    retryAfterSeconds: null,
    kv: [],
    emitted: [],
  };
  try {
    if (!(thrown instanceof Error)) return ending;
    const { name, seconds } = thrown as Error & { seconds?: unknown };
    if (name === "Permanent") ending.outcome = "permanent";
    if (name !== "RetryLater") return ending;
    if (typeof seconds === "number" && seconds >= 0 && seconds < Infinity) ending.retryAfterSeconds = seconds;
    else ending.error = failureText({ ...failure, text: `${failure.text}; ${noWait(seconds)}` });
  } catch {
    // unreadable, so nothing more is known of it
  }
  return ending;
}

/** What is told of a wait that is none. */
function noWait(seconds: unknown): string {
  const given = shorten(Deno.inspect(seconds, { depth: 0 }), 100);
  return `RetryLater takes the seconds to wait, a number from 0 on, not ${given}: so it counts as any other error`;
}

/** The access that an error says was refused, also where it is another error's cause; null when it says none. */
export function refusalOf(thrown: unknown): Refusal | null {
  try {
    return findRefusal(thrown);
  } catch {
    return null; // unreadable
  }
}

function findRefusal(thrown: unknown): Refusal | null {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth++) {
    const found = /Requires (\w+) access to "([^"]+)"/.exec(error.message);
    if (found) return { kind: found[1]!, target: found[2]! };
    const all = /Requires (\w+) access/.exec(error.message);
    if (all) return { kind: all[1]!, target: "*" };
  }
  return null;
}

/** The first line of a file in the plugins folder that a message or stack names. */
function placeIn(text: string, folder: string): { file: string | null; line: number | null } {
  for (const part of text.split(folder).slice(1)) {
    const found = /^([^\s:)"']+):(\d+)/.exec(part);
    if (found) return { file: decodeURI(found[1]!), line: Number(found[2]) };
  }
  return { file: null, line: null };
}

const short = (text: string) => shorten(text, LIMITS.errorChars);

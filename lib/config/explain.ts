/** Turns what zod found into what a person can mend. @module */
import type { z } from "zod";
import { given } from "../given.ts";
import type { Json } from "../nouns.ts";
import type { Substitution } from "./environment.ts";
import { type Mistake, type Path, renderPath } from "./mistake.ts";
import { describeNode, knownKeys, schemaAt } from "./permitted.ts";
import { didYouMean, suggest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** Places whose values are never repeated in a mistake, wherever they came from. */
const SECRET_PLACE = /^(sources\[\d+\]\.secrets|admin\.(token|readToken)|store|routes\[\d+\]\.options)\b/;

/**
 * The mistakes in the order of the config's keys.
 *
 * @param issues What zod found.
 * @param value The config that it looked at.
 * @param substitutions The places of `value` that came from the environment; what stands there is not repeated.
 */
export function explain(
  issues: readonly Issue[],
  value: Json,
  substitutions: readonly Substitution[],
): Mistake[] {
  const typos = new Set<string>();
  const mistakes = issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return explainIssue(issue, value, substitutions);
    const path = issue.path as Path;
    const known = knownKeys(schemaAt(path));
    return issue.keys.map((key): Mistake => {
      const meant = suggest(key, known);
      if (meant !== undefined) typos.add(renderPath([...path, meant]));
      return given({
        path: renderPath([...path, key]),
        problem: "is not a known key",
        permitted: known.join(", ") || undefined,
        hint: didYouMean(key, known),
      });
    });
  });
  // A key that is there under a mistyped name is not told a second time as missing, nor one place's remedy twice.
  return mistakes.filter(({ path, problem, permitted }, i) =>
    !(problem === MISSING && typos.has(path)) &&
    mistakes.findIndex((one) => one.path === path && one.permitted === permitted) === i
  );
}

const MISSING = "is missing";

function explainIssue(issue: Issue, value: Json, substitutions: readonly Substitution[]): Mistake[] {
  const path = issue.path as Path;
  const where = renderPath(path);
  if (issue.code === "invalid_key") { // a rule that speaks of the key, so what stands under it is not shown
    return issue.issues.map((inner) => ({ path: where, problem: inner.message, ...remedyOf(inner) }));
  }
  const found = valueAt(value, path);
  const substitution = substitutions.find((one) => renderPath(one.path) === where);
  const shown = substitution
    ? ` (it came from ${origin(where, substitution)})`
    : ["string", "number", "boolean"].includes(typeof found) && !SECRET_PLACE.test(where)
    ? ` (found ${JSON.stringify(found).slice(0, 80)})`
    : "";
  const remedy = issue.code === "custom"
    ? remedyOf(issue)
    : shapeRemedy(issue, found, substitution !== undefined);
  return [{ path: where, problem: problemOf(issue, found) + shown, ...remedy }];
}

/** Where a value came from, as written; in a secret place what is written beside the names is not repeated. */
function origin(where: string, { written, variables }: Substitution): string {
  if (!SECRET_PLACE.test(where)) return written;
  return Object.keys(variables).map((name) => `\${${name}}`).join(" and ");
}

type Remedy = Pick<Mistake, "permitted" | "hint">;

/** What a rule of `rules.ts` says beside its message. */
function remedyOf(issue: Issue): Remedy {
  return given((issue.code === "custom" ? issue.params : undefined) as Remedy | undefined ?? {});
}

/** What the schema says about a place whose value does not fit it. */
function shapeRemedy(issue: Issue, found: Json | undefined, fromEnvironment: boolean): Remedy {
  const node = schemaAt(issue.path as Path);
  const permitted = issue.code !== "invalid_format" && node ? describeNode(node) || undefined : undefined;
  const hint = found === undefined
    ? node?.description
    : fromEnvironment || typeof found !== "string"
    ? undefined
    : issue.code === "invalid_value"
    ? didYouMean(found, issue.values.map(String))
    : issue.code === "invalid_type" && fitsWithoutQuotes(found, issue.expected)
    ? "write it without the quotes"
    : undefined;
  return given({ permitted, hint });
}

function fitsWithoutQuotes(text: string, expected: string): boolean {
  return expected === "boolean"
    ? /^(true|false)$/.test(text)
    : /^(number|int)$/.test(expected) && /^-?\d+(\.\d+)?$/.test(text);
}

function problemOf(issue: Issue, found: Json | undefined): string {
  switch (issue.code) {
    case "invalid_type":
      return found === undefined ? MISSING : `is ${kindOf(found)}`;
    case "invalid_union":
    case "invalid_value":
      return found === undefined ? MISSING : "is not permitted";
    case "too_small":
      return issue.origin === "string" || issue.origin === "array" ? "is empty" : "is too small";
    case "too_big":
      return "is too large";
    default:
      return issue.message;
  }
}

function kindOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number") return Number.isInteger(value) ? "a number" : "not a whole number";
  return { string: "text", boolean: "true or false", object: "an object" }[typeof value as string] ??
    typeof value;
}

function valueAt(value: Json, path: Path): Json | undefined {
  let at: Json | undefined = value;
  for (const part of path) {
    at = typeof at === "object" && at !== null ? (at as Record<string | number, Json>)[part] : undefined;
  }
  return at;
}

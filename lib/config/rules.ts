/**
 * What the shape alone cannot say: rules on single values, and rules on parts that must agree. None of them names the
 * value it refuses, since that may be a secret; whoever shows the mistake adds it where it is none.
 *
 * @module
 */
import type { z } from "zod";
import { fieldPatternMistake } from "../pattern/field_pattern.ts";
import { isHostname } from "./hostname.ts";
import { isLoopback } from "./loopback.ts";
import { list, record } from "./loosely.ts";
import { renderPath } from "./mistake.ts";
import { withoutSlash } from "./source_path.ts";
import { didYouMean } from "./suggest.ts";

type Context = z.core.$RefinementCtx<unknown>;
type Path = (string | number)[];
interface Remedy {
  permitted?: string | undefined;
  hint?: string | undefined;
}

/** Lets a rule run although the shape has mistakes, so that all mistakes are told at once. Such a rule trusts no type. */
export const evenIfIncomplete = { when: () => true };

/** Days for which event ids are kept at least beyond a source's `maxAgeSeconds`: the provider retries for about one. */
const DEDUPE_DAYS = 2;

function refuse(context: Context, message: string, remedy: Remedy = {}, path: Path = []): void {
  context.addIssue({ code: "custom", message, path, params: remedy });
}

/** A text left over from an example is no secret. */
export function notPlaceholder(value: string, context: Context): void {
  if (value === "") return; // the shape says so already
  const bare = value.trim().replace(/^whsec_/i, "");
  const placeholder =
    /^(|x+|\*+|\.{2,}|…|<.*>|\[.*\]|(change|replace|insert|enter|put)[-_ ]?(it|me|this|your|here)?.*|your[-_ ].*|secret|token|password|placeholder|example|todo|test)$/i;
  if (placeholder.test(bare)) {
    refuse(context, bare === "" ? "is empty" : "is a placeholder, no secret", {
      hint:
        "copy the signing secret from the provider's dashboard, or make a token with `openssl rand -hex 32`",
    });
  } else if (value !== value.trim()) {
    refuse(context, "begins or ends with white space", {
      hint: "remove it: it would count as part of the secret",
    });
  }
}

/** An address to listen at. */
export function listenHostname(value: string, context: Context): void {
  if (value === "" || isHostname(value)) return; // the shape says that it is empty
  refuse(context, "is no host name or address", {
    permitted: 'an address of this machine, such as "127.0.0.1", or "0.0.0.0" for all of them',
    hint: /^[a-z]+:\/\//i.test(value)
      ? "write only the URL's host"
      : /:\d+$/.test(value)
      ? 'the port stands apart, as "port"'
      : undefined,
  });
}

/** Paths are plain, so that they mean the same to every proxy on the way. */
export function sourcePath(value: string, context: Context): void {
  const permitted = 'a path that begins with "/", such as "/webhook", of letters, digits and - . _ ~ /';
  if (!value.startsWith("/")) {
    refuse(context, 'does not begin with "/"', {
      permitted,
      hint: /^https?:/.test(value) ? "write only the URL's path" : undefined,
    });
  } else if (!/^[\w.~/-]+$/.test(value) || value.includes("//") || /(^|\/)\.\.?(\/|$)/.test(value)) {
    refuse(context, "is no plain path", { permitted });
  } else if (withoutSlash(value) === "/healthz") {
    refuse(context, "is the relay's own health check", { hint: "choose another path" });
  }
}

/** A field pattern, as `lib/pattern/field_pattern.ts` reads it. */
export function fieldPattern(value: string, context: Context): void {
  const mistake = fieldPatternMistake(value);
  if (mistake !== null) {
    refuse(context, mistake, {
      permitted: 'dot-separated segments with *, such as "links.*", "platforms.polygon*" or "!image"',
    });
  }
}

/** A pattern over event types, which is read like one over fields. */
export function eventPattern(value: string, context: Context): void {
  const mistake = fieldPatternMistake(value);
  if (mistake !== null) {
    refuse(context, mistake, {
      permitted: 'dot-separated segments with *, such as "cg.coin.listed", "cg.*" or "!cg.coin.price.*"',
    });
  }
}

/** A pattern over coin ids: plain text with *. */
export function coinPattern(value: string, context: Context): void {
  const mistake = value.replace(/^!/, "") === ""
    ? "is empty"
    : value.startsWith("!!")
    ? 'has more than one "!"'
    : value !== value.trim()
    ? "begins or ends with white space"
    : null;
  if (mistake !== null) {
    refuse(context, mistake, {
      permitted: 'coin ids with *, such as "tether", "wrapped-*" or "!wrapped-sol"',
    });
  }
}

/** A number without a fraction. Zod's own check of it ends all others, on whatever part of the config. */
export function wholeNumber(value: number, context: Context): void {
  if (!Number.isInteger(value)) context.addIssue({ code: "invalid_type", expected: "int" });
}

/** A time zone that this system knows. */
export function timeZone(value: string, context: Context): void {
  try {
    Temporal.Now.zonedDateTimeISO(value);
  } catch {
    refuse(context, "is no time zone", { permitted: 'an IANA name, such as "UTC" or "Europe/Berlin"' });
  }
}

/** The first segment of a `where` path: what it reads. */
const WHERE_ROOTS = ["coin", "data", "change"];

/** Whether a `where` may read at this path. */
export function isWherePath(path: string): boolean {
  const [root = "", ...keys] = path.split(".");
  return WHERE_ROOTS.includes(root) && keys.length > 0 && !keys.includes("");
}

/** The path of a `where`. */
export function wherePath(value: string, context: Context): void {
  if (!isWherePath(value)) {
    const [root = ""] = value.split(".");
    refuse(context, "is no path into the event", {
      permitted: '"coin.…", "data.…" or "change.…", such as "coin.symbol" or "change.new_value"',
      hint: didYouMean(root, WHERE_ROOTS.filter((known) => known !== root)),
    });
  }
}

/** `sqlite:FILE` or a PostgreSQL URL. */
export function storeUrl(value: string, context: Context): void {
  const permitted =
    '"sqlite:FILE", such as "sqlite:./data/relay.db", or "postgres://user:password@host/database"';
  if (/^postgres(ql)?:\/\/[^/]/.test(value)) return;
  const file = /^sqlite:(.*)$/s.exec(value)?.[1];
  if (file === undefined) {
    const hint = /\.(db|sqlite3?)$/.test(value) ? 'write "sqlite:" before the file' : undefined;
    refuse(context, "is neither SQLite nor PostgreSQL", { permitted, hint });
  } else if (file === "" || file === ":memory:" || file.startsWith("//")) {
    refuse(context, "names no file", {
      permitted,
      hint: file === ":memory:" ? "events must outlive a crash" : undefined,
    });
  }
}

/** The least wait is not above the greatest. */
export function delaysInOrder(value: unknown, context: Context): void {
  const { minDelaySeconds: min, maxDelaySeconds: max } = record(value);
  if (typeof min === "number" && typeof max === "number" && min > max) {
    refuse(context, "is above maxDelaySeconds", { permitted: "at most maxDelaySeconds" }, [
      "minDelaySeconds",
    ]);
  }
}

/** What the parts of a config must agree on. */
export function partsAgree(value: unknown, context: Context): void {
  const config = record(value);
  const sources = list(config["sources"]).map(record);
  const routes = list(config["routes"]).map(record);
  listenersApart(record(config["server"]), record(config["admin"]), context);
  guardedAdmin(record(config["admin"]), context);
  unique(sources, "sources", "name", (name) => name, context);
  unique(sources, "sources", "path", withoutSlash, context);
  unique(routes, "routes", "name", (name) => name, context);
  sources.forEach(({ name }, i) => {
    if (name !== "relay") return;
    refuse(context, "is the relay's own name", { hint: "choose another" }, ["sources", i, "name"]);
  });
  enoughRetention(record(config["retention"])["days"], sources, context);
  routes.forEach((route, i) => {
    routeDelays(record(route["retry"]), record(config["retry"]), i, context);
    digestAlone(route, i, context);
  });
}

function listenersApart(server: Fields, admin: Fields, context: Context): void {
  if (typeof server["port"] === "number" && server["port"] > 0 && server["port"] === admin["port"]) {
    refuse(context, "is server.port too", { hint: "give the dashboard a port of its own" }, [
      "admin",
      "port",
    ]);
  }
}

function guardedAdmin(admin: Fields, context: Context): void {
  const { hostname, token, readToken } = admin;
  if (typeof hostname === "string" && !isLoopback(hostname) && token === undefined) {
    refuse(context, "is missing, and admin.hostname is no loopback address", {
      hint: 'set "token": "${ADMIN_TOKEN}", or keep the dashboard to this machine: "hostname": "127.0.0.1"',
    }, ["admin", "token"]);
  }
  if (typeof token === "string" && token === readToken) {
    refuse(context, "is the same as admin.token, which may change everything", { hint: "use another" }, [
      "admin",
      "readToken",
    ]);
  }
}

function unique(
  entries: Fields[],
  list: string,
  key: string,
  same: (text: string) => string,
  context: Context,
): void {
  const first = new Map<string, number>();
  entries.forEach((entry, i) => {
    const text = entry[key];
    if (typeof text !== "string") return;
    const before = first.get(same(text));
    if (before === undefined) return void first.set(same(text), i);
    const taken = `is taken by ${renderPath([list, before])} already`;
    refuse(context, taken, { hint: "each needs its own" }, [list, i, key]);
  });
}

function enoughRetention(days: unknown, sources: Fields[], context: Context): void {
  const ages = sources.map(({ maxAgeSeconds }) => typeof maxAgeSeconds === "number" ? maxAgeSeconds : 0);
  const needed = Math.ceil(DEDUPE_DAYS + Math.max(0, ...ages) / 86_400);
  if (typeof days === "number" && days > 0 && days < needed) {
    refuse(context, "is less than deduplication needs, so a late copy would run twice", {
      permitted: `at least ${needed}: ${DEDUPE_DAYS} days and the longest maxAgeSeconds`,
    }, ["retention", "days"]);
  }
}

function routeDelays(own: Fields, global: Fields, route: number, context: Context): void {
  if (own["minDelaySeconds"] === undefined && own["maxDelaySeconds"] === undefined) return;
  const min = own["minDelaySeconds"] ?? global["minDelaySeconds"];
  const max = own["maxDelaySeconds"] ?? global["maxDelaySeconds"];
  if (typeof min !== "number" || typeof max !== "number" || min <= max) return;
  const key = own["minDelaySeconds"] === undefined ? "maxDelaySeconds" : "minDelaySeconds";
  refuse(context, "leaves minDelaySeconds above maxDelaySeconds", {
    hint: "set both here, or one that fits the global retry",
  }, ["routes", route, "retry", key]);
}

/** A digest takes what a window brought at once, whatever its coins; a claim that leaves some of it out would break it up. */
function digestAlone({ digest, order, rateLimit }: Fields, route: number, context: Context): void {
  if (digest === undefined) return;
  const hints = {
    ...(order === "coin" && { order: "remove it: a digest holds its events in the order received" }),
    ...(rateLimit !== undefined && {
      rateLimit: "remove it: a window is one message; for fewer messages make the window longer",
    }),
  };
  for (const [key, hint] of Object.entries(hints)) {
    refuse(context, "does not go with digest", { hint }, ["routes", route, key]);
  }
}

type Fields = Record<string, unknown>;

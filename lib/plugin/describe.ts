import { type Change, DIGEST_TYPE, type EventForPlugin, type Json, type JsonObject } from "../nouns.ts";
import { clean, shorten } from "./clean.ts";
import { happened } from "./happened.ts";
import { pairMigrations } from "./migrations.ts";
import { addressRows, plain, rowsOf, type Span, text, valueAsText } from "./rows.ts";
import { gravest, SEVERITIES, type Severity, severityOf, type SeverityOption } from "./severity.ts";
import { platformName } from "./platforms.ts";
import { changeWords, eventWords, phrase } from "./words.ts";

/** One change in words. */
export interface Line {
  /** The field, as the event names it; for an event without changes the path of its data. */
  field: string;
  /** How grave it is. */
  severity: Severity;
  /** What happened: "Contract on Ethereum changed". */
  words: string;
  /** The values, row by row: old → new, a difference, items added and removed. May be empty. */
  rows: Span[][];
}

/** What a message says, whoever receives it. All texts are cleaned of invisible characters; none are escaped. */
export interface Message {
  /** The coin's name and ticker, or what kind of event it is when it names no coin. */
  title: string;
  /** The coin's page; null when the event names no coin. */
  url: string | null;
  /** All that happened, in one line, the gravest named: "Contract on Ethereum changed", "Ticker changed and 2 more". */
  summary: string;
  /** The gravest of the lines'. */
  severity: Severity;
  /** One for each change, or one for an event without changes; the gravest first, in the event's order otherwise. */
  lines: Line[];
  /** How many lines were left out for room. */
  more: number;
  /** When the event was received, by locale and time zone. */
  received: string;
  /** Whether it is a test event. */
  test: boolean;
}

/** How to describe. */
export interface DescribeOptions {
  /** The page of a coin: the id takes the place of `{id}`, or is appended. */
  coinPage?: string | undefined;
  /** Severities by field pattern, before the built-in ones. */
  severity?: SeverityOption | undefined;
  /** BCP 47 tag for dates and numbers. Default `en-GB`. */
  locale?: string | undefined;
  /** IANA time zone for dates. Default `UTC`. */
  timeZone?: string | undefined;
  /** Longest text of a value, in UTF-16 units. Default 1000. */
  maxText?: number;
  /** Most lines; the rest are counted in `more`. Default 40. */
  maxLines?: number;
}

/** Where a coin's page is unless the options say otherwise. */
export const COIN_PAGE = "https://www.coingecko.com/en/coins/";

/** Says in words what an event tells. */
export function describe(event: EventForPlugin, options: DescribeOptions = {}): Message {
  const maxText = options.maxText ?? 1000;
  const locale = options.locale ?? "en-GB";
  const linesOf = (one: EventForPlugin) =>
    one.changes.length > 0
      ? changeLines(one.changes, options.severity, maxText)
      : dataLines(one, options.severity, maxText, locale);
  const gathered = eventsOfDigest(event);
  const told = gathered === null ? linesOf(event) : gathered.flatMap((one) => named(one, linesOf(one)));
  // What is left out for room, and what a summary does not name, is never the gravest.
  const lines = told.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
  const first = lines[0]?.words ?? eventWords(event.type);
  const kept = lines.slice(0, options.maxLines ?? 40);
  return {
    title: gathered === null ? titleOf(event) : digestTitle(gathered),
    url: event.coin.id === "" ? null : coinUrl(event.coin.id, options.coinPage ?? COIN_PAGE),
    summary: lines.length > 1 ? `${first} and ${lines.length - 1} more` : first,
    severity: gravest(lines.map((line) => line.severity)),
    lines: kept,
    more: lines.length - kept.length,
    received: date(event.receivedAt, options),
    test: event.test,
  };
}

function titleOf(event: EventForPlugin): string {
  return coinTitle(event) ?? eventWords(event.type);
}

/** The events that a digest gathers; null for any other event. */
function eventsOfDigest({ type, data }: EventForPlugin): EventForPlugin[] | null {
  return type === DIGEST_TYPE && Array.isArray(data["events"])
    ? data["events"] as unknown as EventForPlugin[]
    : null;
}

function digestTitle(events: readonly EventForPlugin[]): string {
  const subjects = new Set(events.map(titleOf));
  const [only = ""] = subjects;
  return subjects.size === 1
    ? `${only}: ${events.length} events`
    : `${events.length} events, ${subjects.size} coins`;
}

/** The lines of one event among many: each says whose it is. */
function named(event: EventForPlugin, lines: readonly Line[]): Line[] {
  const told = lines.length > 0
    ? lines
    : [{ field: "", severity: gravest([]), words: eventWords(event.type), rows: [] }];
  return told.map((line) => ({ ...line, words: `${titleOf(event)}: ${line.words}` }));
}

function coinTitle({ coin }: EventForPlugin): string | null {
  const name = shorten(clean(coin.name) || clean(coin.id), 100);
  const symbol = shorten(clean(coin.symbol).toUpperCase(), 30);
  if (name === "") return symbol || null;
  return symbol === "" ? name : `${name} (${symbol})`;
}

function coinUrl(id: string, page: string): string {
  const segment = encodeURIComponent(id.toWellFormed().slice(0, 200).toWellFormed());
  return page.includes("{id}") ? page.replaceAll("{id}", segment) : page.replace(/\/?$/, "/") + segment;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Without a wish as to locale and time zone it does without `Intl`, which takes megabytes of a process's memory. */
function date(iso: string, { locale, timeZone }: DescribeOptions): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return clean(iso);
  if (locale === undefined && timeZone === undefined) {
    const [day, time] = at.toISOString().split(/[T.]/);
    return `${Number(day?.slice(-2))} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${time} UTC`;
  }
  return at.toLocaleString(locale ?? "en-GB", {
    dateStyle: "medium",
    timeStyle: "long",
    timeZone: timeZone ?? "UTC",
  });
}

function changeLines(given: readonly Change[], severity: SeverityOption | undefined, max: number): Line[] {
  const changes = given.map((change) => ({ ...change, change_type: happened(change) }));
  const migrations = pairMigrations(changes);
  const movedTo = new Map(migrations.map(({ removal, addition }) => [removal, addition]));
  const told = new Set(movedTo.values());
  return changes.flatMap((change): Line[] => {
    if (told.has(change)) return [];
    const moved = movedTo.get(change);
    if (!moved) {
      return [{
        field: change.field,
        severity: severityOf(change, severity),
        words: changeWords(change),
        rows: rowsOf(change, max),
      }];
    }
    const [from, to] = [platformOf(change), platformOf(moved)];
    // A migration is as grave as a changed contract.
    const graded = severityOf({ ...moved, change_type: "update" }, severity);
    return [{
      field: moved.field,
      severity: graded,
      words: `Contract moved from ${platformName(from)} to ${platformName(to)}`,
      rows: addressRows(text(change.old_value), text(moved.new_value), max),
    }];
  });
}

const platformOf = (change: Change): string => change.field.slice("platforms.".length);

/** What the coin's title, or the summary of an event of the relay's own, has said already. */
const SAID = new Set(["id", "symbol", "name"]);
const SUMMED_UP = new Set([...SAID, "platform", "from_platform", "to_platform", "field"]);

/**
 * An event without changes: what its data holds. Events of the relay's own (`relay.*`) may bring their `summary` and
 * `severity`, and addresses to be shown as such.
 */
function dataLines(
  event: EventForPlugin,
  override: SeverityOption | undefined,
  max: number,
  locale: string,
): Line[] {
  const own = event.type.startsWith("relay.");
  const { summary, severity: given, address, old_address, new_address, ...rest } = own
    ? event.data
    : {} as JsonObject;
  const known = SEVERITIES.find((severity) => severity === given);
  const severity = typeof override === "string" ? override : known ?? (own ? "warning" : "notice");
  const summedUp = typeof summary === "string";
  const words = summedUp ? shorten(clean(summary), max) : eventWords(event.type);
  const said = summedUp ? SUMMED_UP : SAID;
  const rows = leaves(own ? rest : event.data).filter(([path]) => !said.has(path)).map(
    ([path, value]): Span[] => {
      const number = typeof value === "number"
        ? value.toLocaleString(locale, { maximumSignificantDigits: 15 })
        : null;
      const text = shorten(number ?? valueAsText(value), Math.max(40, Math.floor(max / 2)));
      return [plain(`${phrase(path)}: `), { kind: "new", text }];
    },
  );
  const room = Math.max(2, Math.floor(max / 50));
  if (rows.length > room) rows.splice(room, rows.length, [plain(`… and ${rows.length - room} more`)]);
  return [{
    field: event.type,
    severity,
    words,
    rows: [...addressRows(text(old_address), text(new_address ?? address), max), ...rows],
  }];
}

/** The values of an object with their paths; arrays are values. Depth and number are bounded. */
function leaves(value: Json, path = "", depth = 0): [string, Json][] {
  if (value === null || typeof value !== "object" || Array.isArray(value) || depth > 4) {
    return [[path, value]];
  }
  return Object.entries(value).slice(0, 100).flatMap(([key, inner]) =>
    leaves(inner, path === "" ? key : `${path}.${key}`, depth + 1)
  );
}

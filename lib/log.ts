/** The relay's log: one line an action, for people on a terminal and as JSON otherwise. @module */
import { maskDeep, maskText } from "./config/mask.ts";

/** How much a line matters, least first. */
const LEVELS = ["debug", "info", "warning", "error"] as const;
type Level = typeof LEVELS[number];

/** How the log is written. */
export interface LogSettings {
  /** `text` for people, `json` for machines. Default: text on a terminal, json otherwise. */
  format?: "text" | "json";
  /** The least level that is written. Default: info. */
  level?: Level;
  /** Texts that are never written, in whatever message or fact they turn up; in every form, longest first. */
  secrets?: readonly string[];
  /** Takes a finished line, without its end. Default: standard output. */
  write?(line: string): void;
}

/** What happened, in one line, and its facts by name. */
type Say = (message: string, facts?: Readonly<Record<string, unknown>>) => void;

/** The log of one part. */
export type Logger = Readonly<Record<"debug" | "info" | "warn" | "error", Say>>;

/** One line, before it is written. */
interface Line {
  level: Level;
  part: string;
  message: string;
  facts: Readonly<Record<string, unknown>>;
}

const COLORS: Partial<Record<Level, string>> = { warning: "color: yellow", error: "color: red" };

/** Nothing is written before the log is set up. */
let write: (line: Line) => void = () => {};

/** Sets up the log of this process. May be called again, when the config has changed. */
export function configureLog(settings: LogSettings = {}): void {
  const format = settings.format ?? usualFormat();
  const least = LEVELS.indexOf(settings.level ?? "info");
  const secrets = settings.secrets ?? [];
  const hide: Hide = (text) => maskText(text, secrets);
  write = (line) => {
    if (LEVELS.indexOf(line.level) < least) return;
    try {
      if (settings.write) settings.write(format === "json" ? jsonLine(line, hide) : textLine(line, hide));
      else if (format === "json") console.log(jsonLine(line, hide));
      else console.log("%c%s", COLORS[line.level] ?? "", textLine(line, hide));
    } catch {
      // A disk that is full, say: what was to be told goes on all the same.
    }
  };
}

/** The format where none is set. */
export function usualFormat(): "text" | "json" {
  return Deno.stdout.isTerminal() ? "text" : "json";
}

/** The log of one part of the relay: `receive`, `dispatch`, … */
export function logOf(part: string): Logger {
  const at = (level: Level): Say => (message, facts = {}) => write({ level, part, message, facts });
  return { debug: at("debug"), info: at("info"), warn: at("warning"), error: at("error") };
}

/** Masks what is secret in a text. The log's own words (levels, parts, names of facts) are not given to it. */
type Hide = (text: string) => string;

function jsonLine({ level, part, message, facts }: Line, hide: Hide): string {
  return JSON.stringify({
    time: new Date().toISOString(),
    level,
    part,
    message: hide(message),
    ...Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, maskDeep(value, hide)])),
  });
}

function textLine({ level, part, message, facts }: Line, hide: Hide): string {
  const time = new Date().toTimeString().slice(0, 8);
  const clean: Hide = (text) => hide(printable(hide(text))); // what is not printed may have parted a secret
  const told = Object.entries(facts)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) =>
      ` ${name}=${clean(typeof value === "string" ? value : JSON.stringify(maskDeep(value, hide)))}`
    );
  const mark = level === "info" ? "" : `${level}: `;
  return `${time} ${part.padEnd(8)} ${mark}${clean(message)}${told.join("")}`;
}

/** What strangers send must not move the cursor, turn the line round or start a new one. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => character === "\n" ? " ⏎ " : character === "\t" ? " " : "",
  );
}

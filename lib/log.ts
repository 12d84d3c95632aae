/** The relay's log: one line an action, for people on a terminal and as JSON otherwise. @module */
import { maskText } from "./config/secrets.ts";
import { configureSync, getLogger, type Logger, type LogRecord } from "@logtape/logtape";

/** How the log is written. */
export interface LogSettings {
  /** `text` for people, `json` for machines. Default: text on a terminal, json otherwise. */
  format?: "text" | "json";
  /** The least level that is written. Default: info. */
  level?: "debug" | "info" | "warning" | "error";
  /** Values that are never written, wherever they turn up; longest first. */
  secrets?: readonly string[];
  /** Takes a finished line, without its end. Default: standard output. */
  write?(line: string): void;
}

const ROOT = "coinrelay";
const LEVEL_COLORS: Record<string, string> = {
  warning: "color: yellow",
  error: "color: red",
  fatal: "color: red",
};

/** Sets up the log of this process. May be called again, when the config has changed. */
export function configureLog(settings: LogSettings = {}): void {
  const format = settings.format ?? (Deno.stdout.isTerminal() ? "text" : "json");
  const hide = (text: string) => maskText(text, settings.secrets ?? []);
  const write = (record: LogRecord) => {
    if (settings.write) settings.write(hide(format === "json" ? jsonLine(record) : textLine(record)));
    else if (format === "json") console.log(hide(jsonLine(record)));
    else console.log(`%c${hide(textLine(record))}`, LEVEL_COLORS[record.level] ?? "");
  };
  configureSync({
    reset: true,
    sinks: { line: write },
    loggers: [
      { category: ROOT, sinks: ["line"], lowestLevel: settings.level ?? "info" },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
}

/** The log of one part of the relay: `receive`, `dispatch`, … */
export function logOf(part: string): Logger {
  return getLogger([ROOT, part]);
}

function jsonLine(record: LogRecord): string {
  const { timestamp, level, category, properties } = record;
  return JSON.stringify({
    time: new Date(timestamp).toISOString(),
    level,
    part: category[1],
    message: messageOf(record),
    ...properties,
  });
}

function textLine(record: LogRecord): string {
  const { timestamp, level, category, properties } = record;
  const time = new Date(timestamp).toTimeString().slice(0, 8);
  const facts = Object.entries(properties)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const mark = level === "info" ? "" : `${level}: `;
  return printable(`${time} ${String(category[1]).padEnd(8)} ${mark}${messageOf(record)}${facts.join("")}`);
}

/** The message as it was given: braces in what strangers send are no placeholders. */
function messageOf({ rawMessage, message }: LogRecord): string {
  return typeof rawMessage === "string" ? rawMessage : message.join("");
}

/** What strangers send must not move the cursor, turn the line round or start a new one. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}]/gu,
    (character) => character === "\n" ? " ⏎ " : character === "\t" ? " " : "",
  );
}

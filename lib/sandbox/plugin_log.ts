/** What a plugin logs and prints, held to a measure. @module */
import type { Job } from "../dispatch/contract.ts";
import { LIMITS, type LogLevel, shorten } from "./protocol.ts";
import { createThrottle } from "./throttle.ts";

/** A line that a plugin logged or printed. */
export interface PluginLine {
  level: LogLevel;
  text: string;
  /** The job it was logged in; null when it belongs to none. */
  job: Job | null;
}

/** Takes the lines of one process. */
export interface PluginLog {
  write(line: PluginLine): void;
  /** To be called now and then: tells of lines that were dropped. */
  flush(): void;
}

/** Makes a log in front of `onLine`: lines that come too fast are dropped and counted, long ones shortened. */
export function createPluginLog(onLine: (line: PluginLine) => void, now: () => number): PluginLog {
  const throttle = createThrottle(LIMITS.logPerSecond, LIMITS.logBurst);
  let dropped = 0;
  function flush() {
    if (dropped === 0 || !throttle.take(now())) return;
    onLine({ level: "warn", text: `logged too fast: ${dropped} lines were dropped`, job: null });
    dropped = 0;
  }
  return {
    write({ level, text, job }) {
      if (dropped > 0) flush();
      if (dropped > 0 || !throttle.take(now())) dropped++;
      else onLine({ level, text: shorten(text, LIMITS.logChars), job });
    },
    flush,
  };
}

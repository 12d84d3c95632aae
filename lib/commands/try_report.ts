/** Prints what a trial came to, event by event, and a summary. @module */
import { maskDeep } from "../config/mask.ts";
import type { Sent } from "../nouns.ts";
import type { Route } from "../route/resolve.ts";
import type { DryReport } from "../sandbox/dry_plugin.ts";
import type { Sending } from "../sandbox/sending.ts";
import { lineDifference } from "../try/line_difference.ts";
import { maskHeader } from "../try/mask.ts";
import { renderReport, renderSent } from "../try/render.ts";
import type { Tried } from "../try/trial.ts";
import { counted, createProgress, harmless, paint } from "./terminal.ts";

/** How it is printed. */
export interface TryReportSettings {
  route: Route;
  /** How many events there are at most. */
  total: number;
  mask(text: string): string;
  json: boolean;
  live: boolean;
  /** What it is compared with: the end of "would be sent otherwise than". Null when it is not. */
  than: string | null;
}

/** What an event is compared with: what another version made of it, or what was sent for it (null: it was not tried). */
export type Before = Tried | { sent: Sent[] | null };

/** A report under way. */
export interface TryReport {
  /** Prints one event, or how it differs from `before`. */
  add(label: string, tried: Tried, before: Before | null): Promise<void>;
  /** Prints the summary, with what was sent outside of a run. Whether all that was run succeeded. */
  end(strays: readonly Sending[]): boolean;
}

/** Makes a report. */
export function createTryReport({ route, total, mask, json, live, than }: TryReportSettings): TryReport {
  const progress = createProgress();
  const began = performance.now();
  const count = { events: 0, run: 0, failed: 0, different: 0 };
  const sent: Record<string, number> = {};
  const unmatched: Record<string, number> = {};
  const print = (text: string) => {
    progress.clear();
    console.log(text);
  };
  /** To be done before anything is painted. */
  const clean = (text: string) => harmless(mask(text));
  if (!json) print(paint.bold(clean(headline(route, live))));

  return {
    async add(label, tried, before) {
      count.events++;
      const difference = before === null ? null : await differenceOf(before, tried);
      if (difference !== null && difference.length > 0) count.different++;
      if ("mismatch" in tried) {
        const { filter, reason } = tried.mismatch;
        unmatched[filter] = (unmatched[filter] ?? 0) + 1;
        const text = `\n· ${label}\n  not taken, by its ${filter}: ${reason}`;
        if (json) {
          line({ event: tried.event.id, matched: false, filter, reason, ...difference && { difference } });
        } else if (difference === null) print(paint.dim(clean(text)));
        else if (difference.length > 0) print(`${clean(text)}\n${inLines(difference)}`);
      } else {
        const { report } = tried;
        count.run++;
        if (report.outcome !== "done") count.failed++;
        for (const { kind } of report.sendings) sent[kind] = (sent[kind] ?? 0) + 1;
        if (json) {
          line({ event: tried.event.id, matched: true, ...shown(report), ...difference && { difference } });
        } else if (difference === null) await printReport(label, report);
        else if (difference.length > 0) print(`\n${mark(report)} ${clean(label)}\n${inLines(difference)}`);
      }
      progress.show(`${count.events} of ${total}`);
    },
    end(strays) {
      progress.clear();
      const ms = Math.round(performance.now() - began);
      if (json) {
        line({
          summary: {
            ...count,
            unmatched,
            sendings: sent,
            strays: strays.length,
            ms,
            ...live ? { live } : {},
          },
        });
      } else print(`\n${summary(ms)}`);
      if (strays.length > 0 && !json) {
        print(paint.yellow(`${strays.length} more outside of a run: let run await whatever it sends`));
      }
      return count.failed === 0;
    },
  };

  function inLines(difference: readonly string[]) {
    return difference.map((text) => painted(clean(text))).join("\n");
  }

  async function differenceOf(before: Before, tried: Tried): Promise<string[]> {
    if ("sent" in before) {
      const now = "mismatch" in tried ? [] : tried.report.sent;
      const text = (sent: readonly Sent[]) => mask(renderSent(sent, false)) || "sends nothing";
      return lineDifference(text(before.sent ?? []), text(now));
    }
    return lineDifference(await comparable(before), await comparable(tried));
  }

  function line(value: object) {
    console.log(JSON.stringify(maskDeep(value, mask)));
  }

  async function printReport(label: string, report: DryReport) {
    const texts = await renderReport(report);
    if (texts.length === 0) texts.push(live ? "done" : "sends nothing");
    print(`\n${mark(report)} ${clean(`${label}\n${texts.join("\n").replace(/^(?=.)/gm, "  ")}`)}`);
  }

  function summary(ms: number): string {
    const left = Object.entries(unmatched).map(([filter, n]) => `${n} by ${filter}`).join(", ");
    const told = Object.entries(sent).map(([kind, n]) =>
      `${counted(n, kind)} would be ${kind === "file" ? "written" : "sent"}`
    );
    const outcome = live ? "run in earnest" : told.length === 0 ? "nothing would be sent" : told.join(", ");
    return [
      paint.bold(`${counted(count.events, "event")} in ${ms} ms: ${count.run} taken, ${outcome}`),
      ...left === "" ? [] : [`not taken: ${left}`],
      ...than === null ? [] : [`${count.different} would be sent otherwise than ${than}`],
      ...count.failed === 0 ? [] : [paint.red(`${count.failed} would fail`)],
    ].join("\n");
  }
}

function headline({ name, plugin, schedule }: Route, live: boolean): string {
  const what = name === plugin ? `plugin ${plugin}` : `route ${name}, plugin ${plugin}`;
  const digest = schedule.digest === null ? "" : "; the route gathers events, here each is tried by itself";
  return live ? `${what}: IN EARNEST, marked as a test` : `${what}: a dry run, nothing is sent${digest}`;
}

function mark({ outcome }: DryReport): string {
  return outcome === "done" ? paint.green("✓") : paint.red("✗");
}

function painted(line: string): string {
  if (line.startsWith("- ")) return paint.red(`  ${line}`);
  return line.startsWith("+ ") ? paint.green(`  ${line}`) : `  ${line}`;
}

/** What is alike when two versions do the same: without what tells the time. */
async function comparable(tried: Tried): Promise<string> {
  if ("mismatch" in tried) return `not taken, by its ${tried.mismatch.filter}`;
  const { report } = tried;
  const sendings = report.sendings.map((sending) =>
    sending.kind === "request"
      ? {
        ...sending,
        headers: Object.fromEntries(Object.entries(sending.headers).filter(([name]) => !TIMELY.has(name))),
      }
      : sending
  );
  return (await renderReport({ ...report, sendings })).join("\n");
}

const TIMELY = new Set(["date", "webhook-timestamp", "webhook-signature"]);

function shown({ outcome, error, retryAfterSeconds, sendings, kv, emitted, logs, refused }: DryReport) {
  const masked = sendings.map((sending) =>
    sending.kind === "request"
      ? {
        ...sending,
        headers: Object.fromEntries(
          Object.entries(sending.headers).map(([name, value]) => [name, maskHeader(name, value)]),
        ),
      }
      : sending
  );
  return { outcome, error, retryAfterSeconds, sendings: masked, kv, emitted, logs, refused };
}

/** What commands print: plain for pipes and files, with colour and progress on a terminal. @module */

/** Paints text for standard output. */
export const paint = {
  green: (text: string) => painted(32, text),
  red: (text: string) => painted(31, text),
  yellow: (text: string) => painted(33, text),
  dim: (text: string) => painted(2, text),
  bold: (text: string) => painted(1, text),
};

function painted(code: number, text: string): string {
  return Deno.stdout.isTerminal() && !Deno.noColor ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Takes away what could steer a terminal: texts from outside are shown, never obeyed. */
export function harmless(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is taken away
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}

/** One line that is written over again and again, on standard error and only on a terminal. */
export interface Progress {
  show(text: string): void;
  /** Takes the line away. */
  clear(): void;
}

/** Least time between two writes of a progress line. */
const PROGRESS_EVERY_MS = 100;

/** Makes a progress line. */
export function createProgress(): Progress {
  if (!Deno.stderr.isTerminal()) return { show: () => {}, clear: () => {} };
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  let last = 0;
  return {
    show(text) {
      const now = performance.now();
      if (now - last < PROGRESS_EVERY_MS) return;
      last = now;
      write(`\r\x1b[K${text}`);
    },
    clear() {
      if (last > 0) write("\r\x1b[K");
      last = 0;
    },
  };
}

/** So many of something: `1 event`, `2 events`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** Rows in columns as wide as their widest cell; the last column runs free. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  return rows.map((row) =>
    row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i]!)).join("  ").trimEnd()
  ).join("\n");
}

/** That no plugin's process outlives the one that started it. @module */
import { ENDING_SIGNALS, SIGNALLED } from "../signals.ts";

/** What can be ended. */
interface Process {
  ended: Promise<unknown>;
  kill(reason: string, how: { orderly: true }): void;
}

const running = new Set<Process>();

/**
 * Has a process ended when this one exits, however hastily: one that never looks up from a loop sees for itself neither a
 * signal to its group nor that nobody speaks with it any more.
 */
export function endWithUs(process: Process): void {
  if (running.size === 0) globalThis.addEventListener("unload", endAll);
  running.add(process);
  void process.ended.then(() => {
    running.delete(process);
    if (running.size === 0) globalThis.removeEventListener("unload", endAll);
  });
}

/**
 * From now on until it is disposed of, a signal makes this process exit, as it would anyway, but as `Deno.exit` does: with
 * all that {@linkcode endWithUs} was told of.
 */
export function exitAtSignals(): Disposable {
  const listeners = ENDING_SIGNALS.map(([signal, number]) => {
    const exit = () => Deno.exit(SIGNALLED + number);
    Deno.addSignalListener(signal, exit);
    return () => Deno.removeSignalListener(signal, exit);
  });
  return { [Symbol.dispose]: () => listeners.forEach((remove) => remove()) };
}

function endAll(): void {
  for (const process of running) process.kill("was stopped", { orderly: true });
}

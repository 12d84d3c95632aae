/** Tells systemd that the relay is ready, and then again and again that it still answers. @module */

/** What systemd says of the service, in the environment. */
export interface Service {
  /** Gives up a service that says nothing for so long; null: never. In milliseconds. */
  watchdogMs: number | null;
}

/** The service that this process is; null when it is none that speaks with systemd. */
export function serviceOf(environment: Readonly<Record<string, string>>): Service | null {
  if (!environment["NOTIFY_SOCKET"]) return null;
  const micros = Number(environment["WATCHDOG_USEC"]);
  return { watchdogMs: micros > 0 ? micros / 1000 : null };
}

const ASK_AGAIN_MS = 100;
const ANSWER_MS = 10_000;

/**
 * Speaks for the relay until `ended` resolves: `READY=1` once `/healthz` at `url` answers, `WATCHDOG=1` three times in
 * each watchdog period as long as it does. A relay that hangs is silent, and systemd starts it anew.
 */
export async function speakFor(url: string, { watchdogMs }: Service, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.then(() => over = true);
  const pause = (ms: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    void ended.then(() => {
      clearTimeout(timer);
      resolve();
    });
    return promise;
  };
  while (!over && !await answers(url)) await pause(ASK_AGAIN_MS);
  if (!over) await notify("--ready");
  while (!over && watchdogMs !== null) {
    await pause(watchdogMs / 3);
    if (!over && await answers(url)) await notify("WATCHDOG=1");
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function notify(word: string): Promise<void> {
  await new Deno.Command("systemd-notify", { args: [word], stdout: "null", stderr: "inherit" }).output();
}

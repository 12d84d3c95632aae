/** Tells systemd that the relay is ready, and then again and again that it still answers. @module */
import { messageOf } from "../message_of.ts";

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
const TELL_AGAIN_MS = 1000;
const ANSWER_MS = 10_000;

/**
 * Speaks for the relay until `ended` resolves: `READY=1` once `/healthz` at `url` answers, `WATCHDOG=1` three times in
 * each watchdog period as long as it does. A relay that hangs is silent, and systemd starts it anew. What could not be said
 * is said again: a machine may for a moment have no room for one more process.
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
  let wasTold = true;
  const tell = async (word: string) => {
    const trouble = await notify(word);
    if (trouble !== null && wasTold) console.error(`systemd is not told, trying again: ${trouble}`);
    return wasTold = trouble === null;
  };
  while (!over && !await answers(url)) await pause(ASK_AGAIN_MS);
  while (!over && !await tell("--ready")) await pause(TELL_AGAIN_MS);
  while (!over && watchdogMs !== null) {
    await pause(watchdogMs / 3);
    if (!over && await answers(url)) await tell("WATCHDOG=1");
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

/** Null, or why systemd was not told. */
async function notify(word: string): Promise<string | null> {
  try {
    const { code } = await new Deno.Command("systemd-notify", {
      args: [word],
      stdout: "null",
      stderr: "inherit",
    }).output();
    return code === 0 ? null : `systemd-notify ended with ${code}`;
  } catch (error) {
    return messageOf(error);
  }
}

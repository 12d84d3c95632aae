/**
 * Stands in for everything outside of a plugin's process in a dry run: tells what would have been sent, and answers in
 * the place of whoever would have got it. What it does not know how to record the process's flags refuse.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { coversHost } from "../../grants.ts";
import { hostOf } from "../../hosts.ts";
import { isWithin } from "../../in_folder.ts";
import { type DryGrants, shorten } from "../../protocol.ts";
import { type Sending, SENDING_LIMITS } from "../../sending.ts";
import { type Files, replaceFiles } from "./files.ts";
import { ANSWER } from "./peer.ts";
import { replaceSockets } from "./sockets.ts";

/** The recorder at work. */
export interface Recorder {
  fetch: typeof fetch;
  /** Runs a job; what it sends, then or later, is told under its id. */
  inRun<T>(id: number, task: () => Promise<T>): Promise<T>;
}

/**
 * Replaces all that leads out of this process. What is not granted is refused, as it would be in earnest. `tell` hears of
 * each sending, with the id of its run where it is known.
 */
export function startRecorder(
  granted: DryGrants,
  tell: (id: number | null, sending: Sending) => void,
): Recorder {
  const original = globalThis.fetch;
  const runs = new AsyncLocalStorage<{ id: number; files: Files; recording: Set<Promise<unknown>> }>();
  const teller = () => {
    const id = runs.getStore()?.id ?? null;
    return (sending: Sending) => tell(id, sending);
  };
  const grants = granted.net.map((target) => ({ kind: "net" as const, target, route: "", why: "" }));
  const mustReach = (host: string) => {
    if (!coversHost(grants, host)) throw new Deno.errors.NotCapable(`Requires net access to "${host}"`);
  };
  const mustWrite = (path: string) => {
    if (granted.write.some((place) => isWithin(place, path))) return;
    throw new Deno.errors.NotCapable(`Requires write access to "${path}"`);
  };
  replaceSockets(teller, mustReach);
  replaceFiles(() => runs.getStore()?.files, mustWrite);
  async function record(request: Request, told: (sending: Sending) => void) {
    const { method, url } = request;
    const body = asText(await request.bytes());
    told({ kind: "request", method, url, headers: Object.fromEntries(request.headers), body });
  }
  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const host = /^https?:/.test(request.url) ? hostOf(request.url) : null;
      if (host === null) return await original(request); // a file, or data: permissions see to it
      mustReach(host);
      request.signal.throwIfAborted();
      const recorded = record(request, teller());
      runs.getStore()?.recording.add(recorded.catch(() => {}));
      await recorded;
      return answerTo(request.method, request.url);
    },
    async inRun(id, task) {
      const files: Files = new Map();
      const recording = new Set<Promise<unknown>>();
      try {
        return await runs.run({ id, files, recording }, task);
      } finally {
        await Promise.all(recording); // a plugin may send without waiting for the answer
        for (const [path, bytes] of files) {
          tell(id, { kind: "file", path, text: bytes === null ? null : asText(bytes) });
        }
      }
    },
  };
}

function answerTo(method: string, url: string): Response {
  const headers = { "content-type": "application/json" };
  const response = new Response(method === "HEAD" ? null : ANSWER, { headers });
  Object.defineProperty(response, "url", { value: url });
  return response;
}

/** Text where it is UTF-8, otherwise only how much it is. */
function asText(bytes: Uint8Array): string {
  try {
    return shorten(new TextDecoder("utf-8", { fatal: true }).decode(bytes), SENDING_LIMITS.text);
  } catch {
    return `(${bytes.length} bytes that are no text)`;
  }
}

/** Signs an event as the provider does, posts it, and tells what came back. @module */
import { isLoopback } from "../config/loopback.ts";
import { textsIn } from "../config/loosely.ts";
import { causeOf } from "../message_of.ts";
import { TEST_HEADER } from "../receive/receiver.ts";
import { signedAs } from "../verify/signed_as.ts";
import { SIGNATURE_HEADER } from "../verify/verify.ts";

/** An event to be posted. */
export interface Outgoing {
  id: string;
  body: Uint8Array<ArrayBuffer>;
  /** UNIX seconds. */
  timestamp: string;
  secret: string;
  /** Whether to spoil the signature. */
  badSignature: boolean;
}

/** What came of it. */
export type Answer =
  | { kind: "accepted" | "duplicate" }
  | { kind: "refused"; status: number; reason: string; detail: string }
  | { kind: "unreachable"; problem: string };

const ANSWER_TIMEOUT_MS = 30_000;

/** Posts it once. Never rejects. */
export async function postEvent(url: string, event: Outgoing): Promise<Answer> {
  const signed = signedAs(event.secret, event.timestamp, event.id, event.body);
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        ...signed,
        ...event.badSignature && { [SIGNATURE_HEADER]: spoil(signed[SIGNATURE_HEADER]!) },
        [TEST_HEADER]: "1",
      },
      body: event.body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return readAnswer(response.status, await response.text());
  } catch (error) {
    return { kind: "unreachable", problem: causeOf(error) };
  }
}

/** Sees to it that a relay on this machine is asked directly, whatever proxy the environment names. */
export function bypassProxy(url: URL): void {
  if (!isLoopback(url.hostname)) return;
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const before = Deno.env.get(name);
    Deno.env.set(name, before ? `${before},${url.hostname}` : url.hostname);
  }
}

function readAnswer(status: number, text: string): Answer {
  const { status: said, reason = "", detail = "" } = textsIn(text);
  if (status === 200 && (said === "accepted" || said === "duplicate")) return { kind: said };
  return { kind: "refused", status, reason, detail };
}

/** Another signature of the same form. */
function spoil(signature: string): string {
  return (signature.startsWith("0") ? "1" : "0") + signature.slice(1);
}

/** Why a delivery was refused, most likely, and what to do: "explain this 401". @module */
import type { SourceConfig } from "../config/schema.ts";
import { ageSeconds, UNIX_SECONDS } from "../verify/age.ts";
import { sign, SIGNATURE } from "../verify/signature.ts";
import { EVENT_ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER } from "../verify/verify.ts";
import type { Refusal } from "./ledger.ts";

/** What a person needs to know of a refusal. */
export interface Explanation {
  /** The step of the check that failed. */
  step: string;
  /** What was found. */
  cause: string;
  /** What to do about it. */
  remedy: string;
  /** The beginning of the text that was signed, as we read it: `{timestamp}:{event_id}:{body}`. */
  signedText: string;
  /** By how many seconds the signed timestamp lies before our clock; negative: after. Null: it is no number. */
  ageSeconds: number | null;
}

/** So many bytes of the body are shown. */
const SHOWN_BYTES = 1024;
const HOUR = 3600;

/** Explains a refusal. `sources` are those of the config in force: their secrets are tried, and never shown. */
export function explainRefusal(refusal: Refusal, sources: readonly SourceConfig[]): Explanation {
  const { headers: { timestamp, id }, at } = refusal;
  return {
    ...find(refusal, sources),
    signedText: `${timestamp}:${id}:${new TextDecoder().decode(refusal.body.subarray(0, SHOWN_BYTES))}`,
    ageSeconds: UNIX_SECONDS.test(timestamp) ? ageSeconds(timestamp, at) : null,
  };
}

type Finding = Pick<Explanation, "step" | "cause" | "remedy">;

function find(refusal: Refusal, sources: readonly SourceConfig[]): Finding {
  const source = sources.find(({ name }) => name === refusal.source);
  const age = ageSeconds(refusal.headers.timestamp, refusal.at);
  switch (refusal.reason) {
    case "missing_header":
      return missingHeader(refusal);
    case "bad_signature":
      return badSignature(refusal, sources);
    case "bad_timestamp":
      return {
        step: "Is the timestamp a number of UNIX seconds?",
        cause: `${TIMESTAMP_HEADER} is “${refusal.headers.timestamp}”, yet the signature is right.`,
        remedy:
          "The provider has changed the header's form, or your own sender writes it wrongly. Update the relay.",
      };
    case "stale_timestamp":
      return {
        step: `Is it at most ${source?.maxAgeSeconds ?? "…"} s old?`,
        cause: `Rightly signed, but ${spell(age)} old. ${wholeHours(age)}`.trim(),
        remedy:
          "If all deliveries are late by as much, set this server's clock (`timedatectl`). If only some are, they are " +
          "the provider's retries of older events: raise the source's maxAgeSeconds.",
      };
    case "future_timestamp":
      return {
        step: "Does its timestamp lie in the past?",
        cause: `Rightly signed, but its timestamp lies ${spell(-age)} ahead. ${wholeHours(age)}`.trim(),
        remedy: "This server's clock is slow: let it be set from the network (`timedatectl set-ntp true`).",
      };
    case "too_large":
      return {
        step: "Is the body within server.maxBodyBytes?",
        cause: "It is longer.",
        remedy: "If it came from the provider, raise server.maxBodyBytes; otherwise nothing is wrong.",
      };
    case "too_slow":
      return {
        step: "Did the whole body arrive in time?",
        cause: "The sender stopped or left before its end.",
        remedy:
          "Look at the connection and at any proxy before the relay; server.bodyTimeoutSeconds is the limit.",
      };
    case "store_unavailable":
      return {
        step: "Could the event be stored?",
        cause: "The store could not commit; the provider was told to try again (503).",
        remedy:
          "Look at the log and at /readyz: most often the disk is full or the database cannot be reached.",
      };
  }
}

function missingHeader({ headers }: Refusal): Finding {
  const missing = [
    headers.timestamp === "" ? TIMESTAMP_HEADER : "",
    headers.id === "" ? EVENT_ID_HEADER : "",
    headers.signature === "" ? SIGNATURE_HEADER : "",
  ].filter((name) => name !== "");
  const step = "Are the three headers there?";
  return missing.length === 3
    ? {
      step,
      cause: "None of the provider's headers is there: it was most likely not the provider.",
      remedy:
        "Scanners and browsers look like this. If it was the provider, a proxy before the relay drops headers.",
    }
    : {
      step,
      cause: `Missing: ${missing.join(", ")}.`,
      remedy: "A proxy before the relay drops headers, or your own sender does not set them all.",
    };
}

/** A guess at what went wrong, which the signature then confirms or not. */
interface Guess extends Omit<Finding, "step"> {
  signatures(): string[];
}

function badSignature(refusal: Refusal, sources: readonly SourceConfig[]): Finding {
  const step = "Is the signature right under one of the source's secrets?";
  const secrets = sources.find(({ name }) => name === refusal.source)?.secrets ?? [];
  const given = refusal.headers.signature;
  if (!SIGNATURE.test(given)) return { step, ...wrongForm(refusal, secrets) };
  if (refusal.body.byteLength < refusal.bodyBytes) {
    return {
      step,
      cause:
        "It does not fit, and its body is too long to be kept whole, so what else it fits cannot be tried.",
      remedy: `${COPY_SECRET} If that is refused too, the body changes on its way. ${FIND_REWRITER}`,
    };
  }
  const found = guesses(refusal, secrets, sources).find((guess) =>
    guess.signatures().includes(given.toLowerCase())
  );
  if (found !== undefined) return { step, cause: found.cause, remedy: found.remedy };
  return {
    step,
    cause: "It was signed with a secret that the relay does not have, or not by the provider at all.",
    remedy: COPY_SECRET,
  };
}

const COPY_SECRET =
  "Copy this webhook's own signing secret, whole and with its whsec_ prefix, from the provider's dashboard into the " +
  "source's secrets; each webhook has another one. Then send a test event from there.";
const FIND_REWRITER =
  "Look for a proxy, tunnel or function before the relay that rewrites bodies: the signature is over the raw bytes.";

function guesses(refusal: Refusal, secrets: readonly string[], sources: readonly SourceConfig[]): Guess[] {
  const { timestamp, id } = refusal.headers;
  const { body } = refusal;
  const under = (keys: readonly string[], ...bodies: Uint8Array[]) => () =>
    keys.flatMap((key) => bodies.map((one) => sign(key, timestamp, id, one)));
  const others = sources.filter(({ name }) => name !== refusal.source).map((other) => ({
    cause: `It was signed with the secret of the source “${other.name}”.`,
    remedy:
      `Its webhook is set to the URL of “${refusal.source}” in the provider's dashboard, or the two secrets are ` +
      "swapped in config.json.",
    signatures: under(other.secrets, body),
  }));
  return [
    ...others,
    {
      cause: "It fits a secret that the source has now, and did not have when it came.",
      remedy: "Nothing is left to do: the provider tries it again.",
      signatures: under(secrets, body),
    },
    {
      cause: "It fits the secret without its whsec_ prefix.",
      remedy: "The sender strips the prefix: sign with the secret whole, as the provider does.",
      signatures: under(secrets.filter((one) => one.startsWith("whsec_")).map((one) => one.slice(6)), body),
    },
    {
      cause: "It fits the secret with a whsec_ prefix, which the configured one lacks.",
      remedy: "Put the signing secret into the source's secrets whole, with its whsec_ prefix.",
      signatures: under(secrets.map((one) => `whsec_${one}`), body),
    },
    {
      cause: "It fits the secret without white space or quotes around it.",
      remedy: "Take the spaces, line ends or quotes around the secret away.",
      signatures: under(secrets.map((one) => one.replace(/^[\s"']+|[\s"']+$/g, "")), body),
    },
    {
      cause: "It fits the same JSON written otherwise: the body was parsed and written again on its way.",
      remedy: FIND_REWRITER,
      signatures: under(secrets, ...rewritten(body)),
    },
    {
      cause:
        "It fits when timestamp and event id change places: the signed text was {event_id}:{timestamp}:{body}.",
      remedy: "Your own sender puts the parts in the wrong order: {timestamp}:{event_id}:{body}.",
      signatures: () => secrets.map((key) => sign(key, id, timestamp, body)),
    },
  ];
}

/** A signature that is not 64 hexadecimal digits. */
function wrongForm({ headers, body }: Refusal, secrets: readonly string[]): Omit<Finding, "step"> {
  const bare = headers.signature.replace(/^(v1,|v1=|sha256=|hmac-sha256=)/i, "");
  const fits = secrets.some((secret) => {
    const hex = sign(secret, headers.timestamp, headers.id, body);
    return bare.toLowerCase() === hex || bare === base64(hex);
  });
  return fits
    ? {
      cause: "The signature is right but written in another form.",
      remedy: `Write ${SIGNATURE_HEADER} as 64 hexadecimal digits, with nothing before them.`,
    }
    : {
      cause: `${SIGNATURE_HEADER} is not 64 hexadecimal digits, so it was most likely not the provider.`,
      remedy: "If it is your own sender: sign with HMAC-SHA256 and write the digest in hexadecimal.",
    };
}

/** The body as common tools would have written the same JSON, and with other line ends. */
function rewritten(body: Uint8Array): Uint8Array[] {
  const text = new TextDecoder().decode(body);
  const texts = [text.trim(), `${text}\n`, text.replaceAll("\r\n", "\n"), text.replaceAll("\n", "\r\n")];
  try {
    const value: unknown = JSON.parse(text);
    const compact = JSON.stringify(value);
    texts.push(
      compact,
      `${compact}\n`,
      JSON.stringify(value, null, 2),
      `${JSON.stringify(value, null, 2)}\n`,
      JSON.stringify(value, null, 4),
      spaced(value),
    );
    texts.push(ascii(compact), ascii(spaced(value)));
  } catch {
    // Not JSON: then nobody wrote it again as JSON.
  }
  return [...new Set(texts)].filter((one) => one !== text).map((one) => new TextEncoder().encode(one));
}

/** As Python's `json.dumps` writes it. */
function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${
    Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${spaced(one)}`).join(", ")
  }}`;
}

/** With everything beyond ASCII escaped. */
function ascii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function base64(hex: string): string {
  return btoa(hex.replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16))));
}

/** A difference of whole hours is no slow clock but a wrong time zone. */
function wholeHours(age: number): string {
  const rest = Math.abs(age) % HOUR;
  return Math.abs(age) >= HOUR - 30 && (rest < 30 || rest > HOUR - 30)
    ? "That is a whole number of hours: a clock set to local time instead of UTC looks like this."
    : "";
}

function spell(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * HOUR) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / HOUR).toFixed(1)} h`;
}

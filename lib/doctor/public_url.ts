/**
 * Whether the address that the provider is given leads here: by name, by TLS, through every proxy, to this relay and its
 * store, and to nothing that must stay private.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import type { SourceConfig } from "../config/schema.ts";
import { withoutBrackets } from "../config/hostname.ts";
import { isLoopback } from "../config/loopback.ts";
import { withoutSlash } from "../config/source_path.ts";
import { textsIn } from "../config/loosely.ts";
import { causeOf } from "../message_of.ts";
import { signedAs } from "../verify/signed_as.ts";
import { type Finding, findingsOf } from "./finding.ts";

/** What is to be tried. */
export interface PublicUrl {
  url: URL;
  source: Pick<SourceConfig, "path" | "secrets">;
  /** The id of an event of the source that this relay's store has; null when none is known. */
  known: string | null;
  /** `server.maxBodyBytes`. */
  maxBodyBytes: number;
  now(): number;
}

const TIMEOUT_MS = 15_000;
const CONNECT_MS = 5_000;

const { right, note, wrong } = findingsOf("public URL");

/** Tries it: from the name to the store, and stops at what is broken. Leaves nothing behind but a counted duplicate. */
export async function tryPublicUrl(wish: PublicUrl): Promise<Finding[]> {
  const { url, source } = wish;
  const form = examineForm(url, source.path);
  const unreachable = await reach(url);
  if (unreachable !== null) return [...form, unreachable];
  const answer = await post(url, {}, new Uint8Array());
  const first = judgeUnsigned(url, answer);
  if (first !== null) return [...form, first];
  return [...form, ...await proveHere(wish), ...await tryPrivate(url)];
}

function examineForm(url: URL, path: string): Finding[] {
  const findings: Finding[] = [];
  if (url.protocol !== "https:") {
    findings.push(wrong(
      `${url.origin} is not https, which the provider asks for`,
      "put Caddy or nginx before the relay: deploy/",
    ));
  }
  if (withoutSlash(url.pathname) !== withoutSlash(path)) {
    findings.push(note(
      `its path is ${url.pathname}, the source's is ${path}`,
      "right only where a proxy rewrites it",
    ));
  }
  return findings;
}

/** Looks the name up, then knocks. */
async function reach(url: URL): Promise<Finding | null> {
  const host = withoutBrackets(url.hostname);
  const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
  try {
    await lookup(host);
  } catch (error) {
    return wrong(
      `the name ${host} leads nowhere: ${causeOf(error)}`,
      "set its A or AAAA record to this server's public address",
    );
  }
  try {
    const connecting = Deno.connect({ hostname: host, port, signal: AbortSignal.timeout(CONNECT_MS) });
    (await connecting).close();
    return null;
  } catch (error) {
    return wrong(
      `${host} does not answer on port ${port}: ${causeOf(error)}`,
      "is the proxy or tunnel running, and does the firewall let the port through?",
    );
  }
}

/** What an empty delivery without a signature was answered; null: a relay refused it as it should. */
function judgeUnsigned(url: URL, answer: Answer): Finding | null {
  if (answer.kind === "failed") {
    return wrong(
      `${url.host} cannot be spoken with: ${answer.problem}`,
      url.protocol === "https:"
        ? "is its certificate for this name, in date, and from an authority that everybody trusts?"
        : "does it speak HTTP?",
    );
  }
  const { status, reason } = answer;
  if (reason === "missing_header") return null;
  if (reason === "not_found") {
    return wrong(
      `the relay there has no source at ${url.pathname}`,
      "compare the path with sources[].path in config.json",
    );
  }
  if (status >= 300 && status < 400) {
    return wrong(
      `it redirects to ${answer.location}`,
      "give the provider the address that it ends at: a redirected POST is no delivery",
    );
  }
  if (status === 502 || status === 503 || status === 504) {
    return wrong(
      `the proxy answers ${status}: it does not reach the relay`,
      "does the relay run, and does the proxy's upstream name server.hostname and server.port?",
    );
  }
  return wrong(
    `something else than the relay answers (${status})`,
    "look at the proxy: it must hand the source's path to server.port, with its headers",
  );
}

/** Sends a stored event once more, as long as may be: only this store knows it as a duplicate. */
async function proveHere({ url, source, known, maxBodyBytes, now }: PublicUrl): Promise<Finding[]> {
  if (known === null) {
    return [
      right(`${url.href} reaches a relay`),
      note(
        "whether it is this one cannot be proven before it has an event",
        "`deno task send --url URL`, then ask again",
      ),
    ];
  }
  const secret = source.secrets[0]!;
  for (const bytes of [2, maxBodyBytes]) {
    const body = new TextEncoder().encode("{}".padEnd(bytes));
    const timestamp = String(Math.floor(now() / 1000));
    const answer = await post(url, signedAs(secret, timestamp, known, body), body);
    const finding = judgeSigned(answer, bytes);
    if (finding !== null) return [finding];
  }
  return [
    right(`${url.href} leads here, and lets ${maxBodyBytes} bytes through`),
  ];
}

function judgeSigned(answer: Answer, bytes: number): Finding | null {
  if (answer.kind === "failed") {
    return wrong(`a delivery of ${bytes} bytes failed: ${answer.problem}`, "look at the proxy's log");
  }
  const { status, reason, said } = answer;
  if (said === "duplicate") return null;
  if (said === "accepted") {
    return wrong(
      "it leads to another relay, with the same secret and another store",
      "point the name, the proxy or the tunnel here, or stop the other one",
    );
  }
  if (status === 413) {
    return wrong(
      `a proxy refuses bodies of ${bytes} bytes, which the relay would take`,
      "raise its limit (nginx: client_max_body_size; Caddy: request_body max_size) to server.maxBodyBytes",
    );
  }
  if (reason === "bad_signature") {
    return wrong(
      "the relay there refuses our signature",
      "either it is another relay with another secret, or a proxy changes the body or the headers",
    );
  }
  if (reason === "missing_header") {
    return wrong("a proxy drops the x-cg-… headers", "let it hand all headers on");
  }
  return wrong(
    `a signed delivery was answered ${status} ${reason}`,
    "docs/troubleshooting.md tells what it means",
  );
}

/** Nothing of the admin listener may be had where the provider posts. */
async function tryPrivate(url: URL): Promise<Finding[]> {
  for (const path of ["/readyz", "/api/overview"]) {
    const target = new URL(path, url.origin);
    try {
      const response = await fetch(target, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS) });
      const text = await response.text();
      if (!/"(reason":"(sign_in|foreign_host)"|status":"ready"|health":)/.test(text)) continue;
    } catch {
      continue;
    }
    return [wrong(
      `the dashboard answers at ${target.href}`,
      "let the proxy hand on the source's path alone; reach the dashboard through `ssh -L 8081:127.0.0.1:8081`",
    )];
  }
  return isLoopback(url.hostname)
    ? [note("it is this machine's own address, which the provider cannot reach")]
    : [];
}

type Answer =
  | { kind: "answered"; status: number; reason: string; said: string; location: string }
  | { kind: "failed"; problem: string };

async function post(
  url: URL,
  headers: Record<string, string>,
  body: Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json", ...headers },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const { reason = "", status: said = "" } = textsIn(await response.text());
    const location = response.headers.get("location") ?? "";
    return { kind: "answered", status: response.status, reason, said, location };
  } catch (error) {
    return { kind: "failed", problem: causeOf(error) };
  }
}

/** Whether a relay listens where the config says, or could. @module */
import { localUrl } from "../config/local_url.ts";
import { textsIn } from "../config/loosely.ts";
import type { Config } from "../config/schema.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { messageOf } from "../message_of.ts";

/** One address of the config. */
export interface Listener {
  /** `server` or `admin`. */
  name: "server" | "admin";
  hostname: string;
  port: number;
}

/** Who has a listener's port. */
export type Holder =
  /** A relay, which answered. */
  | { kind: "relay"; ready: boolean; problem: string | null }
  /** Something that is no relay. */
  | { kind: "other" }
  | { kind: "nobody" }
  /** Nobody, and it cannot be had either. */
  | { kind: "refused"; problem: string };

const TIMEOUT_MS = 3_000;

const { right, note, wrong, unknown } = findingsOf("relay");

/** The listeners of a config. */
export function listenersOf({ server, admin }: Pick<Config, "server" | "admin">): Listener[] {
  return [
    { name: "server", hostname: server.hostname, port: server.port },
    { name: "admin", hostname: admin.hostname, port: admin.port },
  ];
}

/** Finds out who has a port: asks, and where nobody answers tries to take it. */
export async function holderOf(listener: Listener): Promise<Holder> {
  const path = listener.name === "server" ? "/healthz" : "/readyz";
  try {
    const response = await fetch(localUrl(listener) + path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return readAnswer(response.status, await response.text());
  } catch {
    return tryToListen(listener);
  }
}

/** What `/healthz` or `/readyz` said. */
function readAnswer(status: number, text: string): Holder {
  const { status: said, reason, detail = "" } = textsIn(text);
  if (status === 200 && (said === "ok" || said === "ready")) {
    return { kind: "relay", ready: true, problem: null };
  }
  if (status === 503 && reason === "store_unavailable") {
    return { kind: "relay", ready: false, problem: detail };
  }
  return { kind: "other" };
}

function tryToListen({ hostname, port }: Listener): Holder {
  try {
    Deno.listen({ hostname, port }).close();
    return { kind: "nobody" };
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return { kind: "other" };
    return { kind: "refused", problem: messageOf(error) };
  }
}

/**
 * Judges.
 *
 * @param runs Whether a relay answers at the config's other listener.
 * @param usesStore Whether a relay uses the config's store, wherever it listens.
 */
export function judgeHolder(
  { name, hostname, port }: Listener,
  holder: Holder,
  runs: boolean,
  usesStore: boolean,
): Finding[] {
  const at = `${hostname}:${port}`;
  if (port === 0) {
    return [unknown(`${name}.port is 0: the system chooses it, so it is not known here`, "give it a number")];
  }
  switch (holder.kind) {
    case "relay":
      return [
        holder.ready
          ? right(`${name} answers at ${at}`)
          : wrong(`it runs, but is not ready: ${holder.problem}`, "see its log, and `disk` and `store` here"),
      ];
    case "other":
      return [wrong(
        `another program than the relay has ${at}`,
        `find it with \`ss -ltnp 'sport = :${port}'\` and stop it, or change ${name}.port`,
      )];
    case "refused":
      return [wrong(
        `it cannot listen at ${at}: ${holder.problem}`,
        port < 1024
          ? `a port below 1024 needs rights: choose ${name}.port above, and put a proxy before it`
          : `${name}.hostname must be an address of this machine, or 0.0.0.0`,
      )];
    case "nobody":
      if (runs) {
        return [
          note(
            `the relay runs, but not at ${at}`,
            `restart it, for a changed ${name}.hostname or ${name}.port`,
          ),
        ];
      }
      if (name === "admin") return [];
      return usesStore
        ? [
          note(
            `a relay uses the store, but nobody listens at ${at}`,
            "restart it: config.json names other addresses than when it started; or it is just starting or ending",
          ),
        ]
        : [note(`it does not run: nobody listens at ${at}`, "`deno task start`")];
  }
}

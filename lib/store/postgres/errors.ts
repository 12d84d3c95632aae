/** Tells by class and SQLSTATE what a failure means. @module */
import postgres from "postgres";
import { messageOf } from "../../message_of.ts";
import { StoreUnavailable, StoreUnusable } from "../contract.ts";

/** The connection broke or could not be made. What was under way may or may not have happened. */
export class ConnectionLost extends Error {
  override name = "ConnectionLost";
}

/** The connection cannot be secured as the settings ask. */
export class NotSecured extends ConnectionLost {
  override name = "NotSecured";
}

/** What the client says by codes of its own, since its socket is ours and it knows no host. */
const CLIENT_SAYS: Record<string, string> = {
  CONNECT_TIMEOUT: "it took the connection and did not answer",
  CONNECTION_CLOSED: "the connection broke",
  CONNECTION_DESTROYED: "the connection broke",
  CONNECTION_ENDED: "the connection broke",
};

/** What is made of an error of the client's. */
export function lostBy(error: unknown): ConnectionLost {
  const { code = "" } = error as { code?: string };
  return new ConnectionLost(CLIENT_SAYS[code] ?? messageOf(error), { cause: error });
}

/** SQLSTATEs and classes of them that are no fault of the statement, with what a person can do. */
const REMEDIES: Record<string, string> = {
  "08": "the connection broke; a later try may succeed",
  "25006": "it takes no writes: it is a standby, or set read-only; name the primary in the URL",
  "28": "check the user and password in the URL, and pg_hba.conf",
  "3D": "create the database, or name another in the URL",
  "3F": "create the schema, or give the role the right to create it",
  "40": "others got in the way; a later try may succeed",
  "42501": "give the role the rights that docs/scale.md lists",
  "42P01": "a table is gone; stop the relay and restore a backup",
  "53100": "its disk is full; make room",
  "53200": "it is out of memory; give it more",
  "53300": 'it has no connection left; raise max_connections, or lower "connections" in the URL',
  "53": "it is out of resources",
  "55": "the object is in use; a later try may succeed",
  "57014": "the statement took too long; a later try may succeed",
  "57": "it is stopping or starting; a later try may succeed",
  "58": "its system failed; check its disk and its log",
  "XX": "its data is damaged or it has a fault; check its log",
};

/** What a person can do when no connection comes about. */
const UNREACHED = "see that the server runs, and that host and port in the URL are right";

/** The SQLSTATE of an error of the server. */
function sqlState(error: unknown): string | undefined {
  return error instanceof postgres.PostgresError ? error.code : undefined;
}

/**
 * Whether the transaction may be run again as it is: a deadlock was broken, it could not be serialised, or a row that
 * it took for granted is gone or there already, since another database has taken the place of this one.
 */
export function mayRunAgain(error: unknown): boolean {
  return /^(40|23502|23505)/.test(sqlState(error) ?? "");
}

/** The error to hand on: {@linkcode StoreUnavailable} when the database is at fault, else the error itself. */
export function translate(error: unknown, label: string): unknown {
  if (error instanceof ConnectionLost) {
    return new StoreUnavailable(`Cannot use ${label}: ${error.message}`, { cause: error });
  }
  const state = sqlState(error);
  const remedy = state && (REMEDIES[state] ?? REMEDIES[state.slice(0, 2)]);
  if (!remedy) return error;
  return new StoreUnavailable(`Cannot use ${label}: ${(error as Error).message} (${remedy})`, {
    cause: error,
  });
}

/** The error to hand on when the database cannot even be opened. */
export function translateAtOpen(error: unknown, label: string): unknown {
  const translated = translate(error, label);
  if (!(translated instanceof StoreUnavailable)) return translated;
  const unreached = error instanceof ConnectionLost && !(error instanceof NotSecured);
  return new StoreUnusable(unreached ? `${translated.message} (${UNREACHED})` : translated.message, {
    cause: error,
  });
}

/** Whether waiting may help where the database cannot be opened: it is not up yet, or full. */
export function mayComeUp(error: unknown): boolean {
  return error instanceof ConnectionLost && !(error instanceof NotSecured) ||
    /^(53|55|57)/.test(sqlState(error) ?? "");
}

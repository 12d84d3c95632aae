/** One connection to the server. It is never mended: a broken one is thrown away, and a transaction with it. @module */
import postgres from "postgres";
import type { Socket } from "node:net";
import { ConnectionLost, lostBy } from "./errors.ts";
import type { Settings } from "./settings.ts";
import { openSocket } from "./socket.ts";
import { storable } from "../storable.ts";

/** What may be bound to a statement's `$1`. Objects are bound as JSON. */
export type Bound = string | number | boolean | null | object;

/** Longest wait for a connection, in milliseconds. */
const CONNECT_MS = 5000;
/** How much longer than the server's own limit an answer is waited for: then the network is at fault. */
const GRACE_MS = 2000;

/** How values travel. Numbers of the tables are all below 2^53. */
const TYPES = {
  text: { to: 25, from: [25], serialize: String, parse: String },
  json: { to: 114, from: [114], serialize: String, parse: (text: string) => JSON.parse(text) },
  bigint: { to: 20, from: [20], serialize: String, parse: Number },
  bytes: {
    to: 17,
    from: [17],
    serialize: String,
    parse: (text: string) => Uint8Array.fromHex(text.slice(2)),
  },
};

function toSend(value: Bound): string | number | boolean | null {
  if (typeof value === "string") return storable(value);
  return value !== null && typeof value === "object" ? storableJson(value) : value;
}

/** A value as JSON whose strings are {@linkcode storable}. */
function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!/\\u(0000|d[89a-f])/.test(json)) return json;
  return JSON.stringify(value, (_key, part) => typeof part === "string" ? storable(part) : part);
}

/** A connection with its own pipeline: statements go out at once and are answered in order. */
export class Connection {
  readonly #sql: postgres.Sql;
  readonly #socket: Socket;
  #timeoutMs = 0;
  readonly #waiting = new Set<(error: Error) => void>();
  #patience: ReturnType<typeof setTimeout> | undefined;
  #open = true;

  private constructor(sql: postgres.Sql, socket: Socket) {
    this.#sql = sql;
    this.#socket = socket;
  }

  /**
   * Connects and signs in.
   *
   * @param onEnd Called once when the connection has ended, for whatever reason.
   * @param onNotify Called with each notification.
   * @throws {ConnectionLost} when the server cannot be reached; the server's own error when it refuses.
   */
  static async open(
    settings: Settings,
    onEnd: (connection: Connection) => void,
    onNotify: (payload: string) => void = () => {},
  ): Promise<Connection> {
    const socket = await openSocket(settings, CONNECT_MS);
    let unused = true;
    const sql = postgres({
      host: settings.host,
      port: settings.port,
      database: settings.database,
      user: settings.user,
      pass: settings.password,
      max: 1,
      ssl: false, // the socket is secured already
      socket: () => {
        if (!unused) throw new ConnectionLost("the connection broke");
        unused = false;
        return socket;
      },
      fetch_types: false,
      idle_timeout: 0,
      max_lifetime: null,
      connect_timeout: CONNECT_MS / 1000,
      keep_alive: 30,
      onnotice() {},
      onnotify: (_channel: string, payload: string) => onNotify(payload),
      onclose() {
        connection.#end();
        onEnd(connection);
      },
      types: TYPES,
      connection: {
        application_name: `coinrelay ${settings.schema}`,
        search_path: settings.schema,
        // A commit that was confirmed is on disk, whatever the server's default.
        synchronous_commit: "on",
        statement_timeout: settings.timeoutMs,
        // What a relay that was cut off has locked is free again soon.
        idle_in_transaction_session_timeout: settings.timeoutMs,
        tcp_user_timeout: settings.timeoutMs,
        // Every statement of the relay has its index; a plan made while a table was small must not read all of it.
        enable_seqscan: "off",
        jit: "off",
      },
    } as postgres.Options<Record<string, postgres.PostgresType>>);
    const connection: Connection = new Connection(sql, socket);
    connection.allow(settings.timeoutMs);
    try {
      await connection.script("SELECT 1");
      return connection;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** Whether it can be used. */
  get usable(): boolean {
    return this.#open;
  }

  /** How long the server may work on a statement, in milliseconds. It has been told, or will be. */
  allow(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs + GRACE_MS;
  }

  /**
   * Runs one statement, prepared; answers its rows. Throws at once what is wrong with the values: statements that went
   * out before may belong to a transaction, and the next may be its commit.
   */
  query<Row>(sql: string, ...bound: Bound[]): Promise<Row[]> {
    const values = bound.map(toSend);
    return this.#guard(() => this.#sql.unsafe(sql, values, { prepare: true }) as unknown as Promise<Row[]>);
  }

  /** Runs statements without parameters; answers the word that the server confirms the last with. */
  async script(sql: string): Promise<string> {
    const result = await this.#guard(() => this.#sql.unsafe(sql));
    const last = Array.isArray(result[0]) ? result.at(-1) : result;
    return (last as unknown as { command: string }).command;
  }

  /** Ends in order. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#sql.end({ timeout: 1 });
    this.destroy();
  }

  /** Ends at once; what waits for an answer is rejected. */
  destroy(): void {
    this.#end();
    this.#socket.destroy();
  }

  /** Sends, and rejects when the connection ends first: the client forgets what it had not sent yet. */
  #guard<T>(send: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#open) return reject(new ConnectionLost("the connection broke"));
      const done = () => {
        this.#waiting.delete(reject);
        this.#watch();
      };
      this.#waiting.add(reject);
      this.#watch();
      send().then((answer) => {
        done();
        resolve(answer);
      }, (error) => {
        done();
        reject(isServers(error) ? error : lostBy(error));
      });
    });
  }

  /** Gives the server so long for the next answer; a cut cable tells nothing. */
  #watch(): void {
    clearTimeout(this.#patience);
    if (this.#waiting.size > 0 && this.#open) {
      this.#patience = setTimeout(() => this.destroy(), this.#timeoutMs);
    }
  }

  #end(): void {
    this.#open = false;
    clearTimeout(this.#patience);
    for (const reject of this.#waiting) reject(new ConnectionLost("the connection broke"));
    this.#waiting.clear();
  }
}

/** Whether the server itself has refused; what else has a code comes from the socket. */
function isServers(error: unknown): boolean {
  return error instanceof postgres.PostgresError || typeof (error as { code?: unknown }).code !== "string";
}

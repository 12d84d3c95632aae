/** Puts peers of our own in the place of every server that `node:net`, `node:tls` or `Deno.connect` would reach. @module */
import net from "node:net";
import tls from "node:tls";
import { createPeer, type Peer } from "./peer.ts";
import type { Sending } from "../../sending.ts";

/** Told of what is sent to a peer; made anew for each connection, where it begins. */
export type Teller = () => (sending: Sending) => void;

const peers = new WeakMap<object, Peer>();

/**
 * Replaces what opens connections. Sockets are taken by their prototype, so that it does not matter how a module
 * imported `connect`.
 *
 * @param mustReach Throws where a host (`host:port`) may not be reached.
 */
export function replaceSockets(teller: Teller, mustReach: (host: string) => void): void {
  /** A peer; throws where the server may not be reached. */
  const peerFor = (server: string, secure: boolean) => {
    mustReach(server);
    return createPeer(server, secure, teller());
  };
  const attachTo = (socket: net.Socket, server: string, secure: boolean) => {
    try {
      attach(socket, peerFor(server, secure));
    } catch (refusal) {
      socket.destroy(refusal as Error);
    }
  };
  net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]) {
    const { server, listener } = targetOf(given);
    const secure = this instanceof tls.TLSSocket;
    // What TLS would begin by itself when the connection is there has nothing to begin with.
    if (listener !== undefined && !secure) this.once("connect", listener);
    attachTo(this, server, secure);
    return this;
  };
  tls.connect = ((...given: unknown[]) => {
    const { server, listener, options } = targetOf(given);
    const under = options["socket"];
    const peer = typeof under === "object" && under !== null ? peers.get(under) : undefined;
    const socket = asSecure(new net.Socket());
    if (listener !== undefined) socket.once("secureConnect", listener);
    peer?.encrypt();
    if (peer) attach(socket, peer);
    else attachTo(socket, server, true);
    return socket as tls.TLSSocket;
  }) as typeof tls.connect;

  // deno-lint-ignore require-await -- so that what is thrown rejects
  const open = (secure: boolean) => async (to: { hostname?: string; port: number }) =>
    connection(peerFor(`${to.hostname ?? "127.0.0.1"}:${to.port}`, secure));
  Object.assign(Deno, {
    connect: open(false),
    connectTls: open(true),
    startTls(under: Deno.Conn) {
      const peer = peers.get(under);
      if (peer === undefined) return Promise.reject(new TypeError("not a connection of this dry run"));
      peer.encrypt();
      return Promise.resolve(connection(peer));
    },
  });
}

/** Connects a socket to a peer, in place of the network. */
function attach(socket: net.Socket, peer: Peer) {
  peers.set(socket, peer);
  let open = true;
  const close = () => {
    open = false;
    peer.close();
  };
  Object.assign(socket, {
    connecting: true,
    _read() {},
    _writev: null,
    _write(chunk: Uint8Array | string, encoding: BufferEncoding, done: () => void) {
      peer.take(typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk);
      done();
    },
    _final(done: () => void) {
      done();
      if (open) socket.push(null);
      close();
    },
  });
  socket.once("close", close);
  peer.sayTo((bytes) => setImmediate(() => open && socket.push(Buffer.from(bytes))));
  setImmediate(() => {
    if (!open) return;
    Object.assign(socket, { connecting: false });
    socket.emit("connect");
    socket.emit("ready");
    if (isSecure(socket)) socket.emit("secureConnect");
  });
}

/** What a TLS socket tells that its server has proved itself. */
const PROOF = {
  encrypted: true,
  authorized: true,
  authorizationError: null,
  alpnProtocol: false,
  getPeerCertificate: () => ({}),
  getProtocol: () => "TLSv1.3",
  getCipher: () => ({
    name: "TLS_AES_128_GCM_SHA256",
    standardName: "TLS_AES_128_GCM_SHA256",
    version: "TLSv1.3",
  }),
};

function asSecure(socket: net.Socket): net.Socket {
  return Object.assign(socket, PROOF);
}

function isSecure(socket: net.Socket): boolean {
  if (socket instanceof tls.TLSSocket) {
    for (const [name, value] of Object.entries(PROOF)) Object.defineProperty(socket, name, { value });
    return true;
  }
  return "encrypted" in socket;
}

/** Reads the arguments of `connect`: normalized already, an options object, or port and host. */
function targetOf(given: unknown[]): {
  server: string;
  options: Record<string, unknown>;
  listener: (() => void) | undefined;
} {
  const args = Array.isArray(given[0]) ? given[0] as unknown[] : given;
  const options = Object(args.find((arg) => typeof arg === "object" && arg !== null)) as Record<
    string,
    unknown
  >;
  const [port, host] = typeof args[0] === "object" ? [options["port"], options["host"]] : args;
  const listener = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
  const path = options["path"];
  const server = port === undefined && typeof path === "string"
    ? path
    : `${typeof host === "string" ? host : "localhost"}:${port}`;
  return { server, options, listener };
}

/** A `Deno.Conn` to a peer. */
function connection(peer: Peer): Deno.TlsConn {
  const pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: Infinity });
  const said = pipe.writable.getWriter();
  peer.sayTo((bytes) => void said.write(bytes).catch(() => {}));
  let left = new Uint8Array();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const close = () => {
    peer.close();
    said.close().catch(() => {});
  };
  const [hostname = "", port = "0"] = peer.server.split(/:(?=\d+$)/);
  const address = { transport: "tcp" as const, hostname, port: Number(port) };
  const made = {
    localAddr: { transport: "tcp" as const, hostname: "127.0.0.1", port: 0 },
    remoteAddr: address,
    readable: pipe.readable,
    writable: new WritableStream<Uint8Array>({ write: (bytes) => peer.take(bytes), close, abort: close }),
    async read(into: Uint8Array) {
      reader ??= pipe.readable.getReader();
      if (left.length === 0) {
        const { value, done } = await reader.read();
        if (done) return null;
        left = new Uint8Array(value);
      }
      const part = left.subarray(0, into.length);
      into.set(part);
      left = left.subarray(part.length);
      return part.length;
    },
    write(bytes: Uint8Array) {
      peer.take(bytes);
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(close()),
    handshake: () => Promise.resolve({ alpnProtocol: null }),
    close,
    ref() {},
    unref() {},
    setNoDelay() {},
    setKeepAlive() {},
    [Symbol.dispose]: close,
  };
  peers.set(made, peer);
  return made as unknown as Deno.TlsConn;
}

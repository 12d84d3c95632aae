/** A socket to the server, secured as the settings say. @module */
import { readFileSync } from "node:fs";
import { connect, isIP, type Socket } from "node:net";
import { connect as secure, type ConnectionOptions } from "node:tls";
import { StoreUnusable } from "../contract.ts";
import { ConnectionLost, NotSecured } from "./errors.ts";
import type { Settings } from "./settings.ts";

/** "Do you speak TLS?", in PostgreSQL's protocol. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const YES = "S".charCodeAt(0);

/**
 * Connects, and agrees on TLS unless `sslmode` is `disable`.
 *
 * @throws {ConnectionLost} when that fails, or takes longer than `patienceMs`.
 * @throws {NotSecured} when the server speaks no TLS, or does not prove who it is.
 */
export function openSocket(settings: Settings, patienceMs: number): Promise<Socket> {
  const { host, port, sslmode } = settings;
  const certificates = sslmode === "disable" ? null : readCertificates(settings);
  return new Promise((resolve, reject) => {
    let socket = host.startsWith("/") ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    let securing = false;
    const fail = (why: string) => {
      clearTimeout(patience);
      socket.destroy();
      reject(new (securing ? NotSecured : ConnectionLost)(why));
    };
    const patience = setTimeout(() => {
      securing = false; // the server may be at fault
      fail(`no answer within ${patienceMs / 1000} s`);
    }, patienceMs);
    const onError = (error: Error) => fail(error.message);
    const onClose = () => fail("the server closed the connection");
    const done = () => {
      clearTimeout(patience);
      // Until somebody else listens, an error must not end the process.
      socket.off("error", onError).off("close", onClose).on("error", () => {});
      resolve(socket.setNoDelay(true));
    };
    socket.on("error", onError).on("close", onClose).once("connect", () => {
      if (certificates === null) return done();
      socket.write(SSL_REQUEST);
      socket.once("data", (answer: Uint8Array) => {
        securing = true;
        // More than the one byte would be from someone who answers for the server before TLS begins.
        if (answer[0] !== YES || answer.length !== 1) {
          return fail(
            'the server speaks no TLS; set it up there, or say "sslmode=disable" where no stranger can listen',
          );
        }
        socket.off("error", onError).off("close", onClose);
        // Without a name to check, "localhost" would be checked. An address is no name that TLS may send.
        const name = isIP(host) === 0 ? { servername: host } : { host };
        socket = secure({ ...certificates, ...name, socket });
        socket.on("error", onError).on("close", onClose).once("secureConnect", done);
      });
    });
  });
}

function readCertificates({ sslmode, sslrootcert, sslcert, sslkey }: Settings): ConnectionOptions {
  return {
    rejectUnauthorized: sslmode !== "require",
    ...(sslrootcert && { ca: read("sslrootcert", sslrootcert) }),
    ...(sslcert && { cert: read("sslcert", sslcert) }),
    ...(sslkey && { key: read("sslkey", sslkey) }),
  };
}

function read(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StoreUnusable(
      `Cannot read ${file}, which the store's URL names as ${name}: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

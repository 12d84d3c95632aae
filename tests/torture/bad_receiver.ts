/** A receiving end that fails in many ways, and remembers on what it acted. @module */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Random } from "../support/random.ts";

/** One time that the receiver did what it was asked to, and said so. */
export interface Act {
  /** The route's path, without the slash. */
  route: string;
  /** The idempotency key. */
  key: string;
  eventId: string;
  at: number;
}

/** How it fails, with the share of requests that each way gets. The rest is well, some of it slowly. */
const WAYS: readonly [way: Way, share: number][] = [
  ["error", 0.08],
  ["busy_seconds", 0.03],
  ["busy_date", 0.02],
  ["drop", 0.04],
  ["half", 0.02],
  ["hang", 0.01],
  ["slow", 0.1],
];
type Way = "well" | "slow" | "error" | "busy_seconds" | "busy_date" | "drop" | "half" | "hang" | "poison";

/** Starts it. `/poisoned` refuses everything for good until it is cured. */
export async function startBadReceiver(random: Random) {
  const acts: Act[] = [];
  const ways: Partial<Record<Way, number>> = {};
  let cured = false;
  let gentle = false;

  function wayOf(path: string): Way {
    if (path === "poisoned" && !cured) return "poison";
    if (gentle) return "well";
    let draw = random.next();
    for (const [way, share] of WAYS) {
      draw -= share;
      if (draw < 0) return way;
    }
    return "well";
  }

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const route = (request.url ?? "/").slice(1);
    const at = Date.now();
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const way = wayOf(route);
    ways[way] = (ways[way] ?? 0) + 1;
    const say = (status: number, headers: Record<string, string> = {}) =>
      response.writeHead(status, headers).end();
    switch (way) {
      case "error":
        return say(500);
      case "busy_seconds":
        return say(429, { "retry-after": "1" });
      case "busy_date":
        return say(503, { "retry-after": new Date(at + 1500).toUTCString() });
      case "drop":
        return request.socket.destroy();
      case "half":
        response.writeHead(500, { "content-length": "1000" }).write("half an ans");
        return setTimeout(() => request.socket.destroy(), 20);
      case "hang":
        return; // never: the route's timeout ends it
      case "poison":
        return say(400);
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, 20 + random.below(200)));
    }
    const eventId = (JSON.parse(text) as { id: string }).id;
    acts.push({ route, key: String(request.headers["webhook-id"]), eventId, at });
    say(200);
  }

  const server = createServer((request, response) => {
    request.on("error", () => {}); // a relay that is killed drops its requests
    answer(request, response).catch(() => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    acts,
    ways,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Takes what it refused for good. */
    cure() {
      cured = true;
    },
    /** Fails no more. */
    relent() {
      gentle = true;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A small internet: hosts that answer as told, served by real servers on loopback. @module */
import { deadOrigin } from "./refusals.ts";
import cert from "./doubles/localhost.pem" with { type: "text" };

/** What a host does: a status, a URL that it redirects to, `down`, `hang`, `certificate` (one that is not valid), or `slow URL`: it redirects there after a while. */
export type Sites = Record<string, string>;

/** Twice this is longer than the 0.4 s that a test of slow sites allows. */
const SLOW_MS = 250;

/** A running internet. */
export interface Internet extends AsyncDisposable {
  /** A `fetch` in which the hosts of `sites` do as they are told (by `scheme://host` or `host`), and others answer 200. */
  fetch(sites: Sites): typeof fetch;
  /** The addresses that were asked for, and what was sent with the request. */
  asked: { url: string; headers: Headers }[];
}

/** Starts one. */
export function internet(): Internet {
  const stop = new AbortController();
  const stopped = new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
  const asked: Internet["asked"] = [];
  const settings = { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} };
  const plain = Deno.serve(settings, async (request) => {
    const does = new URL(request.url).searchParams.get("does") ?? "200";
    if (does === "hang") await stopped;
    if (does.startsWith("slow ")) {
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      return Response.redirect(does.slice("slow ".length));
    }
    const status = /^\d+$/.test(does) ? Number(does) : 302;
    return new Response("<html>", { status, headers: status === 302 ? { location: does } : {} });
  });
  const secure = Deno.serve({ ...settings, key: cert, cert }, () => new Response("never seen"));
  const nobody = deadOrigin();
  return {
    asked,
    fetch: (sites) => (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input);
      asked.push({ url: url.href, headers: new Headers(init?.headers) });
      const does = sites[url.origin] ?? sites[url.hostname] ?? "200";
      if (does === "down") return fetch(nobody, init);
      if (does === "certificate") return fetch(`https://localhost:${secure.addr.port}/`, init);
      return fetch(`http://127.0.0.1:${plain.addr.port}/?does=${encodeURIComponent(does)}`, init);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([plain.finished, secure.finished]);
    },
  };
}

/** What pages load: styles and scripts, held in memory and named by their content, so that browsers may keep them. @module */
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import appJs from "../assets/app.js" with { type: "text" };
import chartJs from "../assets/chart.js" with { type: "text" };
import favicon from "../assets/favicon.svg" with { type: "text" };
import jobJs from "../assets/job.js" with { type: "text" };
import liveJs from "../assets/live.js" with { type: "text" };
import sourcesJs from "../assets/sources.js" with { type: "text" };
import style from "../assets/style.css" with { type: "text" };
import themeJs from "../assets/theme.js" with { type: "text" };

const FILES: Record<string, string> = {
  "app.js": appJs,
  "chart.js": chartJs,
  "favicon.svg": favicon,
  "job.js": jobJs,
  "live.js": liveJs,
  "sources.js": sourcesJs,
  "style.css": style,
  "theme.js": themeJs,
  "uplot.css": uplotCss,
  "uplot.js": uplotJs,
};

const TYPES: Record<string, string> = { js: "text/javascript", css: "text/css", svg: "image/svg+xml" };

/** One version for all: scripts import each other by their plain names under it. */
const VERSION = bytesToHex(sha256(new TextEncoder().encode(Object.values(FILES).join("\n")))).slice(0, 12);

/** The address of an asset. */
export function asset(name: string): string {
  return `/assets/${VERSION}/${name}`;
}

/** The answer for an asset; null when there is none of this name. */
export function assetResponse(name: string): Response | null {
  const text = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  if (text === undefined) return null;
  const type = TYPES[name.slice(name.lastIndexOf(".") + 1)] ?? "text/plain";
  return new Response(text, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "public, max-age=31536000, immutable",
    },
  });
}

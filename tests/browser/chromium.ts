/** A real Chromium that tells of everything that goes wrong in a page. @module */
import axeSource from "axe-core/axe.min.js" with { type: "text" };
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { assertEquals } from "@std/assert";
import { fromDebian } from "../support/debian_package.ts";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/opt/google/chrome/chrome",
];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/** Where Chromium is: `CHROMIUM`, else the usual places, else from Debian; null, loudly, where none can be had. */
export async function findChromium(): Promise<string | null> {
  const executable = await fromDebian("chromium", installed);
  if (executable === null) {
    console.warn(
      "SKIPPED: no Chromium for the browser suite (Debian: apt-get install chromium, or set CHROMIUM)",
    );
  }
  return executable;
}

function installed(): string | null {
  const found = [Deno.env.get("CHROMIUM") ?? "", ...PLACES].find((path) => {
    try {
      return path !== "" && Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
  return found ?? null;
}

/** Starts it. Close it at the end. */
export function startChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page, and what went wrong in it. */
export interface WatchedPage {
  page: Page;
  /** Errors on the console, violations of the content security policy, requests elsewhere, dialogs. */
  troubles: string[];
  close(): Promise<void>;
}

/** Opens a page of its own, with no cookies and no storage. Network errors while a server is away are not troubles. */
export async function openPage(
  browser: Browser,
  base: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const troubles: string[] = [];
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("console", (message) => {
    const away = message.text().includes("ERR_CONNECTION_REFUSED") ||
      message.text().includes("ERR_INCOMPLETE_CHUNKED");
    if (message.type() === "error" && !away) {
      troubles.push(`console: ${message.text()} (${message.location().url})`);
    }
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(base) && !request.url().startsWith("data:")) {
      troubles.push(`elsewhere: ${request.url()}`);
    }
  });
  page.on("dialog", async (dialog) => {
    if (dialog.type() !== "confirm") troubles.push(`dialog: ${dialog.message()}`);
    await dialog.accept();
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      const { violatedDirective, blockedURI } = event as unknown as {
        violatedDirective: string;
        blockedURI: string;
      };
      console.error(`policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  return { page, troubles, close: () => context.close() };
}

/** Whatever axe finds that is serious or worse. */
export async function accessibilityTroubles(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const violations = await page.evaluate(async () => {
    // deno-lint-ignore no-explicit-any
    const { violations } = await (globalThis as any).axe.run();
    // deno-lint-ignore no-explicit-any
    return violations.map(({ id, impact, nodes }: any) => ({
      id,
      impact,
      // deno-lint-ignore no-explicit-any
      nodes: nodes.slice(0, 3).map(({ html, any }: any) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`),
    }));
  }) as { id: string; impact: string; nodes: string[] }[];
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.join(" | ")}`);
}

/** Nothing of the page lies beyond the right edge of the window. */
export async function assertFits(page: Page, what: string) {
  const overflow = await page.evaluate(() => {
    // deno-lint-ignore no-explicit-any
    const root = (globalThis as any).document.documentElement;
    return root.scrollWidth - root.clientWidth;
  });
  assertEquals(overflow, 0, `${what} is wider than the window`);
}

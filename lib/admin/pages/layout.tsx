/** What every page shares: the frame, the way round, and the state of the relay. @module */
import { html } from "hono/html";
import type { Child } from "hono/jsx";
import type { Overview } from "../api/shapes.ts";
import type { Role } from "../guard/session.ts";
import { asset } from "./assets.ts";
import { number, plain, T } from "./text.tsx";

/** What a page is put into. */
export interface Frame {
  role: Role;
  /** Whether there is somebody to sign out. */
  signedIn: boolean;
  overview: Overview;
  /** Told at the top, after something was done. */
  note?: { level: Level; text: string } | undefined;
}

const NAV = [
  ["/", "Live"],
  ["/deliveries", "Deliveries"],
  ["/sources", "Sources"],
  ["/plugins", "Plugins & routes"],
  ["/config", "Config"],
  ["/test", "Send a test"],
] as const;

/** A page inside the frame. */
export function Page({ title, at, frame, scripts = [], children }: {
  title: string;
  /** Path of the entry that is marked in the navigation. */
  at: string;
  frame: Frame;
  scripts?: readonly string[];
  children: Child;
}) {
  const { overview, note, role, signedIn } = frame;
  return (
    <Document title={title} scripts={["app.js", ...scripts]}>
      <a class="skip" href="#main">Skip to the content</a>
      <div class="frame">
        <header class="side">
          <a class="brand" href="/" aria-label="coinrelay, live view">
            <Mark />
            <span>coinrelay</span>
          </a>
          <form class="search" action="/search" role="search">
            <input
              name="q"
              placeholder="Coin or event id  ( / )"
              aria-label="Find a coin or an event by its id"
            />
          </form>
          <nav aria-label="Pages">
            {NAV.map(([path, name]) => (
              <a href={path} aria-current={path === at ? "page" : undefined}>
                {name}
                {path === "/deliveries" && overview.dead > 0 && (
                  <span class="count" data-dead title="dead letters">{number(overview.dead)}</span>
                )}
              </a>
            ))}
          </nav>
          <div class="foot">
            <span class={`lamp ${overview.health}`} data-lamp>{HEALTH[overview.health]}</span>
            {role === "read" && <span class="badge plain">read only</span>}
            <button type="button" class="quiet" data-theme-switch hidden>Theme</button>
            {signedIn && (
              <form method="post" action="/sign-out">
                <button class="quiet">Sign out</button>
              </form>
            )}
          </div>
        </header>
        <main class="main" id="main">
          {note && <Notice level={note.level} role="status">{note.text}</Notice>}
          {children}
        </main>
      </div>
    </Document>
  );
}

/** A page by itself: signing in, and errors. */
export function Bare({ title, children }: { title: string; children: Child }) {
  return (
    <Document title={title} scripts={["app.js"]}>
      <main class="center">{children}</main>
    </Document>
  );
}

/** A whole document as text. */
export function render(page: Child): string {
  return String(html`<!DOCTYPE html>${page}`);
}

function Document(
  { title, scripts, children }: { title: string; scripts: readonly string[]; children: Child },
) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${plain(title)} · coinrelay`}</title>
        <link rel="icon" href={asset("favicon.svg")} />
        <link rel="stylesheet" href={asset("uplot.css")} />
        <link rel="stylesheet" href={asset("style.css")} />
        <script src={asset("theme.js")}></script>
        {scripts.map((name) =>
          name === "uplot.js"
            ? <script defer src={asset(name)}></script>
            : <script type="module" src={asset(name)}></script>
        )}
      </head>
      <body>{children}</body>
    </html>
  );
}

/** How the relay is, in a word. */
export const HEALTH: Record<Overview["health"], string> = {
  good: "All is well",
  warning: "Worth a look",
  bad: "Needs you",
};

/** What is wrong, each with the page where it is mended. */
export function Problems({ problems }: { problems: Overview["problems"] }) {
  return (
    <ul class="notices" data-problems>
      {problems.map(({ level, text, page }) => (
        <li class={level}>
          <span>
            <T>{text}</T>
          </span>
          <a href={page} aria-label={`Look: ${plain(text)}`}>Look</a>
        </li>
      ))}
    </ul>
  );
}

type Level = "good" | "warning" | "bad";

/** Something to be told where it belongs. */
export function Notice(
  { level = "warning", role, children }: { level?: Level; role?: "status" | "alert"; children: Child },
) {
  return (
    <p class={`notice ${level}`} role={role}>
      <span>{children}</span>
    </p>
  );
}

/** Where nothing is, what to do next. */
export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

function Mark() {
  return (
    <svg
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <circle cx="6" cy="12" r="3.2" />
      <path d="M9.5 11 17 6M9.5 13 17 18" />
      <circle cx="19" cy="5" r="2" />
      <circle cx="19" cy="19" r="2" />
    </svg>
  );
}

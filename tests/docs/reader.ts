/** What a reader of the pages has of his own: routes of the names that they use, dead letters, places for files. @module */
import { join } from "@std/path";
import { until } from "../support/until.ts";
import type { FreshCopy } from "./fresh_copy.ts";

const REFUSING = `import { Permanent } from "coinrelay/plugin";
export default {
  run() {
    throw new Permanent("the receiver is gone");
  },
};
`;

/** Adds `slack`, all of whose deliveries become dead letters, and `new-route`. To be called before the first start. */
export async function addRoutes(copy: FreshCopy): Promise<void> {
  const example = join(copy.folder, "config.example.json");
  const config = JSON.parse(await Deno.readTextFile(example)) as { routes: unknown[] };
  config.routes.push(
    { name: "slack", plugin: "refusing", events: ["cg.*"] },
    { name: "new-route", plugin: "log", events: ["cg.*"] },
  );
  await Deno.writeTextFile(example, JSON.stringify(config));
  await Deno.writeTextFile(join(copy.folder, "plugins", "refusing.ts"), REFUSING);
}

/** Where the relay's dashboard is, without a slash at the end. */
export function dashboardOf(copy: FreshCopy): string {
  return /dashboard at (http:\/\/[\w.:]+)/.exec(copy.shown())![1]!;
}

/**
 * A command of a page as its reader types it: with ids of dead letters that there are and a folder that is there, and
 * with `--yes`, since the reader of a test is not at a terminal.
 */
export async function typed(copy: FreshCopy, command: string): Promise<string> {
  let line = command.replace(/\bROUTE\b/, "log-everything").replace("/backups/", "./");
  if (/\b1[78]\b|--event ID\b/.test(line)) {
    const [first, second] = await deadLetters(copy);
    line = line.replace(/\b17\b/, `${first.id}`).replace(/\b18\b/, `${second.id}`)
      .replace("--event ID", `--event ${first.event.id}`);
  }
  const asks = /dead-letters (retry|discard)\b/.test(line) ||
    /task replay (?!.*--(dry-run|event|yes|help)\b)/.test(line);
  return asks ? `${line} --yes` : line;
}

interface DeadLetter {
  id: number;
  event: { id: string };
}

/** Two of them at least. */
async function deadLetters(copy: FreshCopy): Promise<[DeadLetter, DeadLetter]> {
  return await until("there are dead letters", async () => {
    const answer = await fetch(`${dashboardOf(copy)}/api/dead-letters`);
    const { items: [first, second] } = await answer.json() as { items: DeadLetter[] };
    return first && second ? [first, second] as [DeadLetter, DeadLetter] : null;
  });
}

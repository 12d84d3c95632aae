/** What the first `deno task start` sets up, so that nobody has to edit a file before it runs. @module */
import { dirname, resolve } from "@std/path";
import { dotenvFile, type Environment, withDotenv } from "../config/environment.ts";
import type { Config } from "../config/schema.ts";
import { isOfSystem } from "../message_of.ts";
import { PROJECT } from "../project.ts";

/** The variable that config.example.json takes the signing secret from. */
const SECRET_NAME = "CRYPTOSYNC_WEBHOOK_SECRET";
const SECRET_BYTES = 32;

/** What the first start needs cannot be made where it belongs. */
export class CannotMake extends Error {
  override name = "CannotMake";
  constructor(file: string, cause: Error) {
    super(
      cause instanceof Deno.errors.NotFound
        ? `Cannot make ${file}: its folder does not exist. Make it, or name another with --config`
        : `Cannot make ${file}: ${cause.message}. ` +
          "Let this user write there, or name a config in another folder with --config",
      { cause },
    );
  }
}

/** A first start: tells, for the config that was made, what was made and what to do next, once the relay listens. */
export type FirstStart = (config: Pick<Config, "server" | "admin" | "sources">) => string;

/**
 * Sets up what is missing when `configFile` does not exist: the config, from the example, and a fresh signing secret
 * in `.env` beside it, unless the environment or that file has one. Overwrites nothing.
 *
 * @returns Null when the config is there already, which then is not touched.
 * @throws {CannotMake} Then it has made nothing.
 */
export function firstStart(configFile: string, environment: Environment): FirstStart | null {
  if (isThere(configFile) || !createNew(configFile, firstConfig(configFile))) return null;
  const made = [`  ${configFile}`];
  const file = dotenvFile(configFile);
  try {
    if (!withDotenv(configFile, environment)[SECRET_NAME]) {
      putSecret(file, freshSecret());
      made.push(`  ${file} (with a fresh signing secret as ${SECRET_NAME})`);
    }
  } catch (error) {
    Deno.removeSync(configFile); // so that the next start is a first one again
    throw isOfSystem(error) ? new CannotMake(file, error) : error;
  }
  return (config) =>
    `This is the first start. Made for you:\n${made.join("\n")}\n\n${nextSteps(config, environment)}`;
}

/**
 * Whether the config, made by an earlier start, still takes its secret from where that put it: then
 * {@linkcode nextSteps} are right for it.
 */
export function isAsFirstMade(
  { sources }: Pick<Config, "sources">,
  configFile: string,
  environment: Environment,
): boolean {
  const secret = withDotenv(configFile, environment)[SECRET_NAME];
  return secret !== undefined && sources[0]?.secrets[0] === secret;
}

/** What to do once the relay runs. */
export function nextSteps(config: Parameters<FirstStart>[0], environment: Environment): string {
  const task = isNpx(environment) ? "npx -y deno@2 task" : "deno task";
  const { server, admin, sources } = config;
  const path = sources[0]?.path ?? "/webhook";
  return `Dashboard       http://${admin.hostname}:${admin.port}/
First event     in a second terminal: ${task} send
Webhook path    ${path} on port ${server.port}

To receive real events the provider needs a public HTTPS address that leads here, ending in ${path}.
While you try things out a tunnel gives you one; any of these:
  ngrok http ${server.port}
  cloudflared tunnel --url http://127.0.0.1:${server.port}
  npx localtunnel --port ${server.port}
Create the webhook at the provider with the address it prints and ${path} after it, then put the signing secret that
the provider shows in place of the one in .env (${SECRET_NAME}).`;
}

/** Whether this runs through `npx`, where there is no `deno` to type. */
function isNpx(environment: Environment): boolean {
  return environment["npm_lifecycle_event"] === "npx" || environment["npm_command"] === "exec";
}

/** The example; away from the project, with the places that it names beside itself made absolute. */
function firstConfig(configFile: string): string {
  const example = Deno.readTextFileSync(resolve(PROJECT, "config.example.json"));
  if (dirname(resolve(configFile)) === resolve(PROJECT)) return example;
  return example.replace(
    /"\.\/(plugins|config\.schema\.json)"/g,
    (_, name: string) => JSON.stringify(resolve(PROJECT, name)),
  );
}

function freshSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return `whsec_${bytes.toHex()}`;
}

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error; // nor would a change of it be seen
    return !(error instanceof Deno.errors.NotFound); // what is in the way is told by whoever reads it
  }
}

function createNew(file: string, text: string): boolean {
  try {
    Deno.writeTextFileSync(file, text, { createNew: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw isOfSystem(error) ? new CannotMake(file, error) : error;
  }
}

/** Adds the secret to `.env`, in place of an empty one, keeps every other line, and lets only the owner read it. */
function putSecret(file: string, secret: string): void {
  const line = `${SECRET_NAME}=${secret}\n`;
  let before = "";
  try {
    before = Deno.readTextFileSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const kept = before.split(/(?<=\n)/).filter((one) =>
    !new RegExp(`^\\s*(export\\s+)?${SECRET_NAME}\\s*=`).test(one)
  ).join("");
  const text = kept === "" || kept.endsWith("\n") ? kept + line : `${kept}\n${line}`;
  Deno.writeTextFileSync(file, text, { mode: 0o600 });
  if (Deno.build.os !== "windows") Deno.chmodSync(file, 0o600);
}

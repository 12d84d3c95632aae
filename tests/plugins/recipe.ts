/** Reads a recipe of docs/recipes, runs it in a real relay, and tells what arrived. @module */
import { fromFileUrl, join } from "@std/path";
import { SAMPLES } from "../../lib/samples.ts";
import { createRelayFolder } from "../support/relay_process.ts";
import { until } from "../support/until.ts";
import { DISCORD_PATH, discordDouble, readDiscord } from "./doubles/discord.ts";
import { listen } from "./doubles/listen.ts";
import { PAGERDUTY_KEY, pagerdutyDouble } from "./doubles/pagerduty.ts";
import { readSlack, SLACK_PATH, slackDouble } from "./doubles/slack.ts";
import { MAIL_CA, MAIL_PASSWORD, MAIL_USER, smtpDouble } from "./doubles/smtp.ts";
import { readTelegram, TELEGRAM_CHAT, TELEGRAM_TOKEN, telegramDouble } from "./doubles/telegram.ts";

/** Where the recipes are. */
export const RECIPES = fromFileUrl(new URL("../../docs/recipes/", import.meta.url));

interface Route {
  name: string;
  plugin: string;
  options?: Record<string, unknown>;
  [more: string]: unknown;
}

/** What a recipe says. */
export interface Recipe {
  name: string;
  markdown: string;
  /** What is to be pasted into config.json. */
  routes: Route[];
  /** The samples that it sends. */
  samples: string[];
  /** What it says arrives, by receiver. */
  arrives: Record<string, string>;
}

/** Reads `docs/recipes/NAME.md`. */
export async function readRecipe(name: string): Promise<Recipe> {
  const markdown = await Deno.readTextFile(join(RECIPES, `${name}.md`));
  const json = /```json\n(.*?)```/s.exec(markdown)?.[1];
  if (json === undefined) throw new Error(`docs/recipes/${name}.md has no JSON to paste`);
  return {
    name,
    markdown,
    routes: JSON.parse(json).routes,
    samples: [...markdown.matchAll(/deno task send --sample (\S+)/g)].map(([, sample]) => sample!),
    arrives: Object.fromEntries(
      [...markdown.matchAll(/```text (\S+)\n(.*?)```/gs)].map(([, who, text]) => [who!, text!.trim()]),
    ),
  };
}

/** What a recipe's relay said and sent. */
export interface Outcome {
  /** By receiver, several messages in the order of their texts. */
  arrived: Record<string, string>;
  /** The last error of each delivery that is not done. */
  undone: string[];
}

/** Runs a recipe: a fresh config with its routes, the samples sent, everything delivered. */
export async function runRecipe(recipe: Recipe): Promise<Outcome> {
  await using slack = slackDouble();
  await using discord = discordDouble();
  await using telegram = telegramDouble();
  await using pagerduty = pagerdutyDouble();
  await using http = listen(() => new Response("ok"));
  await using mail = await smtpDouble();
  const env = {
    SLACK_WEBHOOK_URL: slack.origin + SLACK_PATH,
    DISCORD_WEBHOOK_URL: discord.origin + DISCORD_PATH,
    TELEGRAM_BOT_TOKEN: TELEGRAM_TOKEN,
    PAGERDUTY_ROUTING_KEY: PAGERDUTY_KEY,
    SMTP_URL: `smtp://${encodeURIComponent(MAIL_USER)}:${
      encodeURIComponent(MAIL_PASSWORD)
    }@localhost:${mail.port}`,
    DESK_URL: `${http.origin}/desk`,
    DESK_SECRET: VALUES["DESK_SECRET"]!,
  };
  await using folder = await createRelayFolder({ env, plugins: await pluginFiles(recipe) });
  // The services' own addresses are the doubles'; the rest is as it stands in the recipe.
  const doubles: Record<string, Record<string, unknown>> = {
    telegram: { apiUrl: telegram.origin, chatId: TELEGRAM_CHAT },
    pagerduty: { apiUrl: pagerduty.origin },
    email: { ca: MAIL_CA },
    link_check: { attempts: 1 },
  };
  const routes = recipe.routes.map((route) => ({
    ...route,
    options: { ...route.options, ...doubles[route.plugin] },
  }));
  const text = JSON.stringify(routes).replaceAll('"./lists', `"${folder.folder}/lists`);
  await folder.writeConfig({ routes: JSON.parse(text) });
  const relay = await folder.start();
  for (const [index, name] of recipe.samples.entries()) {
    const sample = SAMPLES.find((sample) => sample.name === name);
    if (sample === undefined) throw new Error(`docs/recipes/${recipe.name}.md: no sample is called ${name}`);
    await relay.send({ id: `recipe-${index + 1}`, body: sample.body });
  }
  const rows = await until("every delivery is done or dead", async () => {
    const answer = await fetch(`${relay.adminUrl}/api/deliveries?limit=100`);
    const { items } = await answer.json() as {
      items: { state: string; route: string; error: string | null }[];
    };
    const waiting = items.some(({ state }) => state === "pending" || state === "running");
    return items.length > 0 && !waiting ? items : null;
  });
  await relay.stop();

  const bodies = (double: { arrived: { body: string }[] }) => double.arrived.map(({ body }) => body);
  const texts: Record<string, string[]> = {
    slack: bodies(slack).map((body) => readSlack(body).text),
    discord: bodies(discord).map((body) => readDiscord(body).text),
    telegram: bodies(telegram).map((body) => readTelegram(body).text),
    pagerduty: bodies(pagerduty).map((body) => {
      const { summary, severity, custom_details } = JSON.parse(body).payload;
      return [`${severity}: ${summary}`, ...custom_details.changes].join("\n");
    }),
    email: mail.mails.map(({ subject, to, text }) =>
      `To: ${to?.[0]?.address}\nSubject: ${subject}\n\n${text}`
    ),
    http: http.arrived.map(({ headers, body }) =>
      `webhook-id: ${headers.get("webhook-id")}\n\n${JSON.stringify(JSON.parse(body), null, 2)}`
    ),
    file: [await Deno.readTextFile(`${folder.folder}/lists/tokens.json`).catch(() => "")].filter(Boolean),
  };
  return {
    arrived: Object.fromEntries(
      Object.entries(texts).filter(([, all]) => all.length > 0)
        .map(([who, all]) => [who, all.map((one) => fixed(one.trim())).sort().join("\n\n---\n\n")]),
    ),
    undone: rows.filter(({ state }) => state !== "done").map(({ route, error }) => `${route}: ${error}`),
  };
}

/** `deno task check` on a config with all these recipes: its exit code and what it says. */
export async function checkRecipes(recipes: Recipe[]): Promise<{ code: number; said: string }> {
  const names = recipes.flatMap(({ routes }) =>
    [...JSON.stringify(routes).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)
  );
  const env = Object.fromEntries(
    names.map((name) => [name, VALUES[name] ?? `https://${name.toLowerCase()}.example`]),
  );
  const routes = recipes.flatMap(({ name, routes }) =>
    routes.map((route) => ({ ...route, name: `${name}.${route.name}` }))
  );
  await using folder = await createRelayFolder({ config: { routes } });
  const root = fromFileUrl(new URL("../../", import.meta.url));
  const args = ["run", "--quiet", `--import-map=${root}.imports.json`, "-A", `${root}main.ts`, "check"];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--config", folder.configFile],
    env: { ...env, NO_COLOR: "1" },
  }).output();
  return { code, said: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n") };
}

/** Values of the variables that recipes name and that are no addresses of the web. */
const VALUES: Record<string, string> = {
  TELEGRAM_BOT_TOKEN: TELEGRAM_TOKEN,
  PAGERDUTY_ROUTING_KEY: PAGERDUTY_KEY,
  SMTP_URL: "smtp://user:password@mail.example.com:587",
  DESK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw0123456789ab",
};

/** The plugins that a recipe names, as they are: a relay that need not look at the others starts sooner. */
async function pluginFiles({ routes }: Recipe): Promise<Record<string, string>> {
  const plugins = new URL("../../plugins/", import.meta.url);
  const names = new Set(routes.map(({ plugin }) => `${plugin}.ts`)).add("_address_forms.ts");
  return Object.fromEntries(
    await Promise.all(
      [...names].map(async (name) => [name, await Deno.readTextFile(new URL(name, plugins))]),
    ),
  );
}

/** What differs from run to run: the time, and the ids of events that were made on the way. */
function fixed(text: string): string {
  return text
    .replace(/\d{1,2} [A-Z][a-z]{2,4} \d{4}, \d\d:\d\d:\d\d UTC/g, "13 Apr 2026, 07:40:00 UTC")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "2026-04-13T07:40:00.000Z");
}

/** The recipe with what arrived in place of what it said. */
export function rewritten({ markdown }: Recipe, { arrived }: Outcome): string {
  return markdown.replace(
    /```text (\S+)\n.*?```/gs,
    (_, who: string) => `\`\`\`text ${who}\n${arrived[who]}\n\`\`\``,
  );
}

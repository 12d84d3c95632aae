/**
 * Discord's webhooks, as documented:
 * - https://discord.com/developers/docs/resources/webhook#execute-webhook (answers 204, or 200 with `wait`)
 * - https://discord.com/developers/docs/resources/message#embed-object-embed-limits (title 256, description 4096, footer
 *   2048, 10 embeds, 6000 characters together)
 * - https://discord.com/developers/docs/topics/opcodes-and-status-codes#json (50035 invalid form body, 10015 unknown
 *   webhook, 50006 empty message)
 *
 * @module
 */
import { type Arrived, listen, type Listening } from "./listen.ts";

/** The path of the one webhook there is. */
export const DISCORD_PATH =
  "/api/webhooks/223704706495545344/3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372";

type Fields = Record<string, unknown>;

/** Refuses what Discord would refuse. */
export function discordDouble(): Listening {
  return listen((request) => {
    const [path, query] = request.path.split("?");
    if (path !== DISCORD_PATH) {
      return Response.json({ message: "Unknown Webhook", code: 10015 }, { status: 404 });
    }
    const refusal = refuse(request);
    if (refusal !== null) return Response.json({ code: 50035, message: refusal }, { status: 400 });
    return new URLSearchParams(query).get("wait") === "true"
      ? Response.json({ id: "1" })
      : new Response(null, { status: 204 });
  });
}

function refuse({ headers, body }: Arrived): string | null {
  if (headers.get("content-type") !== "application/json") return "Expected application/json";
  const { content, embeds, allowed_mentions: _, ...others } = JSON.parse(body) as Fields;
  if (Object.keys(others).length > 0) return `Unknown ${Object.keys(others)}`;
  if (content !== undefined && (typeof content !== "string" || content.length > 2000)) {
    return "content: 2000 or fewer";
  }
  if (!Array.isArray(embeds) || embeds.length < 1 || embeds.length > 10) return "embeds: 1 to 10";
  let total = 0;
  for (const embed of embeds as Fields[]) {
    const { title, description, url, color, footer, timestamp } = embed;
    if (!isText(title, 256)) return "title: 1 to 256";
    if (description !== undefined && !isText(description, 4096)) return "description: 1 to 4096";
    if (url !== undefined && !URL.canParse(String(url))) return "url: Not a well formed URL.";
    if (!Number.isInteger(color) || Number(color) < 0 || Number(color) > 0xffffff) {
      return "color: 0 to 16777215";
    }
    const text = (footer as Fields | undefined)?.text;
    if (!isText(text, 2048)) return "footer: 1 to 2048";
    if (timestamp !== undefined && Number.isNaN(Date.parse(String(timestamp)))) {
      return "timestamp: not ISO8601";
    }
    total += String(title).length + String(description ?? "").length + String(text).length;
  }
  return total > 6000 ? "Embed size exceeds maximum size of 6000" : null;
}

function isText(value: unknown, max: number): boolean {
  return typeof value === "string" && value.trim() !== "" && value.length <= max;
}

/** What a reader sees of Discord's Markdown: plain text, and what is live in it. */
export function readDiscord(body: string): { text: string; live: string[]; pings: boolean } {
  const { content = "", embeds, allowed_mentions } = JSON.parse(body);
  const live: string[] = [];
  const read = (markdown: string) =>
    markdown.replace(
      /`([^`]*)`|\\([!-/:-@[-`{-~])|(<[@#:/t][^>]*>|\[[^\]]*\]\([^)]*\)|https?:\/\/[^\s<]+|\|\||^#+ |^> |^- )/gm,
      (_, code, escaped, alive) => {
        if (alive !== undefined) live.push(alive);
        return code ?? escaped ?? alive;
      },
    );
  const texts = embeds.map((embed: Fields) =>
    [embed.title, embed.description ?? ""].map((part) => read(String(part))).join("\n")
  );
  const pings = content !== "" || JSON.stringify(allowed_mentions) !== '{"parse":[]}';
  return { text: texts.join("\n"), live, pings };
}

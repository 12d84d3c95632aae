/**
 * Telegram's Bot API, as documented:
 * - https://core.telegram.org/bots/api#making-requests (`ok`, `error_code`, `description`, `parameters.retry_after`)
 * - https://core.telegram.org/bots/api#sendmessage (1 to 4096 characters after entities are parsed)
 * - https://core.telegram.org/bots/api#html-style (the tags and the four named entities; anything else is refused)
 *
 * The wording of the refusals is the server's: https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp
 *
 * @module
 */
import { type Arrived, listen, type Listening } from "./listen.ts";

/** The token of the one bot there is. */
export const TELEGRAM_TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
/** The chat it is in. */
export const TELEGRAM_CHAT = -1001234567890;

const LINK =
  /https?:\/\/(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?:[/?#][^\s<>"«»\u2000-\u200b\u200e\u200f\u2016-\u206f]*)?/giu;
const TAGS = /^(b|strong|i|em|u|ins|s|strike|del|tg-spoiler|a|code|pre|blockquote)$/;

/** Refuses what Telegram would refuse. */
export function telegramDouble(): Listening {
  const no = (error_code: number, description: string) =>
    Response.json({ ok: false, error_code, description }, { status: error_code });
  return listen((request: Arrived) => {
    if (request.path !== `/bot${TELEGRAM_TOKEN}/sendMessage`) return no(404, "Not Found");
    const { chat_id, text, parse_mode } = JSON.parse(request.body);
    if (chat_id === "@left") return no(403, "Forbidden: bot was kicked from the supergroup chat");
    if (chat_id !== TELEGRAM_CHAT) return no(400, "Bad Request: chat not found");
    if (parse_mode !== undefined && parse_mode !== "HTML") {
      return no(400, "Bad Request: unsupported parse_mode");
    }
    const parsed = parse_mode === "HTML" ? parseHtml(text) : { text: String(text) };
    if ("error" in parsed) return no(400, `Bad Request: can't parse entities: ${parsed.error}`);
    if (parsed.text.trim() === "") return no(400, "Bad Request: message text is empty");
    if (parsed.text.length > 4096) return no(400, "Bad Request: message is too long");
    return Response.json({ ok: true, result: { message_id: 1 } });
  });
}

/** What a reader sees, with the links and mentions that are live in it. */
export function readTelegram(body: string): { text: string; links: string[]; mentions: string[] } {
  const { text, parse_mode } = JSON.parse(body);
  const parsed = parse_mode === "HTML" ? parseHtml(text) : { text, links: [] };
  if ("error" in parsed) throw new Error(parsed.error);
  // https://github.com/tdlib/td/blob/master/td/telegram/MessageEntity.cpp: @ and a name of Latin letters, not inside a word
  // or an address. A slash before it makes no address.
  const mentions = parsed.text.replace(LINK, "").match(/(?<![\p{L}\p{N}_])@\w{2,32}(?![\p{L}\p{N}_])/gu) ??
    [];
  return { text: parsed.text, links: parsed.links, mentions };
}

function parseHtml(html: string): { text: string; links: string[] } | { error: string } {
  const open: string[] = [];
  const links: string[] = [];
  let text = "";
  let rest = html;
  while (rest !== "") {
    const [plain = ""] = /^[^<&]*/.exec(rest) ?? [];
    text += plain;
    rest = rest.slice(plain.length);
    if (rest.startsWith("&")) {
      const entity = /^&(?:(lt|gt|amp|quot)|#(\d+)|#x([\da-f]+));/i.exec(rest);
      const [all = "&", named, decimal, hex] = entity ?? [];
      // An unknown entity stands as it is, as the server does it.
      const code = decimal ? Number(decimal) : parseInt(hex ?? "", 16);
      text += named
        ? { lt: "<", gt: ">", amp: "&", quot: '"' }[named]
        : code
        ? String.fromCodePoint(code)
        : "&";
      rest = rest.slice(all.length);
    } else if (rest.startsWith("<")) {
      const tag = /^<(\/?)([a-z-]+)((?:\s+[a-z-]+="[^"]*")*)\s*>/i.exec(rest);
      if (!tag) return { error: "Unclosed or malformed start tag" };
      const [all, closing, name = "", attributes = ""] = tag;
      if (!TAGS.test(name)) return { error: `Unsupported start tag "${name}"` };
      if (closing) {
        if (open.pop() !== name) return { error: `Unmatched end tag "${name}"` };
      } else {
        open.push(name);
        const href = /href="([^"]*)"/.exec(attributes)?.[1];
        if (href !== undefined) links.push(href.replaceAll("&amp;", "&"));
      }
      rest = rest.slice(all.length);
    }
  }
  return open.length > 0
    ? { error: `Can't find end tag corresponding to start tag "${open.at(-1)}"` }
    : { text, links };
}

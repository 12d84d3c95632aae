/**
 * Slack's incoming webhooks, as documented:
 * - answers: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and
 *   https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks
 * - blocks: https://docs.slack.dev/reference/block-kit/blocks (50 a message; header 150 characters; section text 1 to
 *   3000; context 1 to 10 elements), https://docs.slack.dev/reference/block-kit/composition-objects/text-object
 * - all blocks together: https://github.com/slackapi/bolt-js/issues/2509
 * - control sequences: https://docs.slack.dev/messaging/formatting-message-text
 *
 * @module
 */
import { type Arrived, listen, type Listening } from "./listen.ts";

/** The path of the one webhook there is. */
export const SLACK_PATH = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX";

type Fields = Record<string, unknown>;

/** Refuses what Slack would refuse. */
export function slackDouble(): Listening {
  return listen((request) => {
    if (request.path !== SLACK_PATH) return new Response("no_service", { status: 404 });
    const refusal = refuse(request);
    return refusal === null ? new Response("ok") : new Response(refusal, { status: 400 });
  });
}

function refuse({ method, headers, body }: Arrived): string | null {
  if (method !== "POST" || headers.get("content-type") !== "application/json") return "invalid_payload";
  let payload: Fields;
  try {
    payload = JSON.parse(body);
  } catch {
    return "invalid_payload";
  }
  const { text, blocks, ...others } = payload;
  if (Object.keys(others).length > 0) return "invalid_payload";
  if (typeof text !== "string" || text === "") return "no_text";
  if (text.length > 40_000) return "msg_too_long";
  if (!Array.isArray(blocks) || blocks.length > 50) return "invalid_blocks";
  if (JSON.stringify(blocks).length > 40_000 || lengthOf(blocks) > 13_000) return "msg_blocks_too_long";
  return blocks.every(isBlock) ? null : "invalid_blocks";
}

function isBlock(block: Fields): boolean {
  switch (block.type) {
    case "header":
      return only(block, "type", "text") && isText(block.text, 150, "plain_text");
    case "section":
      return only(block, "type", "text") && isText(block.text, 3000);
    case "context":
      return only(block, "type", "elements") && Array.isArray(block.elements) && block.elements.length >= 1 &&
        block.elements.length <= 10 && block.elements.every((element) => isText(element, 3000));
    default:
      return false;
  }
}

function isText(value: unknown, max: number, type?: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  const text = value as Fields;
  if (type !== undefined && text.type !== type) return false;
  const known = text.type === "plain_text"
    ? only(text, "type", "text", "emoji")
    : text.type === "mrkdwn" && only(text, "type", "text", "verbatim");
  return known && typeof text.text === "string" && text.text.length >= 1 && text.text.length <= max;
}

const only = (fields: Fields, ...names: string[]) =>
  Object.keys(fields).every((name) => names.includes(name));

function lengthOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, inner) => sum + lengthOf(inner), 0);
}

/** What a reader of the message sees, control sequences as `‹…›`. */
export function readSlack(body: string): { text: string; sequences: string[] } {
  const payload = JSON.parse(body);
  const sequences: string[] = [];
  const read = (text: string) =>
    text.replace(/<([^>]*)>/g, (_, sequence: string) => {
      sequences.push(sequence);
      return sequence.split("|").at(-1) ?? "";
    }).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  read(payload.text);
  const lines: string[] = payload.blocks.flatMap((block: Fields) => {
    const texts = (block.elements ?? [block.text]) as { type: string; text: string }[];
    return texts.map((text) => text.type === "mrkdwn" ? read(text.text) : text.text);
  });
  return { text: lines.join("\n"), sequences };
}

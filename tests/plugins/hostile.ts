/** What strangers write into names, notices and links. Every plugin shows each of these harmless. @module */
import { assert } from "@std/assert";
import type { Change, PluginEvent } from "coinrelay/plugin";
import { updated } from "./events.ts";

const long = (text: string) => text.repeat(Math.ceil(100_000 / text.length)).slice(0, 100_000);

/** Hostile texts by what they try. */
export const HOSTILE: Record<string, string> = {
  "a Slack mention": "<!channel> <!here> <@U012AB3CD> <#C123|general> <https://evil.example|tether.to>",
  "a Slack entity": "&lt;!channel&gt; &amp;lt;!here&amp;gt;",
  "a Discord mention": "@everyone @here <@80351110224678912> <@&165511591545143296> <#103735883630395392>",
  "Discord markdown":
    "[tether.to](https://evil.example) **b** ||s|| `c` ```x``` ~~d~~ # h\n> q\n- l </help:0> <t:0>",
  "HTML":
    `<script>alert(1)</script><img src=x onerror="alert(1)"><a href='https://evil.example'>tether.to</a>`,
  "Telegram markup":
    `</b><a href="tg://user?id=1">admin</a> <tg-spoiler>x</tg-spoiler> &#60;b&#62; @channel /start`,
  "header injection": "Tether\r\nBcc: everyone@evil.example\r\nSubject: owned\r\n\r\nbody\n.\nQUIT",
  "folded header injection": "Tether\r\n Bcc:\t<everyone@evil.example>\n\tX: y =?utf-8?q?=0D=0ABcc:_x?=",
  "a right-to-left override": "\u202eteehteT\u202c \u2066gnp.exe\u2069 \u200f\u061c",
  "zero-width characters": "Te\u200bth\u200cer\u200d\ufeff\u2060 \u00ad\u{e0041}",
  "terminal controls": "\u001b[2J\u001b]0;owned\u0007\u009b31m\u0000\u0008 Tether",
  "template syntax":
    "{{coin.id}} {{{data}}} {{#changes}}x{{/changes}} {{=<% %>=}} ${process.env.HOME} #{7*7} <%= 1 %>",
  "lone surrogates": "Te\ud800ther \udc00",
  "piles of marks": "T" + "\u0301\u0489".repeat(500) + "ether" + "\u0335".repeat(500),
  "a very long word": long("A"),
  "a very long text": long("All your funds are safe <b>& sound</b> 😀 @everyone "),
  "very long markup": long("&<>\"'`*_"),
  "only invisible characters": "\u200b\u200b\u202e\u0000",
  "nothing": "",
  "prototype keys": "__proto__ constructor toString",
};

/** An event with `text` wherever a stranger may write. */
export function hostileEvent(text: string): PluginEvent {
  const changes: Change[] = [
    { field: "name", change_type: "update", old_value: text, new_value: `${text}!` },
    { field: "symbol", change_type: "update", old_value: "usdt", new_value: text },
    { field: "public_notices", change_type: "addition", new_value: text },
    {
      field: "public_notices",
      change_type: "update",
      old_value: `before ${text} one after`,
      new_value: `before ${text} two after`,
    },
    {
      field: "links.homepage",
      change_type: "update",
      old_value: [text],
      new_value: [`https://x.example/${text}`],
    },
    { field: "categories", change_type: "addition", new_value: text },
    { field: "platforms.ethereum", change_type: "update", old_value: text, new_value: `0x${text}` },
    { field: `platforms.${text}`, change_type: "addition", new_value: text },
    { field: `additional_notices.${text}`, change_type: "update", old_value: null, new_value: true },
    { field: text, change_type: "update", old_value: { [text]: text }, new_value: [[text], null, 1] },
  ];
  return updated(changes, {
    coin: { id: text, symbol: text, name: text },
    data: { id: text, symbol: text, name: text },
  });
}

/** An event without changes, with `text` in its type and its data. */
export function hostileData(text: string): PluginEvent {
  return {
    ...hostileEvent(text),
    type: `relay.${text}`,
    changes: [],
    data: { summary: text, severity: text, [text]: text, nested: { [text]: [text] } },
  };
}

/** Checks that `text` holds no character that a reader cannot see, and none that turns others round. */
export function assertVisible(text: string): void {
  const hidden = /[\p{Cc}\p{Cs}\p{Bidi_Control}\u00ad\u200b-\u200d\u2060-\u2064\ufeff\u{e0000}-\u{e007f}]/u
    .exec(text);
  assert(!/\p{M}{5}/u.test(text), `a pile of marks in: ${text.slice(0, 300)}`);
  assert(hidden === null, `U+${hidden?.[0].codePointAt(0)?.toString(16)} in: ${text.slice(0, 300)}`);
}

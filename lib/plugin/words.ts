import type { Change, ChangeType } from "../nouns.ts";
import { clean, shorten } from "./clean.ts";
import { happened } from "./happened.ts";
import { platformName } from "./platforms.ts";

/** Fields whose name is not simply their last segment in words. */
const FIELDS: Record<string, string> = {
  "id": "Coin id",
  "image": "Logo",
  "name": "Name",
  "public_notices": "Public notice",
  "symbol": "Ticker",
  "web_slug": "Page address",
  "links.announcement_url": "Announcement links",
  "links.bitcointalk_thread_identifier": "Bitcointalk thread",
  "links.blockchain_site": "Block explorers",
  "links.chat_url": "Chat links",
  "links.facebook_username": "Facebook page",
  "links.homepage": "Homepage",
  "links.official_forum_url": "Official forum",
  "links.repos_url": "Repositories",
  "links.repos_url.bitbucket": "Bitbucket repositories",
  "links.repos_url.github": "GitHub repositories",
  "links.snapshot_url": "Snapshot page",
  "links.subreddit_url": "Subreddit",
  "links.telegram_channel_identifier": "Telegram channel",
  "links.twitter_screen_name": "X (Twitter) account",
  "links.whitepaper": "Whitepaper",
};

/** Event types in words. */
const EVENTS: Record<string, string> = {
  "cg.coin.exchange.added": "Listed on another exchange",
  "cg.coin.info.updated": "Coin information updated",
  "cg.coin.listed": "New coin listed",
  "cg.coin.price.moved": "Price moved sharply",
  "cg.coin.price.updated": "Price update",
  "relay.contract.added": "Contract added",
  "relay.contract.invalid": "Contract address is not valid",
  "relay.contract.migrated": "Contract migrated",
  "relay.contract.removed": "Contract removed",
  "relay.delivery.dead": "A delivery became a dead letter",
  "relay.link.checked": "Official link checked",
  "relay.link.suspicious": "Official link looks suspicious",
  "relay.plugin.failing": "A plugin keeps failing",
  "relay.source.rejecting": "A source's deliveries are being rejected",
  "relay.source.silent": "A source has gone silent",
};

const DONE: Record<ChangeType, string> = { addition: "added", update: "changed", removal: "removed" };

/** An event type for people: `cg.coin.listed` is "New coin listed"; one that is not known is said as it is. */
export function eventWords(type: string): string {
  return (Object.hasOwn(EVENTS, type) ? EVENTS[type] : undefined) ?? (shorten(clean(type), 80) || "An event");
}

/**
 * What a change is, in words and without its values.
 *
 * @example
 * ```ts
 * import { changeWords } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(changeWords({ field: "platforms.ethereum", change_type: "update" }), "Contract on Ethereum changed");
 * assertEquals(changeWords({ field: "categories", change_type: "addition" }), "Joined a category");
 * ```
 */
export function changeWords(change: Change): string {
  const { field, new_value } = change;
  const rest = field.slice(field.indexOf(".") + 1);
  const what = happened(change);
  const done = DONE[what];
  if (field === "categories") {
    if (what === "addition") return "Joined a category";
    return what === "removal" ? "Left a category" : "Categories changed";
  }
  if (field.startsWith("platforms.")) return `Contract on ${platformName(rest)} ${done}`;
  if (field.startsWith("additional_notices.")) {
    const flag = `Flag “${phrase(rest)}”`;
    if (new_value === true) return `${flag} raised`;
    if (new_value === false) return `${flag} cleared`;
    return `${flag} ${new_value === null ? "no longer set" : done}`;
  }
  return `${fieldName(field)} ${done}`;
}

/** A field where its group is named beside it: `platforms.base` among the contracts is "Base". */
export function fieldInGroup(field: string): string {
  const rest = field.slice(field.indexOf(".") + 1);
  if (field.startsWith("platforms.")) return platformName(rest);
  return field.startsWith("additional_notices.") ? capital(phrase(rest)) : fieldName(field);
}

/** A field's name for people. */
function fieldName(field: string): string {
  const known = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
  return known ?? capital(phrase(field.startsWith("links.") ? `${field.slice(6)} link` : field));
}

/** `can_mint_new_tokens` as "can mint new tokens". */
export function phrase(text: string): string {
  return shorten(clean(text.replaceAll(/[._-]+/g, " ")), 80);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

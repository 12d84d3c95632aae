/** Events as plugins get them. @module */
import type { Change, JsonObject, PluginEvent } from "coinrelay/plugin";

/** An event of a coin with these changes. */
export function updated(changes: Change[], over: Partial<PluginEvent> = {}): PluginEvent {
  return {
    id: "0b5a7c1e-0000-4000-8000-000000000000",
    type: "cg.coin.info.updated",
    source: "cryptosync",
    receivedAt: "2026-04-13T07:40:00.000Z",
    coin: { id: "tether", symbol: "usdt", name: "Tether" },
    changes,
    data: { id: "tether", symbol: "usdt", name: "Tether" },
    test: false,
    ...over,
  };
}

/** An event that carries no changes. */
export function plainEvent(type: string, data: JsonObject, over: Partial<PluginEvent> = {}): PluginEvent {
  return updated([], { type, data, ...over });
}

/** One change of each kind of field that the provider names, with each kind of value. */
export const everyChange: Change[] = [
  { field: "id", change_type: "update", old_value: "tether", new_value: "tether-usd" },
  { field: "symbol", change_type: "update", old_value: "usdt", new_value: "usdt0" },
  { field: "name", change_type: "update", old_value: "Tether", new_value: "Tether USD" },
  { field: "web_slug", change_type: "update", old_value: "tether", new_value: "tether-usd" },
  { field: "image", change_type: "update", old_value: "Tether.png", new_value: "tether-2026.png" },
  { field: "categories", change_type: "addition", new_value: "stablecoins" },
  { field: "categories", change_type: "removal", old_value: "fiat-backed" },
  {
    field: "platforms.ethereum",
    change_type: "update",
    old_value: "0xdac17f958d2ee523a2206206994597c13d831ec7",
    new_value: "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
  },
  {
    field: "platforms.xdai",
    change_type: "removal",
    old_value: "0x4ecaba5870353805a9f068101a40e0f32ed605c6",
  },
  {
    field: "platforms.base",
    change_type: "addition",
    new_value: "0xfde4C96c8593536E31F229EA8f37b2ADa2699bb2",
  },
  {
    field: "public_notices",
    change_type: "update",
    old_value:
      "No trading activity recorded by exchanges integrated on CryptoSync in the past 2 weeks, please trade with care.",
    new_value:
      "No trading activity recorded by exchanges integrated on CryptoSync in the past 3 weeks, please trade with care.",
  },
  {
    field: "additional_notices.can_mint_new_tokens",
    change_type: "update",
    old_value: null,
    new_value: true,
  },
  {
    field: "additional_notices.has_unverified_contract",
    change_type: "update",
    old_value: true,
    new_value: false,
  },
  {
    field: "links.homepage",
    change_type: "update",
    old_value: ["https://tether.to", "https://old.tether.to"],
    new_value: ["https://tether.to", "https://new.tether.to"],
  },
  { field: "links.twitter_screen_name", change_type: "update", old_value: "Tether_to", new_value: "" },
  { field: "links.repos_url.github", change_type: "addition", new_value: ["https://github.com/tether"] },
];

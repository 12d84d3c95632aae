/** Sample events, one for every kind of thing that the provider documents: for `send`, `try` and the dashboard. @module */
import { given } from "./given.ts";
import type { Change, Json, JsonObject } from "./nouns.ts";

/** An event to try things with. */
export interface Sample {
  name: string;
  /** What happened, in a few words. */
  summary: string;
  /** The raw body, as the provider would send it. */
  body: string;
}

const INFO = "cg.coin.info.updated";

type Value = Json | undefined;
type Coin = readonly [id: string, symbol: string, name: string];

const GENIUS: Coin = ["genius-3", "genius", "Genius"];
const WILD_GOAT: Coin = ["wild-goat-coin-2", "WGC", "Wild Goat Coin [OLD]"];
const BOSS: Coin = [
  "aktionariat-boss-info-ag-tokenized-shares",
  "boss",
  "Aktionariat Boss Info AG Tokenized Shares",
];
const USDC: Coin = ["usd-coin", "usdc", "USDC"];
const POLYGON: Coin = ["polygon-ecosystem-token", "pol", "POL (ex-MATIC)"];
const GNOSIS: Coin = ["gnosis", "gno", "Gnosis"];
const BITCOIN: Coin = ["bitcoin", "btc", "Bitcoin"];

function body(type: string, [id, symbol, name]: Coin, rest: JsonObject): string {
  return JSON.stringify({ event_type: type, data: { id, symbol, name, ...rest } });
}

/** A change under the provider's names; a value that is `undefined` is left out. */
function change(
  field: string,
  change_type: Change["change_type"],
  old_value: Value,
  new_value: Value,
): JsonObject {
  return given({ field, change_type, old_value, new_value });
}

function info(name: string, summary: string, coin: Coin, ...changes: JsonObject[]): Sample {
  return { name, summary, body: body(INFO, coin, { changes }) };
}

/** Every sample. The first is what is sent when nothing else is asked for. */
export const SAMPLES: readonly Sample[] = [
  info(
    "category-joined",
    "a coin joins a category",
    GENIUS,
    change("categories", "addition", undefined, "binance-hodler-airdrops"),
  ),
  info(
    "renamed",
    "a coin's name changes",
    WILD_GOAT,
    change("name", "update", "Wild Goat Coin", "Wild Goat Coin [OLD]"),
  ),
  info(
    "notice-removed",
    "a public notice is taken away",
    BOSS,
    change(
      "public_notices",
      "removal",
      "No trading activity recorded by exchanges integrated on CryptoSync in the past 2 weeks",
      "",
    ),
  ),
  info(
    "notice-added",
    "a public notice tells of a security breach",
    WILD_GOAT,
    change(
      "public_notices",
      "addition",
      undefined,
      "A security breach has been reported. Please exercise caution.",
    ),
  ),
  info(
    "category-left",
    "a coin leaves a category",
    GENIUS,
    change("categories", "removal", "meme-token", undefined),
  ),
  info(
    "id-changed",
    "a coin's id changes",
    POLYGON,
    change("id", "update", "matic-network", "polygon-ecosystem-token"),
  ),
  info(
    "rebranded",
    "symbol, name, page address and logo change at once",
    POLYGON,
    change("symbol", "update", "matic", "pol"),
    change("name", "update", "Polygon", "POL (ex-MATIC)"),
    change("web_slug", "update", "polygon", "pol-ex-matic"),
    change("image", "update", "matic-token-icon.png", "pol.png"),
  ),
  info("logo-changed", "a coin's logo changes", USDC, change("image", "update", "USDC.png", "usdc.png")),
  info(
    "contract-added",
    "a contract on another chain",
    USDC,
    change("platforms.base", "addition", undefined, "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
  ),
  info(
    "contract-migrated",
    "a contract moves from one chain to another: a removal and an addition",
    GNOSIS,
    change("platforms.xdai", "removal", "0x9C58BAcC331c9aa871AFD802DB6379a98e80CEdb", undefined),
    change("platforms.ethereum", "addition", undefined, "0x6810e776880C02933D47DB1b9fc05908e5386b96"),
  ),
  info(
    "contract-changed",
    "a contract's address changes on its chain",
    USDC,
    change(
      "platforms.solana",
      "update",
      "So11111111111111111111111111111111111111112",
      "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    ),
  ),
  info(
    "flag-raised",
    "a notice flag becomes true",
    WILD_GOAT,
    change("additional_notices.can_mint_new_tokens", "update", false, true),
    change("additional_notices.has_unverified_contract", "addition", null, true),
  ),
  info(
    "flag-unknown",
    "a notice flag is no longer known",
    WILD_GOAT,
    change("additional_notices.has_unverified_contract", "update", true, null),
  ),
  info(
    "homepage-changed",
    "the list of homepages changes",
    USDC,
    change("links.homepage", "update", ["https://www.centre.io/usdc"], [
      "https://www.circle.com/usdc",
      "https://www.usdc.com",
    ]),
  ),
  info(
    "links-changed",
    "links of every form change, and one is removed",
    BITCOIN,
    change("links.twitter_screen_name", "update", "btc", "bitcoin"),
    change("links.whitepaper", "addition", "", "https://bitcoin.org/bitcoin.pdf"),
    change(
      "links.repos_url.github",
      "update",
      "https://github.com/satoshi/bitcoin",
      "https://github.com/bitcoin/bitcoin",
    ),
    change("links.official_forum_url", "update", [], ["https://bitcointalk.org/"]),
    change("links.chat_url", "update", ["https://t.me/bitcoin"], []),
    change("links.announcement_url", "update", ["https://example.com/old"], ["https://example.com/new"]),
  ),
  info(
    "non-ascii",
    "texts in other scripts, and characters that mean something to chats and pages",
    ["café", "☕", "Café <b>&amp;</b> *☕* <!channel> @everyone"],
    change("name", "update", "咖啡", "Café <b>&amp;</b> *☕* <!channel> @everyone"),
  ),
  {
    name: "price-target",
    summary: "a coin crosses a price target (no changes)",
    body: body("cg.coin.price.updated", BITCOIN, { price: { usd: 100_000 }, trigger: "price_target" }),
  },
  {
    name: "price-moved",
    summary: "a top coin moves sharply (no changes)",
    body: body("cg.coin.price.moved", BITCOIN, {
      price: { usd: 92_500.5 },
      change_percentage: -7.5,
      window: "1h",
    }),
  },
  { name: "listed", summary: "a new coin (no changes)", body: body("cg.coin.listed", GENIUS, {}) },
  {
    name: "exchange-added",
    summary: "a coin on another exchange (no changes)",
    body: body("cg.coin.exchange.added", GENIUS, { exchange: { id: "kraken", name: "Kraken" } }),
  },
];

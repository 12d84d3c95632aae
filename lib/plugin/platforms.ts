import { clean, shorten } from "./clean.ts";

/** What is known of a platform: its name, where that is not simply its id with capitals, and its chain id (EIP-155). */
type Known = readonly [name: string | null, chainId?: number];

/** By the provider's asset platform ids. Those with a chain id have EVM addresses. */
const PLATFORMS: Record<string, Known> = {
  "abstract": [null, 2741],
  "apechain": ["ApeChain", 33139],
  "arbitrum-nova": [null, 42170],
  "arbitrum-one": [null, 42161],
  "astar": [null, 592],
  "astar-zkevm": ["Astar zkEVM", 3776],
  "aurora": [null, 1313161554],
  "avalanche": [null, 43114],
  "base": [null, 8453],
  "beam": [null, 4337],
  "berachain": [null, 80094],
  "binance-smart-chain": ["BNB Smart Chain", 56],
  "binancecoin": ["BNB Beacon Chain"],
  "bitkub-chain": [null, 96],
  "bittorrent": ["BitTorrent Chain", 199],
  "blast": [null, 81457],
  "bob-network": ["BOB", 60808],
  "boba": [null, 288],
  "canto": [null, 7700],
  "celo": [null, 42220],
  "coinex-smart-chain": ["CoinEx Smart Chain", 52],
  "conflux": [null, 1030],
  "core": [null, 1116],
  "cronos": [null, 25],
  "dogechain": [null, 2000],
  "elastos": [null, 20],
  "elrond": ["MultiversX"],
  "energi": [null, 39797],
  "eos": ["EOS"],
  "eos-evm": ["EOS EVM", 17777],
  "ethereum": [null, 1],
  "evmos": [null, 9001],
  "fantom": [null, 250],
  "filecoin": [null, 314],
  "flare-network": [null, 14],
  "flow-evm": ["Flow EVM", 747],
  "fraxtal": [null, 252],
  "function-x": ["Function X", 530],
  "fuse": [null, 122],
  "harmony-shard-0": ["Harmony", 1666600000],
  "hedera-hashgraph": ["Hedera"],
  "huobi-token": ["Huobi ECO Chain", 128],
  "hyperevm": ["HyperEVM", 999],
  "immutable": ["Immutable zkEVM", 13371],
  "ink": [null, 57073],
  "iotex": ["IoTeX", 4689],
  "kava": [null, 2222],
  "klay-token": ["Kaia", 8217],
  "kucoin-community-chain": ["KuCoin Community Chain", 321],
  "lightlink": ["LightLink", 1890],
  "linea": [null, 59144],
  "lisk": [null, 1135],
  "manta-pacific": [null, 169],
  "mantle": [null, 5000],
  "meld": [null, 333000333],
  "merlin-chain": [null, 4200],
  "meter": [null, 82],
  "metis-andromeda": ["Metis", 1088],
  "milkomeda-cardano": [null, 2001],
  "mode": [null, 34443],
  "monad": [null, 143],
  "moonbeam": [null, 1284],
  "moonriver": [null, 1285],
  "near-protocol": ["NEAR"],
  "neon-evm": ["Neon EVM", 245022934],
  "oasis": ["Oasis Emerald", 42262],
  "oasis-sapphire": [null, 23294],
  "okex-chain": ["OKT Chain", 66],
  "opbnb": ["opBNB", 204],
  "optimistic-ethereum": ["OP Mainnet", 10],
  "plasma": [null, 9745],
  "polygon-pos": ["Polygon", 137],
  "polygon-zkevm": ["Polygon zkEVM", 1101],
  "pulsechain": ["PulseChain", 369],
  "ronin": [null, 2020],
  "rootstock": [null, 30],
  "scroll": [null, 534352],
  "sei-v2": ["Sei", 1329],
  "shibarium": [null, 109],
  "smartbch": ["SmartBCH", 10000],
  "solana": [null],
  "soneium": [null, 1868],
  "songbird": [null, 19],
  "sonic": [null, 146],
  "story": [null, 1514],
  "syscoin": [null, 57],
  "taiko": [null, 167000],
  "tenet": [null, 1559],
  "the-open-network": ["TON"],
  "theta": [null, 361],
  "thundercore": ["ThunderCore", 108],
  "tomochain": ["Viction", 88],
  "tron": ["TRON"],
  "unichain": [null, 130],
  "vechain": ["VeChain"],
  "velas": [null, 106],
  "wemix-network": ["WEMIX", 1111],
  "world-chain": [null, 480],
  "x-layer": ["X Layer", 196],
  "x1": ["X Layer", 196],
  "xdai": ["Gnosis Chain", 100],
  "xdc-network": ["XDC Network", 50],
  "xrp": ["XRP Ledger"],
  "zetachain": ["ZetaChain", 7000],
  "zircuit": [null, 48900],
  "zksync": ["zkSync Era", 324],
  "zora-network": ["Zora", 7777777],
};

function known(id: string): Known | undefined {
  return Object.hasOwn(PLATFORMS, id) ? PLATFORMS[id] : undefined;
}

/**
 * A platform's name for people.
 *
 * @example
 * ```ts
 * import { platformName } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(platformName("xdai"), "Gnosis Chain");
 * assertEquals(platformName("some-new-chain"), "Some New Chain");
 * ```
 */
export function platformName(id: string): string {
  return known(id)?.[0] ?? shorten(clean(id), 60).replace(
    /(^|[-_ ])(\p{Ll})/gu,
    (_, gap: string, letter: string) => (gap && " ") + letter.toUpperCase(),
  );
}

/**
 * The chain id (EIP-155) of a platform with EVM addresses; null for any other.
 *
 * @example
 * ```ts
 * import { chainIdOf } from "coinrelay/plugin";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(chainIdOf("polygon-pos"), 137);
 * assertEquals(chainIdOf("solana"), null);
 * ```
 */
export function chainIdOf(id: string): number | null {
  return known(id)?.[1] ?? null;
}

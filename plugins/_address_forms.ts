import { sha256 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import {
  base32nopad,
  base58,
  base58xrp,
  base64,
  base64url,
  bech32,
  createBase58check,
  hex,
} from "@scure/base";
import { chainIdOf, clean, shortAddress } from "coinrelay/plugin";

/** Whether an address has the form of its platform. */
export interface Check {
  verdict: "valid" | "invalid" | "not checked";
  /** What is wrong; empty unless invalid. */
  reason: string;
}

/** Checks the form, and the checksum where there is one. A platform that is not known is not checked. */
export function checkAddress(platform: string, address: string): Check {
  const form = chainIdOf(platform) === null ? undefined : evm;
  const check = (Object.hasOwn(FORMS, platform) ? FORMS[platform] : undefined) ?? form;
  if (check === undefined) return { verdict: "not checked", reason: "" };
  if (address === "") return { verdict: "invalid", reason: "there is no address" };
  if (address.length > MAX_LENGTH) return { verdict: "invalid", reason: `has ${address.length} characters` };
  const reason = wrongWith(address, check);
  return reason === null
    ? { verdict: "valid", reason: "" }
    : { verdict: "invalid", reason: clean(`${shortAddress(address)}: ${reason}`) };
}

/** Longer than any address; decoding takes the square of the length. */
const MAX_LENGTH = 300;

/** What is wrong with an address, or null. May throw instead. */
type Form = (address: string) => string | null;

function wrongWith(address: string, form: Form): string | null {
  try {
    return form(address);
  } catch (error) {
    // A decoder throws on a wrong character, length or checksum, and says which.
    return error instanceof Error ? error.message : String(error);
  }
}

const pattern = (form: RegExp, what: string): Form => (address) =>
  form.test(address) ? null : `is not ${what}`;
const anyOf = (...forms: Form[]): Form => (address) => {
  const reasons = forms.map((form) => wrongWith(address, form));
  return reasons.includes(null) ? null : reasons[0]!;
};

/** https://eips.ethereum.org/EIPS/eip-55; with a chain id as in https://eips.ethereum.org/EIPS/eip-1191 */
const mixedCase = (chainId?: number): Form => (address) => {
  if (!/^0x[0-9a-fA-F]{40}$/.test(address)) return "is not 0x and 40 hexadecimal digits";
  const digits = address.slice(2);
  const lower = digits.toLowerCase();
  if (digits === lower || digits === digits.toUpperCase()) return null;
  const hash = hex.encode(
    keccak_256(new TextEncoder().encode((chainId === undefined ? "" : `${chainId}0x`) + lower)),
  );
  const right = [...lower].map((digit, i) => parseInt(hash.charAt(i), 16) >= 8 ? digit.toUpperCase() : digit)
    .join("");
  return digits === right ? null : "its mix of capitals is not the checksum (EIP-55): mistyped or made up";
};
const evm = mixedCase();

const base58check = createBase58check(sha256);
const versioned = (version: number[], length: number): Form => (address) => {
  const bytes = base58check.decode(address);
  if (bytes.length !== version.length + length) {
    return `holds ${bytes.length} bytes, not ${version.length + length}`;
  }
  return version.every((byte, i) => bytes[i] === byte)
    ? null
    : "belongs to another network or kind of account";
};
const base58of = (length: number): Form => (address) => {
  const bytes = base58.decode(address);
  return bytes.length === length ? null : `holds ${bytes.length} bytes, not ${length}`;
};

/** https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki, as Cosmos chains use it. */
const cosmos = (...prefixes: string[]): Form => (address) => {
  if (/^ibc\/[0-9A-F]{64}$/.test(address) || /^[a-z][a-z0-9]{1,15}$/.test(address)) return null;
  const [, inner = address.replace(/^(cw20|erc20)[:/]/, "")] =
    /^factory\/([^/]+)\/[\w./-]{1,44}$/.exec(address) ?? [];
  const { prefix } = bech32.decode(inner as `${string}1${string}`, 120);
  return prefixes.includes(prefix) ? null : `begins with ${prefix}, not with ${prefixes.join(" or ")}`;
};

/** Stellar's keys: https://stellar.org/protocol/sep-23. `G` is an account, `C` a contract. */
const strkey = (versions: number[]): Form => (address) => {
  const bytes = base32nopad.decode(address);
  if (bytes.length !== 35 || !versions.includes(bytes[0] ?? -1)) {
    return "is not a Stellar account or contract";
  }
  const [low, high] = bytes.slice(33);
  return crc16(bytes.subarray(0, 33)) === (low ?? 0) + (high ?? 0) * 256 ? null : "its checksum is wrong";
};
const stellar: Form = (address) => {
  const issued = /^[a-zA-Z0-9]{1,12}[-:](G[A-Z2-7]{55})$/.exec(address)?.[1];
  return issued === undefined ? strkey([16])(address) : strkey([48])(issued);
};

/** https://docs.ton.org/v3/documentation/smart-contracts/addresses#user-friendly-address */
const ton: Form = (address) => {
  if (/^(0|-1):[0-9a-fA-F]{64}$/.test(address)) return null;
  const bytes = (/[+/]/.test(address) ? base64 : base64url).decode(address);
  if (bytes.length !== 36 || ![0x11, 0x51].includes((bytes[0] ?? 0) & 0x7f)) return "is not a TON address";
  const [high, low] = bytes.slice(34);
  return crc16(bytes.subarray(0, 34)) === (high ?? 0) * 256 + (low ?? 0) ? null : "its checksum is wrong";
};

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}

/** A currency and its issuer: https://xrpl.org/docs/references/protocol/data-types/base58-encodings */
const xrpl: Form = (address) => {
  const [, issuer] = /^(?:[A-Za-z0-9?!@#$%^&*<>(){}[\]|]{3}|[0-9A-Fa-f]{40})[.-](r\w+)$/.exec(address) ?? [];
  if (issuer === undefined) return "is not a currency, a dot and its issuer";
  const bytes = base58xrp.decode(issuer);
  if (bytes.length !== 25 || bytes[0] !== 0) return "its issuer is not an account";
  const sum = sha256(sha256(bytes.subarray(0, 21)));
  return bytes.slice(21).every((byte, i) => byte === sum[i]) ? null : "its checksum is wrong";
};

/** A felt below the prime: https://docs.starknet.io/architecture-and-concepts/smart-contracts/contract-address */
const starknet: Form = (address) => {
  if (!/^0x[0-9a-fA-F]{1,64}$/.test(address)) return "is not 0x and up to 64 hexadecimal digits";
  const value = BigInt(address);
  return value > 0n && value < 2n ** 251n - 256n ? null : "is outside of what addresses can be";
};

const cardano: Form = (address) => {
  if (/^[0-9a-fA-F]{56}\.?([0-9a-fA-F]{2}){0,32}$/.test(address)) return null;
  const { prefix, words } = bech32.decode(address as `${string}1${string}`, 108);
  return prefix === "asset" && bech32.fromWords(words).length === 20 ? null : "is not a Cardano asset";
};

const moveType = "0x[0-9a-f]{1,64}(::[A-Za-z_]\\w*){2}(<.+>)?";
const xdc: Form = (address) => evm(address.replace(/^xdc/, "0x"));

/** By the provider's asset platform ids. Platforms with a chain id (EIP-155) that are not here have EVM addresses. */
const FORMS: Record<string, Form> = {
  "algorand": pattern(/^[1-9]\d{0,19}$/, "the number of an asset"),
  "aptos": pattern(new RegExp(`^(0x[0-9a-f]{1,64}|${moveType})$`), "an Aptos object or coin type"),
  "binancecoin": pattern(/^[A-Z0-9]{2,10}-[0-9A-F]{3}M?$/, "a BEP-2 symbol"),
  "cardano": cardano,
  "cosmos": cosmos("cosmos"),
  "elrond": pattern(/^[A-Z][A-Z0-9]{2,9}-[0-9a-f]{6}$/, "a MultiversX token"),
  "flow": pattern(/^A\.[0-9a-f]{16}\.\w+$/, "a Flow contract"),
  "hedera-hashgraph": anyOf(pattern(/^0\.0\.\d{1,19}(-[a-z]{5})?$/, "a Hedera entity"), evm),
  "injective": cosmos("inj"),
  "juno-network": cosmos("juno"),
  "kujira": cosmos("kujira"),
  "near-protocol": pattern(
    /^(?=.{2,64}$)(([a-z\d]+[-_])*[a-z\d]+\.)*([a-z\d]+[-_])*[a-z\d]+$/,
    "a NEAR account",
  ),
  "neutron": cosmos("neutron"),
  "osmosis": cosmos("osmo"),
  "polkadot": pattern(/^\d{1,10}$/, "the number of an asset"),
  "rootstock": anyOf(mixedCase(30), evm),
  "secret": cosmos("secret"),
  "sei-network": cosmos("sei"),
  "solana": base58of(32),
  "starknet": starknet,
  "stellar": stellar,
  "sui": pattern(new RegExp(`^${moveType}$`), "a Sui coin type (0x…::module::NAME)"),
  "terra": cosmos("terra"),
  "terra-2": cosmos("terra"),
  "tezos": (address) => versioned([2, 90, 121], 20)(address.replace(/[_:]\d+$/, "")),
  "the-open-network": ton,
  "tron": anyOf(versioned([0x41], 20), pattern(/^1\d{6}$/, "a TRON contract or TRC-10 token")),
  "vechain": evm,
  "waves": base58of(32),
  "xdc-network": xdc,
  "xrp": xrpl,
  "zilliqa": anyOf((address) => {
    const { prefix, words } = bech32.decode(address as `${string}1${string}`);
    return prefix === "zil" && bech32.fromWords(words).length === 20 ? null : "is not a Zilliqa address";
  }, evm),
};

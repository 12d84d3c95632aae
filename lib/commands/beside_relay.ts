/** What a command needs to use the store that a relay may be using. @module */
import { dirname } from "@std/path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { maskText } from "../config/mask.ts";
import { secretValues } from "../config/secrets.ts";
import { type Store, StoreUnavailable, StoreUnusable } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { configFile, EXIT } from "./command.ts";

/** The config that a relay runs with. */
export interface RelayConfig {
  config: Config;
  /** Its file. */
  file: string;
  /** Folder that the config's paths are relative to. */
  folder: string;
  /** Takes secrets out of a text. */
  mask(text: string): string;
}

/** What a command beside a relay has at hand. */
export interface BesideRelay extends RelayConfig {
  store: Store;
}

/** Runs `use` with the store open, and resolves its exit code; a store that cannot be used is told in words. */
export function besideRelay(
  values: { config?: string },
  use: (beside: BesideRelay) => Promise<number>,
): Promise<number> {
  return withRelayConfig(values, async (relay) => {
    const store = await openStore(relay.config.store, relay.folder, { shared: true });
    try {
      return await use({ ...relay, store });
    } finally {
      await store.close();
    }
  });
}

/** Runs `use` with the config alone, and resolves its exit code; a store that it cannot use is told in words. */
export async function withRelayConfig(
  values: { config?: string },
  use: (relay: RelayConfig) => Promise<number>,
): Promise<number> {
  const file = configFile(values);
  const config = loadConfig(file, Deno.env.toObject());
  const secrets = secretValues(config);
  const mask = (text: string) => maskText(text, secrets);
  try {
    return await use({ config, file, folder: dirname(file), mask });
  } catch (error) {
    return tellOfStore(error, mask);
  }
}

/** Tells of a store that cannot be used, and gives the exit code. Throws whatever else went wrong. */
export function tellOfStore(error: unknown, mask: (text: string) => string): number {
  if (!(error instanceof StoreUnusable || error instanceof StoreUnavailable)) throw error;
  console.error(mask(error.message));
  return error instanceof StoreUnusable ? EXIT.yourInput : EXIT.ours;
}

/** Opens the store that a relay may be using, for a command beside it. @module */
import { dirname } from "@std/path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { maskText, secretValues } from "../config/secrets.ts";
import { type Store, StoreUnavailable, StoreUnusable } from "../store/contract.ts";
import { openStore } from "../store/open.ts";
import { configFile, EXIT } from "./command.ts";

/** What a command beside a relay has at hand. */
export interface BesideRelay {
  store: Store;
  config: Config;
  /** Folder that the config's paths are relative to. */
  folder: string;
  /** Takes secrets out of a text. */
  mask(text: string): string;
}

/** Runs `use` with the store open, and resolves its exit code; a store that cannot be used is told in words. */
export async function besideRelay(
  values: { config?: string },
  use: (beside: BesideRelay) => Promise<number>,
): Promise<number> {
  const file = configFile(values);
  const config = loadConfig(file, Deno.env.toObject());
  const folder = dirname(file);
  const secrets = secretValues(config);
  const mask = (text: string) => maskText(text, secrets);
  try {
    const store = await openStore(config.store, folder, { shared: true });
    try {
      return await use({ store, config, folder, mask });
    } finally {
      await store.close();
    }
  } catch (error) {
    if (error instanceof StoreUnusable || error instanceof StoreUnavailable) {
      console.error(mask(error.message));
      return error instanceof StoreUnusable ? EXIT.yourInput : EXIT.ours;
    }
    throw error;
  }
}

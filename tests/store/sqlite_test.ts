import { join } from "@std/path";
import { openStore } from "../../lib/store/open.ts";
import { type Opened, storeContract } from "./contract.ts";

async function open(): Promise<Opened> {
  const folder = await Deno.makeTempDir({ prefix: "coinrelay-store-" });
  const url = `sqlite:${join("data", "relay.db")}`;
  let store = await openStore(url, folder);
  return {
    store,
    async reopen() {
      await store.close();
      return store = await openStore(url, folder);
    },
    async cleanup() {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

storeContract("sqlite", open);

import { join } from "@std/path";
import { openSqlite } from "../../lib/store/sqlite/open.ts";
import { SIZES, type Sizes } from "../../lib/store/sqlite/sizes.ts";
import { type Opened, storeContract } from "./contract.ts";

function opener(sizes: Sizes): () => Promise<Opened> {
  return async () => {
    const folder = await Deno.makeTempDir({ prefix: "coinrelay-store-" });
    const file = join(folder, "relay.db");
    const open = () => openSqlite(file, { sizes });
    let store = await open();
    return {
      store,
      async reopen() {
        await store.close();
        return store = await open();
      },
      async cleanup() {
        await store.close();
        await Deno.remove(folder, { recursive: true });
      },
    };
  };
}

storeContract("sqlite", opener(SIZES));
// What a store does only when it is large, done by a small one: keys on disk, blocks, listings in another thread.
storeContract("large sqlite", opener({ recentIds: 8, blockEvents: 4, smallStore: 0 }));

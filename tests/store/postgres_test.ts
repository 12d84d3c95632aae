import { openStore } from "../../lib/store/open.ts";
import { withPostgres } from "../support/postgres.ts";
import { storeContract } from "./contract.ts";

await withPostgres((postgres) => {
  let schemas = 0;
  storeContract("PostgreSQL", async () => {
    const url = postgres.url(`contract_${++schemas}`);
    let store = await openStore(url, "/");
    return {
      store,
      async reopen() {
        await store.close();
        return store = await openStore(url, "/");
      },
      cleanup: () => store.close(),
    };
  });
});

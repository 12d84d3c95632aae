/** Opens a store for a test in a process of its own: `sqlite_child.ts append|hold FILE`. @module */
import { openStore } from "../../lib/store/open.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import { openSqlite } from "../../lib/store/sqlite/open.ts";
import { anEvent, asking, ending, planned } from "./fixtures.ts";

const [what, file = ""] = Deno.args;

if (what === "hold") {
  await openStore(`sqlite:${file}`, ".");
  console.log("open");
  setInterval(() => {}, 1000);
}

/** Appends and settles until it is killed; prints what was acknowledged. */
if (what === "append") {
  const store = await openSqlite(file, {
    sizes: { ...SIZES, recentIds: 16, blockEvents: 32 },
  });
  const from = (await store.events({}, { limit: 1 }))[0]?.seq ?? 0;
  for (let batch = 0;; batch++) {
    const ids = Array.from({ length: 1 + (batch * 7) % 20 }, (_, index) => `${from}/${batch}/${index}`);
    const events = ids.map((id, index) =>
      anEvent(id, { coin: `coin ${index % 3}`, deliveries: [planned()] })
    );
    await store.append(events);
    console.log(`stored ${ids.join(" ")}`);
    const { claimed } = await store.claim(asking({ limit: 15, order: batch % 2 ? "coin" : "any" }));
    const settled = claimed.slice(0, 12);
    await store.settle("one", settled.map((one) => ending(one)), 1000);
    console.log(`settled ${settled.map(({ delivery }) => delivery.id).join(" ")}`);
  }
}

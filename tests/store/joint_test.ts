import { assertEquals, assertRejects } from "@std/assert";
import { Engine } from "../../lib/store/sqlite/engine.ts";
import { Joint } from "../../lib/store/sqlite/joint.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import type { Transaction } from "../../lib/store/sqlite/transaction.ts";

/** An engine whose transactions are counted. */
async function counted() {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/relay.db`;
  await Deno.writeFile(file, new Uint8Array());
  const engine = new Engine(file, { shared: false, sizes: SIZES });
  /** Of each transaction, whether it was to be synced. */
  const synced: boolean[] = [];
  const joint = new Joint({
    write(body, options) {
      synced.push(options?.synced ?? false);
      return engine.write(body, options);
    },
  });
  const mark = (name: string) => (tx: Transaction) => tx.db.run("INSERT INTO marks VALUES (?, 1)", name);
  return {
    joint,
    mark,
    synced,
    marks: () =>
      engine.db.all<{ name: string }>("SELECT name FROM marks WHERE value = 1 ORDER BY name")
        .map(({ name }) => name),
    async [Symbol.asyncDispose]() {
      await engine.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("what is asked in one turn is one transaction, and what need not be synced does not wait for it", async () => {
  await using at = await counted();
  const told: string[] = [];
  const synced = at.joint.write(at.mark("a"), { synced: true }).then(() => told.push("synced"));
  const written = at.joint.write(at.mark("b")).then(() => told.push("written"));
  await Promise.all([synced, written]);
  assertEquals([at.synced, at.marks(), told], [[true], ["a", "b"], ["written", "synced"]]);
  assertEquals(await at.joint.write(at.mark("c")), 1);
  assertEquals([at.synced, at.marks()], [[true, false], ["a", "b", "c"]]);
});

Deno.test("what fails by itself takes nothing with it that was asked beside it", async () => {
  await using at = await counted();
  const fails = () => {
    throw new TypeError("no");
  };
  const first = at.joint.write(at.mark("a"), { synced: true });
  const failed = at.joint.write(fails);
  const last = at.joint.write(at.mark("b"));
  await assertRejects(() => failed, TypeError, "no");
  await Promise.all([first, last]);
  assertEquals(at.marks(), ["a", "b"]);
});

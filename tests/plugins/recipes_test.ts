import { assert, assertEquals } from "@std/assert";
import { readRecipe, RECIPES, rewritten, runRecipe } from "./recipe.ts";

// To write what arrives into the recipes: UPDATE_RECIPES=1 deno task test tests/plugins/recipes_test.ts
const update = Deno.env.get("UPDATE_RECIPES") === "1";

const names = [...Deno.readDirSync(RECIPES)].map(({ name }) => name.replace(/\.md$/, ""))
  .filter((name) => name !== "README").sort();

for (const name of names) {
  Deno.test(`the recipe ${name}, pasted into a fresh config, does what it says`, async () => {
    const recipe = await readRecipe(name);
    const outcome = await runRecipe(recipe);
    assertEquals([outcome.checked, ...outcome.undone], [0]);
    if (update) await Deno.writeTextFile(`${RECIPES}/${name}.md`, rewritten(recipe, outcome));
    else assertEquals(outcome.arrived, recipe.arrives);
  });
}

Deno.test("every wish has its recipe, and the list of recipes names each", async () => {
  const index = await Deno.readTextFile(`${RECIPES}/README.md`);
  assert(names.length >= 11);
  for (const name of names) assert(index.includes(`(${name}.md)`), `README.md does not name ${name}.md`);
});

import { assert, assertEquals } from "@std/assert";
import { checkRecipes, readRecipe, RECIPES, rewritten, runRecipe } from "./recipe.ts";

// To write what arrives into the recipes: UPDATE_RECIPES=1 deno task test tests/plugins/recipes_test.ts
const update = Deno.env.get("UPDATE_RECIPES") === "1";

const names = [...Deno.readDirSync(RECIPES)].map(({ name }) => name.replace(/\.md$/, ""))
  .filter((name) => name !== "README").sort();

for (const name of names) {
  Deno.test(`the recipe ${name}, pasted into a fresh config, does what it says`, async () => {
    const recipe = await readRecipe(name);
    const outcome = await runRecipe(recipe);
    assertEquals(outcome.undone, []);
    if (update) await Deno.writeTextFile(`${RECIPES}/${name}.md`, rewritten(recipe, outcome));
    else assertEquals(outcome.arrived, recipe.arrives);
  });
}

Deno.test("check finds no mistake in any recipe, and says what each reaches", async () => {
  const { code, said } = await checkRecipes(await Promise.all(names.map(readRecipe)));
  assertEquals(code, 0, said);
  assert(said.includes("api.telegram.org:443") && said.includes("events.pagerduty.com:443"), said);
});

Deno.test("every wish has its recipe, and the list of recipes names each", async () => {
  const index = await Deno.readTextFile(`${RECIPES}/README.md`);
  assert(names.length >= 11);
  for (const name of names) assert(index.includes(`(${name}.md)`), `README.md does not name ${name}.md`);
});

import { assertEquals } from "@std/assert";
import type { Json } from "../../lib/nouns.ts";
import { configSchema } from "../../lib/config/schema.ts";
import { MASK, maskText } from "../../lib/config/mask.ts";
import { createSecretMemory, secretsIn, secretValues } from "../../lib/config/secrets.ts";
import { carrySubstitutions, rememberSubstitutions } from "../../lib/config/substitutions.ts";

/** What is left to be seen of a text, beside a config that holds this. */
function seen(text: string, value: Json, variables: Record<string, string> = {}): string {
  return maskText(text, secretsIn(value, [{ path: ["channel"], written: "${…}", variables }]));
}

const config = (secret: string) => configSchema.parse({ sources: [{ name: "a", secrets: [secret] }] });

Deno.test("a secret that is half a character is masked like any other", () => {
  assertEquals(seen("<\ud800-treasure>", { token: "\ud800-treasure" }), `<${MASK}>`);
});

Deno.test("of a secret that holds another nothing is left", () => {
  assertEquals(seen("treasure-chest", { token: "treasure", password: "treasure-chest" }), MASK);
});

Deno.test("a password is masked in whatever URL it stands, also in one that is a secret, or came from the environment", () => {
  for (const url of ["https://u:hunter2@x.example/y", "smtp://u:hunter2@x.example"]) {
    assertEquals(seen("it was hunter2", { webhookUrl: url }), `it was ${MASK}`);
    assertEquals(seen("it was hunter2", { text: url }), `it was ${MASK}`);
    assertEquals(seen("it was hunter2", { text: `see ${url}` }, { URL: url }), `it was ${MASK}`);
  }
  assertEquals(seen("it was p@ss", { text: "smtp://u:p@ss@x.example" }), `it was ${MASK}`);
});

Deno.test("an smtp URL is secret as a whole, and an empty secret masks nothing", () => {
  assertEquals(seen("to smtp://u@x.example", { smtp: "smtp://u@x.example" }), `to ${MASK}`);
  assertEquals(seen("all of it", { token: "" }), "all of it");
});

Deno.test("what came from the environment is masked from eight characters on", () => {
  assertEquals(seen("12345678 1234567", {}, { A: "12345678", B: "1234567" }), `${MASK} 1234567`);
});

Deno.test("what came from the environment is known of a config that was made of another", () => {
  const from = config("whsec_of_a_test");
  rememberSubstitutions(from, [{ path: [], written: "${A}", variables: { A: "of-the-environment" } }]);
  const to = carrySubstitutions(from, { ...from });
  assertEquals(secretValues(to).includes("of-the-environment"), true);
});

Deno.test("the secrets of an older config are masked as well: what was begun under it still has them", () => {
  const secretsOf = createSecretMemory();
  secretsOf(config("whsec_the_older"));
  const secrets = secretsOf(config("whsec_the_newer_one"));
  assertEquals(maskText("whsec_the_older whsec_the_newer_one", secrets), `${MASK} ${MASK}`);
});

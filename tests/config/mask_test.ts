import { assertEquals } from "@std/assert";
import { formsOf, MASK, maskDeep, maskText } from "../../lib/config/mask.ts";
import { secretsIn } from "../../lib/config/secrets.ts";
import { maskSent, maskTold, secretForms } from "../../lib/sandbox/mask.ts";
import { createMask } from "../../lib/try/mask.ts";

const SECRET = 'pass "word"/ü+1~';
const json = JSON.stringify(SECRET).slice(1, -1);

/** A secret as others write it, by their own means. */
const WRITTEN = {
  "as it is": SECRET,
  "in a URL": encodeURIComponent(SECRET),
  "in a form": new URLSearchParams({ key: SECRET }).toString().slice("key=".length),
  "in JSON": json,
  "in JSON in JSON": JSON.stringify(json).slice(1, -1),
  "in base64": btoa(String.fromCharCode(...new TextEncoder().encode(SECRET))).replace(/=+$/, ""),
  "in base64 for URLs": new TextEncoder().encode(SECRET).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  }),
};

const options = { password: SECRET };
const MASKS = {
  "the log and the pages": (text: string) => maskText(text, secretsIn(options, [])),
  "what a plugin tells": (text: string) => maskTold(text, secretForms(options)),
  "what a plugin sent": (text: string) => maskSent(text, secretForms(options)),
  "secrets of elsewhere in what a plugin tells": (text: string) =>
    maskTold(text, secretForms({}, formsOf([SECRET]))),
  "a dry run": createMask(secretsIn(options, [])),
};

for (const [place, mask] of Object.entries(MASKS)) {
  Deno.test(`${place}: a secret is masked in every form`, () => {
    for (const [form, text] of Object.entries(WRITTEN)) {
      assertEquals(mask(`it said ${text}!`), `it said ${MASK}!`, form);
    }
  });

  Deno.test(`${place}: what only looks like a form of a secret stays`, () => {
    for (const text of ["pass word", "word", "a password", "cGFzcw"]) assertEquals(mask(text), text);
  });
}

Deno.test("a URL's password is masked as a header has it, with the user's name", () => {
  const options = { url: "https://me%40x:se%2Fsame-1@x.example/" };
  const header = `Basic ${btoa("me@x:se/same-1")}`;
  assertEquals(maskText(header, secretsIn(options, [])).replace(/=+$/, ""), `Basic ${MASK}`);
  assertEquals(maskTold(header, secretForms(options)).replace(/=+$/, ""), `Basic ${MASK}`);
});

Deno.test("of a credential with its scheme all that is secret by itself is masked", () => {
  const basic = { authorization: `Basic ${btoa("user-1:sesame-1")}` };
  for (const text of [btoa("user-1:sesame-1"), "user-1:sesame-1", "sesame-1"]) {
    assertEquals(maskText(text, secretsIn(basic, [])).replace(/=+$/, ""), MASK, text);
    assertEquals(maskTold(text, secretForms(basic)).replace(/=+$/, ""), MASK, text);
  }
  const bearer = { authorization: "Bearer sesame-2" };
  assertEquals(maskText("no such key: sesame-2", secretsIn(bearer, [])), `no such key: ${MASK}`);
});

Deno.test("a short secret is not looked for in base64, where it would stand in other words", () => {
  assertEquals(formsOf(["pw-1"]), ["pw-1"]);
});

Deno.test("a copy of plain data is masked in texts and keys, and all else is as it was", () => {
  const mask = (text: string) => text.replaceAll("secret", MASK);
  const data = { "secret key": ["a secret", 1, null, { deep: "secret" }], other: true };
  assertEquals(maskDeep<unknown>(data, mask), {
    [`${MASK} key`]: [`a ${MASK}`, 1, null, { deep: MASK }],
    other: true,
  });
  assertEquals(Object.keys(maskDeep(data, mask, (key) => key)), ["secret key", "other"]);
});

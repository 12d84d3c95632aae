import { assert, assertEquals, assertFalse } from "@std/assert";
import { compileFields } from "../../lib/pattern/field_pattern.ts";
import { compileGlob, compileList } from "../../lib/pattern/glob.ts";

/** What a pattern means, said by a regular expression. */
function meaning(pattern: string): (text: string) => boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const regexp = new RegExp(`^${parts.join("[^]*")}$`);
  return (text) => regexp.test(text);
}

/** Every text of at most `length` of these characters. */
function textsOf(characters: string, length: number): string[] {
  if (length === 0) return [""];
  const shorter = textsOf(characters, length - 1);
  const longest = shorter.filter((text) => text.length === length - 1);
  return [...shorter, ...longest.flatMap((text) => [...characters].map((character) => text + character))];
}

Deno.test("a pattern takes what a regular expression would take", () => {
  const texts = textsOf("ab", 6);
  for (const pattern of textsOf("ab*", 6)) {
    const [matches, means] = [compileGlob(pattern), meaning(pattern)];
    const wrong = texts.filter((text) => matches(text) !== means(text));
    assertEquals(wrong, [], pattern);
  }
});

Deno.test("every other character of a pattern stands for itself, and a star for line breaks too", () => {
  const special = ".+?^${}()|[]\\/-\n";
  for (const character of special) {
    assert(compileGlob(`*${character}x`)(`a${character}x`), character);
    assertFalse(compileGlob(`*${character}x`)("aax"), character);
  }
  assert(compileGlob("a*b")("a\n\nb"));
});

Deno.test("a list of nothing takes nothing, one of only ! patterns all else", () => {
  assertFalse(compileList([], compileGlob)("a"));
  assert(compileList(["!b"], compileGlob)("a"));
});

Deno.test("a pattern with many stars is done with a text that nearly fits", () => {
  const stars = "*a".repeat(30);
  const nearly = "a".repeat(100_000);
  assertFalse(compileGlob(`${stars}*b`)(nearly));
  assertFalse(compileGlob(`${stars}*b*`)(nearly));
  assert(compileGlob(`${stars}*`)(nearly));
  assertFalse(compileFields([`x.${stars}*b.y`])(`x.${nearly}.y`));
  assertFalse(compileFields(["*.a".repeat(30) + ".*.b"])("a.".repeat(50_000) + "a"));
});

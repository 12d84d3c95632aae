/** What an examination of the store comes to. @module */
import type { StoreExamination } from "../store/examine.ts";
import { type Finding, findingsOf } from "./finding.ts";

const { right, note, wrong } = findingsOf("store");

/** Judges. */
export function judgeStore({ file, bytes, state, problem, readThrough }: StoreExamination): Finding {
  if (state === "unusable") return wrong(problem ?? "it cannot be used"); // it says what to do
  const name = file ?? "the database";
  if (state === "missing") {
    return note(
      `${name} is not there yet`,
      "the first start makes it; if there was one, look where it went: `store` in config.json",
    );
  }
  if (state === "older") {
    return note(
      `${name} was written by an older coinrelay; the next start brings it up to date`,
      "`deno task backup` first: an older program cannot read it afterwards",
    );
  }
  const size = file === null ? "" : `, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return readThrough || file === null
    ? right(`${name}: sound${size}`)
    : note(`${name}: can be used${size}; not read through for its size`, "`deno task doctor --deep` does");
}

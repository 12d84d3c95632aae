/** Whether the program that runs us is one that the relay was tried with. @module */
import { type Finding, findingsOf } from "./finding.ts";

/** The oldest Deno that every test has passed on. */
const TRIED_WITH = "2.9.6";

const { right, note } = findingsOf("deno");

/**
 * @param version Deno's, such as `2.9.6`.
 * @param uid Of the user who asks; null where the system has none.
 */
export function examineProgram(version: string, uid: number | null): Finding[] {
  const findings = [
    older(version, TRIED_WITH)
      ? note(`Deno ${version}; the relay was tried with ${TRIED_WITH} and later`, "`deno upgrade`")
      : right(`Deno ${version}`),
  ];
  if (uid === 0) {
    findings.push(note(
      "you are root; a relay that runs as root, too, gives every fault in it the whole machine",
      "run it as a user of its own, as deploy/systemd/coinrelay.service does",
    ));
  }
  return findings;
}

function older(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.+-]/).map(Number)) as [number[], number[]];
  const at = [0, 1, 2].find((i) => (a[i] ?? 0) !== (b[i] ?? 0));
  return at !== undefined && (a[at] ?? 0) < (b[at] ?? 0);
}

/** Whether what an installation under systemd has copied out of the program is as this version has it. @module */
import { join } from "@std/path";
import { type Finding, findingsOf } from "./finding.ts";

/** Files of the program, and where docs/deploy.md has them copied to. */
const COPIES = {
  "deploy/systemd/coinrelay.service": "/etc/systemd/system/coinrelay.service",
  "deploy/systemd/coinrelay": "/usr/local/bin/coinrelay",
};

const { note } = findingsOf("systemd");

/**
 * Looks at the copies of `project`, a folder with a slash at its end; where its unit is not installed there is nothing to
 * say. `root` stands before the places of the copies.
 */
export function examineCopies(project: string, root = "/"): Finding[] {
  const copies = Object.entries(COPIES).map(([file, place]) => ({
    file,
    place,
    text: read(join(root, place)),
  }));
  const runsFrom = /^WorkingDirectory=(.*)$/m.exec(copies[0]?.text ?? "")?.[1];
  if (runsFrom === undefined || join(runsFrom, "/") !== project) return []; // another's, or none
  return copies.filter(({ file, text }) => text !== null && text !== read(join(project, file))).map((
    { file, place },
  ) =>
    note(
      `${place} is not as this version has it`,
      `copy ${file} there, as docs/operate.md#upgrade does; changes of your own belong into a drop-in of the unit`,
    )
  );
}

function read(file: string): string | null {
  try {
    return Deno.readTextFileSync(file);
  } catch {
    return null;
  }
}

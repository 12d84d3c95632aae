/** Whether the secrets of a config have the form of secrets. What they are is never told. @module */
import type { Config } from "../config/schema.ts";
import { type Finding, findingsOf } from "./finding.ts";

/** A secret with fewer characters after its prefix can be guessed. */
const LEAST_LENGTH = 16;
const PREFIX = "whsec_";

const { right, note, wrong } = findingsOf("secrets");

/** Looks at the signing secrets and the tokens. */
export function examineSecrets({ sources, admin }: Pick<Config, "sources" | "admin">): Finding[] {
  const findings = sources.flatMap(({ name, secrets }, i) => [
    ...secrets.flatMap((secret, j) => signingSecret(secret, `sources[${i}].secrets[${j}]`)),
    ...(secrets.length > 1
      ? [note(
        `${name} accepts ${secrets.length} secrets`,
        "right while one is being rotated; take the old one out when the provider signs with the new one",
      )]
      : []),
  ]);
  findings.push(...shared(sources));
  for (const key of ["token", "readToken"] as const) {
    if ((admin[key]?.length ?? LEAST_LENGTH) >= LEAST_LENGTH) continue;
    findings.push(
      wrong(`admin.${key} is so short that it can be guessed`, "make one with `openssl rand -hex 32`"),
    );
  }
  if (findings.some(({ verdict }) => verdict === "wrong")) return findings;
  const count = sources.reduce((sum, { secrets }) => sum + secrets.length, 0);
  return [right(count === 1 ? "1 signing secret" : `${count} signing secrets`), ...findings];
}

function signingSecret(secret: string, path: string): Finding[] {
  if (/^(["'`]).*\1$/s.test(secret)) {
    return [wrong(`${path} is in quotation marks, which count as part of it`, "take them away")];
  }
  if (/[\s\p{Cc}\p{Cf}]/u.test(secret)) {
    return [wrong(
      `${path} holds white space or a character that cannot be seen`,
      "copy it from the provider's dashboard again, whole and on one line",
    )];
  }
  if (secret.replace(PREFIX, "").length < LEAST_LENGTH) {
    return [wrong(
      `${path} is so short that it can be guessed, or was not copied whole`,
      "copy it from the provider's dashboard again, from whsec_ to its end",
    )];
  }
  if (!secret.startsWith(PREFIX)) {
    return [note(
      `${path} does not begin with ${PREFIX}, as the provider's secrets do`,
      "the prefix belongs to the secret: copy it whole",
    )];
  }
  return [];
}

function shared(sources: Config["sources"]): Finding[] {
  const owners = new Map<string, string>();
  return sources.flatMap(({ name, secrets }) =>
    secrets.flatMap((secret) => {
      const owner = owners.get(secret);
      owners.set(secret, owner ?? name);
      return owner === undefined || owner === name ? [] : [wrong(
        `${name} and ${owner} have the same signing secret`,
        "copy each from the provider's dashboard again, which gives each webhook its own: now one of the two refuses " +
          "everything",
      )];
    })
  );
}

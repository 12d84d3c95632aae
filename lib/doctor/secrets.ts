/** Whether the secrets of a config have the form of secrets. What they are is never told. @module */
import type { Config } from "../config/schema.ts";
import { shortPasswords } from "../config/secrets.ts";
import type { Json } from "../nouns.ts";
import { type Finding, findingsOf } from "./finding.ts";

/** A secret with fewer characters after its prefix can be guessed. */
const LEAST_LENGTH = 16;
const PREFIX = "whsec_";

const { right, note, wrong } = findingsOf("secrets");

/** What is to be said of a secret. */
export interface SecretFault {
  /** Whether it must be mended; otherwise it is worth a look. */
  grave: boolean;
  /** Where it stands; empty when the problem says so. */
  path: string;
  problem: string;
  remedy: string;
}

/** Looks at the signing secrets, the tokens and the passwords in URLs. */
export function examineSecrets(config: Config): Finding[] {
  const findings = secretFaults(config).map(({ grave: isGrave, path, problem, remedy }) =>
    (isGrave ? wrong : note)(path === "" ? problem : `${path} ${problem}`, remedy)
  );
  if (findings.some(({ verdict }) => verdict === "wrong")) return findings;
  const count = config.sources.reduce((sum, { secrets }) => sum + secrets.length, 0);
  return [right(count === 1 ? "1 signing secret" : `${count} signing secrets`), ...findings];
}

/** All that is to be said of a config's secrets. */
export function secretFaults(config: Config): SecretFault[] {
  const { sources, admin } = config;
  const faults = sources.flatMap(({ name, secrets }, i) => [
    ...secrets.flatMap((secret, j) => signingSecret(`sources[${i}].secrets[${j}]`, secret)),
    ...secrets.length > 1
      ? [mild(
        "",
        `${name} accepts ${secrets.length} secrets`,
        "right while one is being rotated; take the old one out when the provider signs with the new one",
      )]
      : [],
  ]);
  faults.push(...shared(sources));
  for (const key of ["token", "readToken"] as const) {
    if ((admin[key]?.length ?? LEAST_LENGTH) >= LEAST_LENGTH) continue;
    faults.push(
      grave(`admin.${key}`, "is so short that it can be guessed", "make one with `openssl rand -hex 32`"),
    );
  }
  for (const path of shortPasswords(config as unknown as Json)) {
    faults.push(mild(
      "",
      `the password in ${path} is short: it is masked wherever these letters stand, so logs read oddly`,
      "choose a longer one",
    ));
  }
  return faults;
}

const faultOf = (grave: boolean) => (path: string, problem: string, remedy: string): SecretFault => (
  { grave, path, problem, remedy }
);
const [grave, mild] = [faultOf(true), faultOf(false)];

function signingSecret(path: string, secret: string): SecretFault[] {
  if (/^(["'`]).*\1$/s.test(secret)) {
    return [grave(path, "is in quotation marks, which count as part of it", "take them away")];
  }
  if (/[\s\p{Cc}\p{Cf}]/u.test(secret)) {
    return [grave(
      path,
      "holds white space or a character that cannot be seen",
      "copy it from the provider's dashboard again, whole and on one line",
    )];
  }
  if (secret.replace(PREFIX, "").length < LEAST_LENGTH) {
    return [grave(
      path,
      "is so short that it can be guessed, or was not copied whole",
      "copy it from the provider's dashboard again, from whsec_ to its end",
    )];
  }
  return secret.startsWith(PREFIX) ? [] : [mild(
    path,
    `does not begin with ${PREFIX}, as the provider's secrets do`,
    "the prefix belongs to the secret: copy it whole",
  )];
}

function shared(sources: Config["sources"]): SecretFault[] {
  const owners = new Map<string, string>();
  return sources.flatMap(({ name, secrets }) =>
    secrets.flatMap((secret) => {
      const owner = owners.get(secret);
      owners.set(secret, owner ?? name);
      return owner === undefined || owner === name ? [] : [grave(
        "",
        `${name} and ${owner} have the same signing secret`,
        "copy each from the provider's dashboard again, which gives each webhook its own: now one of the two refuses " +
          "everything",
      )];
    })
  );
}

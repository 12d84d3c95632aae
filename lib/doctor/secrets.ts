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
  const findings = secretFaults(config).map(({ grave, path, problem, remedy }) =>
    (grave ? wrong : note)(path === "" ? problem : `${path} ${problem}`, remedy)
  );
  if (findings.some(({ verdict }) => verdict === "wrong")) return findings;
  const count = config.sources.reduce((sum, { secrets }) => sum + secrets.length, 0);
  return [right(count === 1 ? "1 signing secret" : `${count} signing secrets`), ...findings];
}

/** All that is to be said of a config's secrets. */
export function secretFaults(config: Config): SecretFault[] {
  const { sources, admin } = config;
  const faults = sources.flatMap(({ name, secrets }, i) => [
    ...secrets.flatMap((secret, j) =>
      signingSecret(secret).map((fault) => ({ ...fault, path: `sources[${i}].secrets[${j}]` }))
    ),
    ...(secrets.length > 1
      ? [{
        grave: false,
        path: "",
        problem: `${name} accepts ${secrets.length} secrets`,
        remedy:
          "right while one is being rotated; take the old one out when the provider signs with the new one",
      }]
      : []),
  ]);
  faults.push(...shared(sources));
  for (const key of ["token", "readToken"] as const) {
    if ((admin[key]?.length ?? LEAST_LENGTH) >= LEAST_LENGTH) continue;
    faults.push({
      grave: true,
      path: `admin.${key}`,
      problem: "is so short that it can be guessed",
      remedy: "make one with `openssl rand -hex 32`",
    });
  }
  for (const path of shortPasswords(config as unknown as Json)) {
    faults.push({
      grave: false,
      path: "",
      problem:
        `the password in ${path} is short: it is masked wherever these letters stand, so logs read oddly`,
      remedy: "choose a longer one",
    });
  }
  return faults;
}

function signingSecret(secret: string): Omit<SecretFault, "path">[] {
  if (/^(["'`]).*\1$/s.test(secret)) {
    return [{
      grave: true,
      problem: "is in quotation marks, which count as part of it",
      remedy: "take them away",
    }];
  }
  if (/[\s\p{Cc}\p{Cf}]/u.test(secret)) {
    return [{
      grave: true,
      problem: "holds white space or a character that cannot be seen",
      remedy: "copy it from the provider's dashboard again, whole and on one line",
    }];
  }
  if (secret.replace(PREFIX, "").length < LEAST_LENGTH) {
    return [{
      grave: true,
      problem: "is so short that it can be guessed, or was not copied whole",
      remedy: "copy it from the provider's dashboard again, from whsec_ to its end",
    }];
  }
  if (!secret.startsWith(PREFIX)) {
    return [{
      grave: false,
      problem: `does not begin with ${PREFIX}, as the provider's secrets do`,
      remedy: "the prefix belongs to the secret: copy it whole",
    }];
  }
  return [];
}

function shared(sources: Config["sources"]): SecretFault[] {
  const owners = new Map<string, string>();
  return sources.flatMap(({ name, secrets }) =>
    secrets.flatMap((secret) => {
      const owner = owners.get(secret);
      owners.set(secret, owner ?? name);
      return owner === undefined || owner === name ? [] : [{
        grave: true,
        path: "",
        problem: `${name} and ${owner} have the same signing secret`,
        remedy:
          "copy each from the provider's dashboard again, which gives each webhook its own: now one of the two refuses " +
          "everything",
      }];
    })
  );
}

/** Remembers which values of a config came from the environment, beside the config itself. @module */
import type { Substitution } from "./environment.ts";
import type { Config } from "./schema.ts";

const fromEnvironment = new WeakMap<Config, readonly Substitution[]>();

/** Remembers which values of `config` came from the environment. */
export function rememberSubstitutions(config: Config, substitutions: readonly Substitution[]): void {
  fromEnvironment.set(config, substitutions);
}

/** Which values of `config` came from the environment. */
export function substitutionsOf(config: Config): readonly Substitution[] {
  return fromEnvironment.get(config) ?? [];
}

/** Remembers of `to`, made of `from`, the same. Answers `to`. */
export function carrySubstitutions(from: Config, to: Config): Config {
  rememberSubstitutions(to, substitutionsOf(from));
  return to;
}

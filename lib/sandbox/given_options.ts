/** What a process was given of its routes' options, and the secrets in them. @module */
import type { JsonObject } from "../nouns.ts";
import { readError } from "./read_message.ts";
import { secretForms } from "./mask.ts";
import type { OptionCheck } from "./protocol.ts";

/** The options that a process was given, and what it is asked of them. */
export class GivenOptions {
  /** By route. */
  readonly #last = new Map<string, JsonObject>();
  readonly #secrets = new WeakMap<JsonObject, readonly string[]>();
  readonly #checks = new Map<number, { options: JsonObject; answer(check: OptionCheck): void }>();

  /** @param more Texts that are secret besides, in every form. */
  constructor(private readonly more: () => readonly string[]) {}

  /** Whether these are the options that the route's jobs would run with. */
  areOf(route: string, options: JsonObject): boolean {
    return this.#last.get(route) === options;
  }

  /** Notes that a route's options are given, with the question `ask`. Resolves its answer. */
  give(route: string, options: JsonObject, ask: number): Promise<OptionCheck> {
    this.#last.set(route, options);
    const { promise, resolve: answer } = Promise.withResolvers<OptionCheck>();
    this.#checks.set(ask, { options, answer });
    return promise;
  }

  /** Takes an answer; a second one to the same question is passed over. */
  answer(ask: number, { issues, defaults }: OptionCheck): void {
    const check = this.#checks.get(ask);
    if (!check) return;
    this.#checks.delete(ask);
    const masked = issues.map(({ path, message }) => ({
      path,
      message: readError(message, this.secretsOf(check.options)),
    }));
    check.answer({ issues: masked, defaults });
  }

  /** Answers what is open: the process `reason`. */
  end(reason: string): void {
    for (const { answer } of this.#checks.values()) answer(uncheckable(reason));
  }

  /** What is to be masked in what a job with these options tells. */
  secretsOf(options: JsonObject): readonly string[] {
    const known = this.#secrets.get(options) ?? secretForms(options, this.more());
    this.#secrets.set(options, known);
    return known;
  }

  /** What is to be masked in what belongs to no job. */
  allSecrets(): readonly string[] {
    return secretForms(Object.fromEntries(this.#last), this.more());
  }
}

/** The answer of a process that `reason`. */
export function uncheckable(reason: string): OptionCheck {
  return {
    issues: [{ path: "", message: `cannot be checked: the plugin's process ${reason}` }],
    defaults: [],
  };
}

/** Reads the flags that name a body: a sample's, or a file's. @module */
import { nearOrAll } from "../config/suggest.ts";
import { messageOf } from "../message_of.ts";
import { type Sample, SAMPLES } from "../samples.ts";
import { UsageError, userPath } from "./command.ts";

/**
 * The sample that `--sample` names.
 *
 * @throws {UsageError} With a suggestion.
 */
export function sampleNamed(name: string): Sample {
  const sample = SAMPLES.find((one) => one.name === name);
  if (sample) return sample;
  throw new UsageError(
    `no sample is called ${JSON.stringify(name)}: ${nearOrAll(name, SAMPLES.map((one) => one.name))}`,
  );
}

/**
 * The body in the file that `--file` names, byte for byte.
 *
 * @throws {UsageError} When it cannot be read.
 */
export function bodyIn(file: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(userPath(file));
  } catch (error) {
    throw new UsageError(`cannot read --file: ${messageOf(error)}`);
  }
}

/** What runs in the process of `load_apart.ts`. @module */
import { inspectConfig } from "./load.ts";
import type { LoadAnswer, LoadQuestion } from "./load_apart.ts";
import { substitutionsOf } from "./substitutions.ts";

const { file, environment } = await new Response(Deno.stdin.readable).json() as LoadQuestion;
const { config, mistakes } = inspectConfig(file, environment);
const answer: LoadAnswer = config === null
  ? { mistakes }
  : { config, substitutions: substitutionsOf(config) };
await new Blob([JSON.stringify(answer)]).stream().pipeTo(Deno.stdout.writable);

/** Whether every plugin loads, and fits what the routes say of it. @module */
import { dirname, resolve } from "@std/path";
import type { Inspection } from "../config/load.ts";
import { maskText } from "../config/mask.ts";
import { messageOf } from "../message_of.ts";
import { errorText } from "../sandbox/description.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { pluginMistakes } from "./plugin_mistakes.ts";
import { withPlugins } from "./with_plugins.ts";

const { right, wrong, mistaken } = findingsOf("plugins");

/** Loads each plugin of the config's folder once; runs none. Never rejects. */
export async function examinePlugins(
  file: string,
  { config, mistakes, value, secrets }: Inspection & { config: object },
): Promise<Finding[]> {
  const folder = dirname(file);
  const pluginsDir = resolve(folder, config.pluginsDir);
  try {
    return await withPlugins(file, pluginsDir, async (plugins) => {
      const descriptions = plugins.descriptions();
      const broken = descriptions.flatMap(({ name, error }) =>
        error === null ? [] : [wrong(
          maskText(`${name} does not load: ${errorText(error).split("\n", 1)[0]}`, secrets),
          `mend it, or take it out of ${pluginsDir}; its deliveries wait meanwhile`,
        )]
      );
      const misused = await pluginMistakes({ value, mistakes, secrets, folder }, plugins);
      const findings = [...broken, ...misused.map((mistake) => mistaken(mistake))];
      return findings.length > 0 ? findings : [right(`${descriptions.length} load`)];
    });
  } catch (error) {
    return [wrong(`they cannot be loaded: ${messageOf(error)}`, `see that ${pluginsDir} can be read`)];
  }
}

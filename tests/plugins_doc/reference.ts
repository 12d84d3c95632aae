/**
 * `deno task reference`: writes docs/plugin_reference.md anew, from the docstrings of what plugins import.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { goesOn } from "../../lib/task_help.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Where the reference is. */
export const REFERENCE = `${ROOT}docs/plugin_reference.md`;

const MODULES = [
  { file: "lib/plugin.ts", name: "coinrelay/plugin" },
  { file: "lib/plugin_testing.ts", name: "coinrelay/plugin/testing" },
];

/** What `deno doc --json` tells, as far as it is used here. */
interface Documented {
  nodes: Record<string, { module_doc?: Doc; symbols: Symbol[] }>;
}
interface Symbol {
  name: string;
  declarations: Declaration[];
}
interface Declaration {
  kind: string;
  location: { filename: string; line: number };
  jsDoc?: Doc;
  def: { constructors?: { jsDoc?: Doc }[] };
}
interface Doc {
  doc?: string;
  tags?: { kind: string; name?: string; doc?: string }[];
}

/** The reference as it should be, formatted. */
export async function makeReference(): Promise<string> {
  const parts = await Promise.all(MODULES.map(({ file, name }) => moduleText(file, name)));
  const text = `# Reference for plugins

Made from the docstrings by \`deno task reference\`. [plugins.md](plugins.md) tells how to write a plugin.

${parts.join("\n")}`;
  return await deno(["fmt", "--ext=md", "-"], text);
}

async function moduleText(file: string, name: string): Promise<string> {
  const json = await deno(["doc", "--json", "--import-map=.imports.json", file]);
  const [path, node] = Object.entries((JSON.parse(json) as Documented).nodes)[0]!;
  // What the module declares itself comes first, the rest in the order of its exports.
  const all = node.symbols.filter(({ declarations }) => declarations[0]?.jsDoc !== undefined);
  const own = ({ declarations }: Symbol) => declarations[0]!.location.filename === path;
  const rank = ({ name }: Symbol) => name === "definePlugin" || name === "runPlugin" ? 0 : 1;
  const ordered = [...all.filter(own).sort((a, b) => rank(a) - rank(b)), ...all.filter((one) => !own(one))];
  const names = new Set(ordered.map((one) => one.name));
  const texts = await Promise.all(ordered.map((symbol) => symbolText(symbol, names)));
  return `## \`${name}\`\n\n${prose(node.module_doc?.doc ?? "", names)}\n\n${texts.join("\n")}`;
}

async function symbolText({ name, declarations }: Symbol, names: ReadonlySet<string>): Promise<string> {
  const { kind, location, jsDoc, def } = declarations[0]!;
  const source = await Deno.readTextFile(fromFileUrl(location.filename));
  const tags = [...jsDoc?.tags ?? [], ...def.constructors?.[0]?.jsDoc?.tags ?? []];
  const parameters = tags.filter((tag) => tag.kind === "param")
    .map((tag) => `- \`${tag.name}\`: ${prose(tag.doc ?? "", names)}`);
  const throws = tags.filter((tag) => tag.kind === "throws").map((tag) =>
    `Throws: ${prose(tag.doc ?? "", names)}`
  );
  const examples = tags.filter((tag) => tag.kind === "example").map((tag) => tag.doc ?? "");
  const own = signatureOf(kind, name, source.split("\n").slice(location.line));
  const signature = (await aliased(own, names, source, location.filename) ?? own)
    .replaceAll("EventForPlugin", "PluginEvent"); // its name within the relay
  return [
    `### ${name}`,
    prose(jsDoc?.doc ?? "", names),
    `\`\`\`ts\n${signature}\n\`\`\``,
    parameters.join("\n"),
    ...throws,
    ...examples,
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

/** A declaration as its source has it, without what it does. `lines` begin with it; the source is formatted. */
function signatureOf(kind: string, name: string, lines: string[]): string {
  const upTo = (isLast: (line: string) => boolean) => {
    const last = lines.findIndex(isLast);
    return lines.slice(0, last + 1).join("\n").replace(/^export (async )?/, "");
  };
  switch (kind) {
    case "function":
      return upTo((line) => /^(export|\)).* \{$/.test(line)).replace(/ \{$/, ";");
    case "class": {
      const constructor = lines.find((line) => line.trim().startsWith("constructor(")) ?? "constructor() {";
      return constructor.trim().replace("constructor", `new ${name}`).replace(/public readonly /g, "")
        .replace(/ \{$/, ";");
    }
    case "interface":
      return upTo((line) => /^(export .*\})$|^\}$/.test(line));
    case "variable":
      return upTo((line) => /;$|\{$/.test(line)).replace(/ = (\{)$/, ": { … };");
    default: {
      let depth = 0;
      return upTo((line) => {
        depth += (line.match(/[{(\[]/g)?.length ?? 0) - (line.match(/[})\]]/g)?.length ?? 0);
        return depth === 0 && line.endsWith(";");
      });
    }
  }
}

/** What an alias of something that is imported and not exported stands for, under the alias's name; null for all else. */
async function aliased(
  signature: string,
  names: ReadonlySet<string>,
  source: string,
  file: string,
): Promise<string | null> {
  const [, alias, original] = /^type (\w+) = (\w+);$/.exec(signature) ?? [];
  if (alias === undefined || original === undefined || names.has(original)) return null;
  const from = new RegExp(`import (?:type )?\\{[^}]*\\b${original}\\b[^}]*\\} from "([^"]+)"`).exec(source)
    ?.[1];
  if (from === undefined) return null;
  const lines = (await Deno.readTextFile(fromFileUrl(new URL(from, file)))).split("\n");
  const start = lines.findIndex((line) => line.startsWith(`export interface ${original} `));
  return start < 0 ? null : signatureOf("interface", alias, lines.slice(start)).replace(original, alias);
}

/** Docstring text as Markdown. */
function prose(text: string, names: ReadonlySet<string>): string {
  return text.trim().replace(/\{@linkcode ([^}]+)\}/g, (_, name: string) => {
    const plain = name.trim();
    return names.has(plain) ? `[\`${plain}\`](#${plain.toLowerCase()})` : `\`${plain}\``;
  });
}

async function deno(args: string[], input = ""): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(`deno ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const HELP = "Writes docs/plugin_reference.md anew, from the docstrings of what plugins import.";

if (import.meta.main && goesOn("reference", HELP)) await Deno.writeTextFile(REFERENCE, await makeReference());

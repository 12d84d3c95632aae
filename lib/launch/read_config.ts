/** Reads of a config what decides the relay's permissions. What is wrong with it the relay itself tells. @module */
import schema from "../../config.schema.json" with { type: "json" };
import { type Environment, substitute, withDotenv } from "../config/environment.ts";
import { isHostname } from "../config/hostname.ts";
import { record } from "../config/loosely.ts";
import { parseJson } from "../config/parse_json.ts";
import type { Json } from "../nouns.ts";
import { lookupsOf } from "./lookups.ts";
import type { LaunchConfig } from "./permissions.ts";

/** A config, as far as it can be read; null when there is none. */
export function readLaunchConfig(file: string, environment: Environment): LaunchConfig | null {
  let value: Json = {};
  try {
    const text = Deno.readTextFileSync(file);
    value = substitute(parseJson(text), withDotenv(file, environment)).value;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
  }
  return launchConfigOf(value);
}

/** The config that a JSON value is, as far as it is one: a default stands where a value is none that could be allowed. */
export function launchConfigOf(value: Json): LaunchConfig {
  const { server, admin, store, pluginsDir } = schema.properties;
  const config = record(value);
  const address = (
    of: Json | undefined,
    { hostname, port }: typeof server.properties | typeof admin.properties,
  ) => ({
    hostname: hostnameOf(record(of)["hostname"]) ?? hostname.default,
    port: portOf(record(of)["port"]) ?? port.default,
  });
  return {
    server: address(config["server"], server.properties),
    admin: address(config["admin"], admin.properties),
    store: text(config["store"], store.default),
    pluginsDir: text(config["pluginsDir"], pluginsDir.default),
    lookups: lookupsOf(config["routes"]),
  };
}

function hostnameOf(value: Json | undefined): string | null {
  return typeof value === "string" && isHostname(value) ? value : null;
}

/** A port, also as the text that a variable is. */
function portOf(value: Json | undefined): number | null {
  return /^\d{1,5}$/.test(String(value)) && Number(value) <= 65_535 ? Number(value) : null;
}

const text = (value: Json | undefined, otherwise: string) => typeof value === "string" ? value : otherwise;

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { loadConfig } from "../../lib/config/load.ts";
import { mappedFolders } from "../../lib/launch/mapped_folders.ts";
import { permissionsOf } from "../../lib/launch/permissions.ts";
import { openStore } from "../../lib/store/open.ts";
import { placeOf } from "../../lib/store/place.ts";
import { SIZES } from "../../lib/store/sqlite/sizes.ts";
import { launchConfigOf } from "../../lib/launch/read_config.ts";
import { flagsFor, makeFolder, start, type Started, writeConfig } from "./launched.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url)).replace(/\/$/, "");
const PLACE = {
  project: "/app",
  configFile: "/etc/coinrelay/config.json",
  hasConfig: true,
  deno: "/bin/deno",
  code: [],
};

/** Where the standard library is, when the tests are run on a checkout of it. */
const FOREIGN_CODE = mappedFolders(Deno.readTextFileSync(join(ROOT, ".imports.json")));

/** What breaks in a relay that lacks one permission; resolves when it has. */
type Breaks = (relay: Started) => Promise<unknown>;

/** It ends, or says so of its plugin. */
const saying = (pattern: RegExp): Breaks => (relay) => relay.find(pattern);

/** Each permission of the list in SECURITY.md, and what no longer works without it. */
const NEEDED: Record<string, Breaks> = {
  "read CONFIG": saying(/read access to ".*config\.json"/),
  "read PLUGINS": saying(/read access to ".*plugins"/),
  "read CODE": saying(/read access to ".*start\.ts"/),
  "read STORE": saying(/Cannot open .*relay\.db.*read access/),
  "write STORE": saying(/Cannot open .*relay\.db.*write access/),
  "net SERVER": saying(/net access to "127\.0\.0\.1:0"/),
  "net ADMIN": saying(/net access to "\[::1\]:0"/),
  "run DENO": saying(/Requires run access/),
  "run /bin/sh": async (relay) => {
    const response = await fetch(`${await relay.adminUrl()}/api/plugins`);
    const { items } = await response.json();
    assertEquals(items.map(({ memoryBytes }: { memoryBytes: number }) => memoryBytes), [0]);
  },
  "sys networkInterfaces": saying(/could not be started: Requires sys access.*"plugin":"greet"/),
  "env": saying(/env access/),
};

/** The permissions of a relay that listens on two ports, one a line: `read CONFIG`, … */
function named(flags: readonly string[], folder: string): string[] {
  const words: Record<string, string> = {
    [`${folder}/config`]: "CONFIG",
    [`${folder}/plugins`]: "PLUGINS",
    [`${folder}/state`]: "STORE",
    [`${ROOT}/lib`]: "CODE",
    "127.0.0.1:0": "SERVER",
    "[::1]:0": "ADMIN",
    [Deno.execPath()]: "DENO",
  };
  return flags.filter((flag) => flag !== "--no-prompt").flatMap((flag) => {
    const [, kind, values] = /^--allow-(\w+)(?:=(.*))?$/.exec(flag)!;
    if (values === undefined) return [kind!];
    return values.split(",").filter((value) => !FOREIGN_CODE.includes(value))
      .map((value) => `${kind} ${words[value] ?? value}`);
  });
}

const without = (flags: readonly string[], folder: string, permission: string) =>
  flags.flatMap((flag) => {
    const [, kind, values] = /^--allow-(\w+)(?:=(.*))?$/.exec(flag) ?? [];
    if (kind !== permission.split(" ")[0]) return [flag];
    const left = (values ?? "").split(",").filter((value) =>
      named([`--allow-${kind}=${value}`], folder)[0] !== permission
    );
    return values === undefined || left.length === 0 ? [] : [`--allow-${kind}=${left.join(",")}`];
  });

/** More events than a store lists without its second thread. */
const MANY = SIZES.smallStore + 1000;

async function fillStore(folder: string): Promise<void> {
  const store = await openStore("sqlite:state/relay.db", folder);
  const body = new TextEncoder().encode("{}");
  const event = {
    source: "cryptosync",
    type: null,
    coin: null,
    receivedAt: Date.now(),
    timestamp: "",
    signature: "",
  };
  await store.append(Array.from({ length: MANY }, (_, i) => ({
    ...event,
    id: `evt-${i}`,
    body,
    test: false,
    depth: 0,
    deliveries: [],
  })));
  await store.close();
}

/** A relay with each of its files in a folder of its own. */
async function withRelay(use: (configFile: string, folder: string) => Promise<unknown>): Promise<void> {
  const folder = await makeFolder();
  try {
    await Deno.mkdir(join(folder, "config"));
    await writeConfig(join(folder, "config"), {
      server: { hostname: "127.0.0.1", port: 0 },
      admin: { hostname: "[::1]", port: 0 },
      store: "sqlite:../state/relay.db",
      pluginsDir: "../plugins",
    });
    await use(join(folder, "config", "config.json"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a relay has the permissions that SECURITY.md lists, and no other", () =>
  withRelay(async (configFile, folder) => {
    const flags = await flagsFor(configFile);
    assertEquals(named(flags, folder).toSorted(), Object.keys(NEEDED).toSorted());
    const text = await Deno.readTextFile(join(ROOT, "SECURITY.md"));
    const listed = [...text.matchAll(/^\| `(read|write|net|run|sys|env)( [^`]+)?` /gm)];
    assertEquals(
      listed.map(([, kind, name]) => kind + (name ?? "")).toSorted(),
      Object.keys(NEEDED).toSorted(),
    );
  }));

for (const [permission, breaks] of Object.entries(NEEDED)) {
  Deno.test({
    name: `without the permission "${permission}" a relay does not do its work`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withRelay(async (configFile, folder) => {
        const flags = await flagsFor(configFile);
        const less = without(flags, folder, permission);
        assert(less.join() !== flags.join(), "one is taken away");
        await using relay = start(configFile, less);
        await breaks(relay);
      }),
  });
}

Deno.test("a launched relay lists a store that is too large for the thread that writes", () =>
  withRelay(async (configFile, folder) => {
    await fillStore(folder);
    await using relay = start(configFile);
    const response = await fetch(`${await relay.adminUrl()}/api/events`);
    assertEquals((await response.json()).items[0].id, `evt-${MANY - 1}`);
  }));

Deno.test("with a listener, a database and certificates elsewhere, just these are allowed", () => {
  const config = launchConfigOf({
    server: { hostname: "::", port: 80 },
    store:
      "postgres://relay:x@db.example/relay?sslrootcert=/etc/ssl/db.pem&sslcert=me.pem&sslkey=/keys/me.key",
  });
  const place = { ...PLACE, code: ["/std"] };
  assertEquals(permissionsOf(config, place, placeOf(config.store, "/etc/coinrelay")), {
    read: ["/etc/coinrelay", "/app/lib", "/std", "/etc/ssl/db.pem", "/keys/me.key"],
    write: [],
    net: ["[::]:80", "127.0.0.1:8081", "db.example:5432"],
    run: ["/bin/deno", ...(Deno.build.os === "linux" ? ["/bin/sh"] : [])],
    sys: ["networkInterfaces"],
  });
});

Deno.test("a first start may write config.json and .env beside the store, and nothing else of their folder", () => {
  const config = launchConfigOf({ pluginsDir: "../coinrelay-plugins" });
  const { read, write } = permissionsOf(
    config,
    { ...PLACE, hasConfig: false },
    placeOf(config.store, "/etc/coinrelay"),
  );
  assertEquals(write, ["/etc/coinrelay/data", "/etc/coinrelay/config.json", "/etc/coinrelay/.env"]);
  // A name that begins like another folder's is not inside it.
  assertEquals(read, ["/etc/coinrelay", "/etc/coinrelay-plugins", "/app/lib", "/app/config.example.json"]);
});

Deno.test("a database behind a socket needs that socket alone", () => {
  const { net, read, write } = permissionsOf(
    launchConfigOf({}),
    PLACE,
    {
      ...placeOf("postgres://relay@db.example/relay", "/etc/coinrelay"),
      net: [],
      socket: "/run/pg/.s.PGSQL.5432",
    },
  );
  assertEquals(net, ["0.0.0.0:8080", "127.0.0.1:8081", "unix:/run/pg/.s.PGSQL.5432"]);
  assertEquals([read.includes("/run/pg/.s.PGSQL.5432"), write], [true, ["/run/pg/.s.PGSQL.5432"]]);
});

Deno.test("a listener may be at a port that is one, as a number or as a variable's text, and else where the default is", () => {
  const port = (given: string | number | boolean) => launchConfigOf({ server: { port: given } }).server.port;
  assertEquals([0, 443, 65_535, "9000"].map(port), [0, 443, 65_535, 9000]);
  assertEquals([65_536, -1, 80.5, "eighty", "0x50", " 80", "", true].map(port), Array(8).fill(8080));
});

Deno.test("names that a plugin may reach beside any public host may be looked up, and no other names", () => {
  const route = (plugin: string, url: string, net: string[]) => ({
    plugin,
    options: { url },
    allow: { net },
  });
  const config = launchConfigOf({
    routes: [
      route("check", "https://inside.example:8443/x", ["*", "10.0.0.7", "db.internal:5432"]),
      route("check", "https://also.example", []),
      route("chat", "https://hooks.example", ["other.example"]),
    ],
  });
  assertEquals(config.lookups, ["inside.example", "db.internal", "also.example"]);
  assertEquals(permissionsOf(config, PLACE, placeOf("", "/")).net, [
    "0.0.0.0:8080",
    "127.0.0.1:8081",
    ...config.lookups,
  ]);
});

Deno.test("the launcher's defaults are the config's", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "plugins"));
    const file = join(folder, "config.json");
    await Deno.writeTextFile(file, '{"sources": [{"name": "a", "secrets": ["whsec_1234567890"]}]}');
    const { server, admin, store, pluginsDir } = loadConfig(file, {});
    const { lookups, ...launch } = launchConfigOf({});
    assertEquals(launch, {
      server: { hostname: server.hostname, port: server.port },
      admin: { hostname: admin.hostname, port: admin.port },
      store,
      pluginsDir,
    });
    assertEquals(lookups, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

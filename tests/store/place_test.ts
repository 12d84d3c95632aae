import { assertEquals } from "@std/assert";
import { secretFiles } from "../../lib/secret_files.ts";
import { placeOf } from "../../lib/store/place.ts";

const NOWHERE = { files: [], folder: null, net: [], socket: null, certificates: [], key: null };

Deno.test("a store's place is read from its URL", () => {
  const cases: [string, Partial<ReturnType<typeof placeOf>>][] = [
    ["sqlite:./data/relay.db", {
      folder: "/etc/r/data",
      files: ["/etc/r/data/relay.db", "/etc/r/data/relay.db-wal", "/etc/r/data/relay.db-shm"],
    }],
    ["postgres://u:p@db.example/d", { net: ["db.example:5432"] }],
    ["postgresql://u:p@[2001:db8::1]:6000/d", { net: ["[2001:db8::1]:6000"] }],
    ["postgres://u:p@x/d?host=/run/postgresql", { socket: "/run/postgresql/.s.PGSQL.5432" }],
    ["postgres://u:p@h/d?sslrootcert=ca.pem&sslcert=/a.pem&sslkey=own.key", {
      net: ["h:5432"],
      certificates: ["/etc/r/ca.pem", "/a.pem"],
      key: "/etc/r/own.key",
    }],
    ["postgres://no-database", {}],
    ["mysql://u:p@h/d", {}],
    ["", {}],
  ];
  for (const [url, place] of cases) assertEquals(placeOf(url, "/etc/r"), { ...NOWHERE, ...place }, url);
});

Deno.test("no plugin gets at what is the relay's alone, wherever its store is", () => {
  assertEquals(secretFiles({ store: "sqlite:relay.db" }, "/etc/r/prod.json"), [
    "/etc/r/prod.json",
    "/etc/r/config.json",
    "/etc/r/.env",
    "/etc/r/relay.db",
    "/etc/r/relay.db-wal",
    "/etc/r/relay.db-shm",
    "/etc/r/plugins.json",
    "/etc/r/plugins.json.new",
    "/etc/r/plugin-versions",
  ]);
  assertEquals(
    secretFiles(
      { store: "postgres://u:p@x/d?host=/run/pg&sslcert=own.pem&sslkey=own.key" },
      "/etc/r/config.json",
    ),
    ["/etc/r/config.json", "/etc/r/.env", "/etc/r/own.key", "/run/pg/.s.PGSQL.5432"],
  );
});

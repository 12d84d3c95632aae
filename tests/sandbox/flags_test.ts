/** The command line of a plugin's process is all that keeps it: so it is tested as it stands. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { processArguments } from "../../lib/sandbox/flags.ts";
import { coversHost, type Grant, grantKey, grantMistake, grantsOf } from "../../lib/sandbox/grants.ts";

const PATHS = {
  readable: ["/r/plugins"],
  root: "/r",
  importMap: "/r/.imports.json",
  lock: ["--no-lock"],
  code: ["/r/plugins", "/r/lib"],
  hidden: ["/r/.env", "/r/config.json"],
};
const grant = (kind: Grant["kind"], target: string): Grant => ({ kind, target, route: "r", why: "here" });
const permissions = (grants: Grant[], denied: string[] = []) =>
  processArguments(PATHS, { plugin: "p", grants, denied, heapMiB: 100 }).filter((flag) =>
    /^--(allow|deny)/.test(flag)
  );

Deno.test("without grants a process may read the plugins folder and lib, and nothing else", () => {
  assertEquals(permissions([]), [
    "--allow-read=/r/plugins,/r/lib",
    "--deny-read=/r/.env,/r/config.json",
    "--deny-write=/r/plugins,/r/lib,/r/.env,/r/config.json",
  ]);
  const all = processArguments(PATHS, { plugin: "p", grants: [], denied: [], heapMiB: 100 });
  for (const flag of ["--no-prompt", "--cached-only", "--no-config"]) assert(all.includes(flag), flag);
  assertEquals(all.at(-1), "/r/lib/sandbox/bootstrap.ts");
});

Deno.test("what is granted is named, once, and what may be written may be read", () => {
  const grants = [
    grant("net", "a.example:443"),
    grant("net", "b.example"),
    grant("net", "a.example:443"),
    grant("read", "/data/in"),
    grant("write", "/data/in"),
    grant("write", "/data/out"),
    grant("env", "TOKEN"),
    grant("sys", "hostname"),
  ];
  assertEquals(permissions(grants), [
    "--allow-read=/r/plugins,/r/lib,/data/in,/data/out",
    "--deny-read=/r/.env,/r/config.json",
    "--allow-write=/data/in,/data/out",
    "--deny-write=/r/plugins,/r/lib,/r/.env,/r/config.json",
    "--allow-env=TOKEN",
    "--allow-sys=hostname",
    "--allow-net=a.example:443,b.example",
  ]);
});

Deno.test("a path with a comma, which Deno would take for two, is refused wherever it stands", () => {
  const owner = { plugin: "p", grants: [], denied: [], heapMiB: 100 };
  for (
    const paths of [{ root: "/r,s" }, { readable: ["/r/plug,ins"] }, { hidden: ["/r/plugins/link,out"] }]
  ) {
    assertThrows(
      () => processArguments({ ...PATHS, ...paths }, owner),
      RangeError,
      "a path must not hold a comma",
    );
  }
});

Deno.test("any public host comes with what it leaves out", () => {
  const flags = permissions([grant("net", "*"), grant("net", "10.0.0.1:80")], ["10.0.0.0/8", "[::1]"]);
  assertEquals(flags.slice(-2), ["--allow-net", "--deny-net=10.0.0.0/8,[::1]"]);
});

Deno.test("a route grants the hosts of its options' URLs, wherever they stand, and what it allows", () => {
  const grants = grantsOf({
    name: "mail",
    options: {
      smtp: "smtps://user:pass@Mail.Example",
      hooks: [{ url: "https://hook.example:8443/a?b" }, "http://[fd00::1]/x"],
      text: "see https://nowhere.example for more",
      socket: "wss://live.example/feed",
      count: 3,
      none: null,
    },
    allow: {
      net: ["api.example", "https://full.example/path"],
      write: ["./out/list.json"],
      read: ["/etc/hosts"],
    },
  }, "/home/relay");
  assertEquals(grants.map(({ kind, target, why }) => [kind, target, why]), [
    ["net", "mail.example:465", "options.smtp"],
    ["net", "hook.example:8443", "options.hooks[0].url"],
    ["net", "[fd00::1]:80", "options.hooks[1]"],
    ["net", "live.example:443", "options.socket"],
    ["net", "api.example", "allow.net[0]"],
    ["net", "full.example:443", "allow.net[1]"],
    ["read", "/etc/hosts", "allow.read[0]"],
    ["write", "/home/relay/out/list.json", "allow.write[0]"],
  ]);
  assertEquals(grants.map(grantMistake).filter((mistake) => mistake !== null), []);
});

Deno.test("nothing is granted by accident", () => {
  const wrong: [Grant["kind"], string][] = [
    ["net", ""],
    ["net", "a b"],
    ["net", "a.example,b.example"],
    ["net", "*.*"],
    ["net", "a.example:port"],
    ["net", "unix:/var/run/docker.sock"],
    ["net", "vsock:1:2"],
    ["net", "a.example:99999"],
    ["net", "a.example/24"],
    ["net", "10.0.0.0/33"],
    ["net", "[::zz]:80"],
    ["env", "*"],
    ["env", "AWS_*"],
    ["env", ""],
    ["sys", "*"],
    ["sys", "hostnam"],
    ["read", "/a,/b"],
  ];
  for (const [kind, target] of wrong) assert(grantMistake(grant(kind, target)) !== null, `${kind} ${target}`);
  const right: [Grant["kind"], string][] = [
    ["net", "*"],
    ["net", "a.example"],
    ["net", "*.a.example:443"],
    ["net", "10.0.0.0/8"],
    ["net", "127.0.0.1:80"],
    ["net", "[::1]:80"],
    ["net", "localhost"],
    ["net", "my_service:8080"],
    ["env", "TOKEN"],
    ["sys", "hostname"],
  ];
  for (const [kind, target] of right) {
    assertEquals(grantMistake(grant(kind, target)), null, `${kind} ${target}`);
  }
});

Deno.test("a granted host covers itself, and with a star what is below it, but nothing that only ends alike", () => {
  const covers = (target: string, host: string) => coversHost([grant("net", target)], host);
  for (
    const [target, host, covered] of [
      ["a.example", "a.example:443", true],
      ["a.example:443", "a.example:443", true],
      ["a.example:443", "a.example:80", false],
      ["*.a.example", "b.a.example:443", true],
      ["*.a.example:443", "b.a.example:443", true],
      ["*.a.example:443", "b.a.example:80", false],
      ["*.a.example", "bada.example:443", false],
      ["*", "a.example:443", true],
      ["*", "10.0.0.1:443", false],
    ] as const
  ) assertEquals(covers(target, host), covered, `${target} ${host}`);
  assertEquals(coversHost([grant("read", "a.example:443")], "a.example:443"), false);
});

Deno.test("grants are the same when they are of the same, in whatever order and from whatever route", () => {
  const [a, b] = [grant("read", "/data"), grant("net", "a.example")];
  assertEquals(grantKey([a, b]), grantKey([b, { ...a, route: "other", why: "there" }, a]));
  for (const other of [[a], [a, grant("write", "/data")], [grant("write", "/data"), b]]) {
    assertEquals(grantKey([a, b]) === grantKey(other), false);
  }
});

import { assert, assertEquals } from "@std/assert";
import { deniedHosts, type NamedHost } from "../../lib/sandbox/private_hosts.ts";

/** Whether an IPv4 address is denied, by arithmetic of its own. */
function denies(denied: string[], address: string): boolean {
  const bits = (text: string) =>
    text.split(".").map((part) => Number(part).toString(2).padStart(8, "0")).join("");
  return denied.filter((entry) => entry.includes("/") || entry === address).some((entry) => {
    const [range = "", length = "32"] = entry.split("/");
    return bits(address).startsWith(bits(range).slice(0, Number(length)));
  });
}

const denied = (own: string[], named: NamedHost[] = [], ports: number[] = []) =>
  deniedHosts(own, named, ports);

Deno.test("what is not public is denied, to its first and last address, and nothing beside it", () => {
  const list = denied([]);
  const edges: [first: string, last: string, before: string | null, after: string | null][] = [
    ["0.0.0.0", "0.255.255.255", null, "1.0.0.0"],
    ["10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0"],
    ["100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0"],
    ["127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0"],
    ["169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0"],
    ["172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0"],
    ["192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0"],
    ["192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"],
    ["192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0"],
    ["192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0"],
    ["198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0"],
    ["198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0"],
    ["203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0"],
    ["224.0.0.0", "255.255.255.255", "223.255.255.255", null],
  ];
  for (const [first, last, before, after] of edges) {
    assert(denies(list, first), first);
    assert(denies(list, last), last);
    for (const outside of [before, after]) if (outside) assert(!denies(list, outside), outside);
  }
  assert(list.includes("[::1]") && list.includes("[::]"));
});

Deno.test("this machine's own addresses are denied, public or not", () => {
  const list = denied(["8.8.4.4", "2001:db8::7", "fe80::1%eth0"]);
  for (const entry of ["8.8.4.4", "[2001:db8::7]", "[fe80::1]"]) assert(list.includes(entry), entry);
});

Deno.test("a named address is spared, and its neighbours are not", () => {
  const list = denied(["10.1.2.3", "::1"], [{ address: "10.1.2.3", port: 80 }, {
    address: "::1",
    port: null,
  }]);
  assert(!denies(list, "10.1.2.3"));
  assert(!list.includes("[::1]"));
  for (const neighbour of ["10.1.2.2", "10.1.2.4", "10.0.0.0", "10.255.255.255", "127.0.0.1"]) {
    assert(denies(list, neighbour), neighbour);
  }
});

Deno.test("a named range is spared as a whole", () => {
  const list = denied([], [{ address: "192.168.4.0/22", port: null }, { address: "10.0.0.0/7", port: null }]);
  for (const address of ["192.168.4.0", "192.168.7.255", "10.0.0.1"]) assert(!denies(list, address), address);
  for (const address of ["192.168.3.255", "192.168.8.0"]) assert(denies(list, address), address);
});

Deno.test("the relay's own ports stay denied on a named address, unless they are named", () => {
  const named = [{ address: "127.0.0.1", port: 9000 }, { address: "::1", port: 8081 }];
  const list = denied([], named, [8081, 8080]);
  assertEquals(list.filter((entry) => /:\d+$/.test(entry) && !entry.endsWith("]")), [
    "127.0.0.1:8081",
    "127.0.0.1:8080",
    "[::1]:8080",
  ]);
});

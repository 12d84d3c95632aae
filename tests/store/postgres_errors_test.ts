/** What a failure of PostgreSQL's means: whether it is run again, waited for, told as the database's fault, and how. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import postgres from "postgres";
import { StoreUnavailable, StoreUnusable } from "../../lib/store/contract.ts";
import {
  ConnectionLost,
  lostBy,
  mayComeUp,
  mayRunAgain,
  NotSecured,
  translate,
  translateAtOpen,
} from "../../lib/store/postgres/errors.ts";

/** An error of the server with this SQLSTATE. */
const refused = (code: string): Error =>
  Object.assign(Object.create(postgres.PostgresError.prototype) as Error, { code, message: "it says so" });

Deno.test("what others got in the way of is run again, and so is what took for granted a row that is gone or there", () => {
  const again = ["40001", "40P01", "23502", "23505"].map(refused).map(mayRunAgain);
  assertEquals(again, [true, true, true, true]);
  const not = [
    ...["23514", "42601", "53100", "57014"].map(refused),
    new ConnectionLost("broke"),
    new Error("40"),
  ];
  assertEquals(not.map(mayRunAgain), not.map(() => false));
});

Deno.test("what the client says by codes of its own is told in words, whatever else as it is", () => {
  const coded = (code: string) =>
    lostBy(Object.assign(new Error(`write ${code} undefined:undefined`), { code })).message;
  assertEquals(coded("CONNECT_TIMEOUT"), "it took the connection and did not answer");
  for (const code of ["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED"]) {
    assertEquals(coded(code), "the connection broke");
  }
  assertEquals(
    lostBy(new Error("connect ECONNREFUSED 127.0.0.1:1")).message,
    "connect ECONNREFUSED 127.0.0.1:1",
  );
});

Deno.test("what is the database's fault is told as such, with what to do; the rest is handed on as it is", () => {
  const remedies: Record<string, string> = {
    "53100": "(its disk is full; make room)",
    "53400": "(it is out of resources)",
    "57P03": "(it is stopping or starting; a later try may succeed)",
    "57014": "(the statement took too long; a later try may succeed)",
    "28P01": "check the user and password in the URL",
    "3D000": "create the database",
    "42501": "give the role the rights",
    "25006": "it is a standby",
    "XX001": "its data is damaged",
  };
  for (const [code, remedy] of Object.entries(remedies)) {
    const told = translate(refused(code), "the store") as Error;
    assertEquals([code, told instanceof StoreUnavailable], [code, true]);
    assertStringIncludes(told.message, "Cannot use the store: it says so ");
    assertStringIncludes(told.message, remedy);
  }
  const lost = translate(new ConnectionLost("the connection broke"), "the store") as Error;
  assertEquals([lost instanceof StoreUnavailable, lost.message], [
    true,
    "Cannot use the store: the connection broke",
  ]);
  for (const error of [refused("23514"), refused("42601"), new TypeError("ours")]) {
    assertEquals(translate(error, "the store"), error);
  }
});

Deno.test("a database that cannot be opened is waited for where that may help, and it is told where to look", () => {
  const unreached = "see that the server runs, and that host and port in the URL are right";
  const cases: [error: Error, waits: boolean, tellsOfHost: boolean][] = [
    [new ConnectionLost("no answer"), true, true],
    [new NotSecured("the server speaks no TLS"), false, false],
    [refused("57P03"), true, false],
    [refused("53300"), true, false],
    [refused("55006"), true, false],
    [refused("28P01"), false, false],
    [refused("3D000"), false, false],
  ];
  for (const [error, waits, tellsOfHost] of cases) {
    const told = translateAtOpen(error, "the store") as Error;
    assertEquals([mayComeUp(error), told instanceof StoreUnusable, told.message.includes(unreached)], [
      waits,
      true,
      tellsOfHost,
    ], error.message);
  }
  const own = new TypeError("ours");
  assertEquals([mayComeUp(own), translateAtOpen(own, "the store")], [false, own]);
});

/** What a plugin threw is told in a line that helps its author. */
import { assertEquals } from "@std/assert";
import { RetryLater } from "coinrelay/plugin";
import { describeFailure, endingOf, refusalOf } from "../../lib/sandbox/inside/failure.ts";

const FOLDER = "file:///r/my%20plugins/";

/** An error with a stack that names this place. */
function thrownAt(place: string, message = "oh dear"): Error {
  const error = new Error(message);
  error.stack = `Error: ${message}\n    at run (${place})\n    at file:///r/lib/x.ts:1:1`;
  return error;
}

Deno.test("the first place in the plugins folder is told, by its name on the disk", () => {
  assertEquals(describeFailure(thrownAt(`${FOLDER}new%20links.ts:3:7`), FOLDER), {
    text: "oh dear",
    file: "new links.ts",
    line: 3,
  });
  assertEquals(describeFailure(thrownAt("file:///elsewhere/x.ts:3:7"), FOLDER).file, null);
});

Deno.test("nobody is told to run a plugin with other flags of Deno", () => {
  const message = 'Requires net access to "x.example:443", run again with the --allow-net flag';
  assertEquals(
    describeFailure(thrownAt("x", message), FOLDER).text,
    'Requires net access to "x.example:443", which its route does not grant',
  );
});

Deno.test("a refused access is found where another error came of it, but not for ever", () => {
  let error = new Error('Requires net access to "x.example:443"');
  for (let i = 0; i < 3; i++) error = new Error("failed", { cause: error });
  assertEquals(refusalOf(error), { kind: "net", target: "x.example:443" });
  const round = new Error("failed");
  round.cause = round;
  assertEquals(refusalOf(round), null);
});

Deno.test("a wait that is none is not asked for", () => {
  const seconds = [7, 0, -7, NaN].map((wait) => endingOf(new RetryLater(wait), FOLDER).retryAfterSeconds);
  assertEquals(seconds, [7, 0, null, null]);
});

Deno.test("what cannot be described is told as such", () => {
  const hostile = Object.defineProperty(new Error("x"), "message", {
    get() {
      throw new Error("no");
    },
  });
  assertEquals(describeFailure(hostile, FOLDER).text, "threw something that cannot be described");
  assertEquals(endingOf(hostile, FOLDER).outcome, "retry");
});

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type End, Line } from "../../lib/line.ts";

class Full extends Error {
  override name = "Full";
}

interface Sums {
  add(a: number, b: number): Promise<number>;
  fail(name: string): void;
}

/** Two ends of a line, in one thread; what goes over is copied as between two. */
function ends(answers: Partial<Sums> = {}, told: unknown[] = []) {
  const { port1, port2 } = new MessageChannel();
  const asking = new Line<Sums>(port1 as unknown as End, {
    errors: { Full },
    onTold: (one) => told.push(one),
  });
  const answering = new Line<Record<never, never>, Sums>(port2 as unknown as End, {
    answers: {
      add: (a, b) => Promise.resolve(a + b),
      fail(name) {
        throw Object.assign(new Error(`it is ${name}`), { name });
      },
      ...answers,
    },
  });
  return {
    asking,
    answering,
    told,
    [Symbol.dispose]() {
      port1.close();
      port2.close();
    },
  };
}

Deno.test("each question gets its own answer, whatever the order in which they come", async () => {
  const gates = new Map<number, () => void>();
  using line = ends({
    add: async (a, b) => {
      await new Promise<void>((go) => gates.set(a, go));
      return a + b;
    },
  });
  const answers = [1, 2, 3].map((a) => line.asking.ask("add", a, 10));
  while (gates.size < 3) await new Promise((resolve) => setTimeout(resolve));
  assertEquals(line.asking.quiet, false);
  for (const a of [3, 1, 2]) gates.get(a)!();
  assertEquals(await Promise.all(answers), [11, 12, 13]);
  assertEquals(line.asking.quiet, true);
});

Deno.test("an error that both ends know comes over as what it is, any other with its name", async () => {
  using line = ends();
  assertInstanceOf(await assertRejects(() => line.asking.ask("fail", "Full")), Full);
  const other = await assertRejects(() => line.asking.ask("fail", "Odd"), Error, "it is Odd");
  assertEquals(other.name, "Odd");
});

Deno.test("what cannot go over refuses its question, and no other", async () => {
  using line = ends();
  const { asking } = line;
  const before = asking.ask("add", 1, 0);
  const odd = asking.ask("add", (() => 1) as unknown as number, 1);
  const after = asking.ask("add", 1, 1);
  await assertRejects(() => odd, DOMException);
  assertEquals(await Promise.all([before, after]), [1, 2]);
  assertEquals(asking.quiet, true);
});

Deno.test("what goes over with a question that cannot arrives all the same", async () => {
  const { port1, port2 } = new MessageChannel();
  const told: unknown[] = [];
  const one: Line<Sums, Sums> = new Line<Sums, Sums>(port1 as unknown as End, {
    answers: {
      add(a, b) {
        odd = one.ask("fail", (() => 1) as unknown as string); // in the turn of the answer, and of what is told
        odd.catch(() => {});
        one.tell("told");
        return Promise.resolve(a + b);
      },
      fail: () => {},
    },
  });
  let odd: Promise<void> | undefined;
  const other = new Line<Sums>(port2 as unknown as End, { onTold: (what) => told.push(what) });
  try {
    assertEquals(await other.ask("add", 1, 2), 3);
    assertEquals(told, ["told"]);
    await assertRejects(() => odd!, DOMException);
    assertEquals(one.quiet, true);
  } finally {
    port1.close();
    port2.close();
  }
});

Deno.test("settled is when nothing is waited for, also of what was asked meanwhile", async () => {
  using line = ends();
  let second: unknown = null;
  void line.asking.ask("add", 1, 1).then(async () => second = await line.asking.ask("add", 2, 2));
  await line.asking.settled();
  assertEquals([second, line.asking.quiet], [4, true]);
});

Deno.test("what is told in one turn comes in order", async () => {
  using line = ends();
  for (let i = 0; i < 3; i++) line.answering.tell({ i });
  await line.asking.ask("add", 0, 0);
  assertEquals(line.told, [{ i: 0 }, { i: 1 }, { i: 2 }]);
});

Deno.test("whoever waits when a line ends is refused, and whoever asks afterwards", async () => {
  using line = ends({ add: () => new Promise(() => {}) });
  const waiting = line.asking.ask("add", 1, 1);
  line.asking.end(new Full("it is over"));
  await assertRejects(() => waiting, Full, "it is over");
  await assertRejects(() => line.asking.ask("add", 1, 1), Full, "it is over");
  await line.asking.settled();
});

Deno.test("over a line that has ended nothing goes, either way, and the thread that was started is ended", async () => {
  let asked = 0;
  using line = ends({
    add: (a, b) => {
      asked++;
      return Promise.resolve(a + b);
    },
  });
  line.answering.tell("before");
  await line.asking.ask("add", 0, 0);
  const waiting = line.asking.ask("add", 1, 1);
  line.asking.end(new Full("it is over")); // in the turn of the question
  await assertRejects(() => waiting, Full);
  line.answering.tell("to the end that has ended");
  line.asking.tell("from it");
  const witness = ends(); // its question goes over later than all of that
  await witness.asking.ask("add", 0, 0);
  witness[Symbol.dispose]();
  assertEquals([line.told, asked], [["before"], 1]);

  let terminated = 0;
  const end: End = { onmessage: null, postMessage: () => {}, terminate: () => terminated++ };
  new Line(end).end(new Full("it is over"));
  assertEquals(terminated, 1);
});

Deno.test("an end that has ended tells nothing more, also what it was about to tell", async () => {
  using line = ends();
  line.answering.tell("about to");
  line.answering.end(new Full("it is over"));
  line.answering.tell("afterwards");
  const witness = ends();
  await witness.asking.ask("add", 0, 0);
  witness[Symbol.dispose]();
  assertEquals(line.told, []);
});

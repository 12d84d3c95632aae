/** Stands in for `@std/assert` where JSR cannot be reached: the functions that the tests use. @module */
import { AssertionError as NodeAssertionError, deepStrictEqual } from "node:assert";

/** Thrown by every function of this module when what it asserts does not hold. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

// deno-lint-ignore no-explicit-any -- the library's own signature: any constructor
type Constructor<T> = abstract new (...args: any[]) => T;

const show = (value: unknown) => Deno.inspect(value, { depth: 10, strAbbreviateSize: 2000 });
const because = (msg?: string) => msg ? `: ${msg}` : ".";

/** Whether two values are alike in structure. */
export function equal(actual: unknown, expected: unknown): boolean {
  try {
    deepStrictEqual(actual, expected);
    return true;
  } catch {
    return false;
  }
}

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertFalse(expr: unknown, msg = "Expected a falsy value"): asserts expr is false {
  if (expr) throw new AssertionError(msg);
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    const detail = error instanceof NodeAssertionError ? error.message : String(error);
    throw new AssertionError(`Values are not equal${because(msg)}\n${detail}`);
  }
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    throw new AssertionError(`Expected actual: ${show(actual)} not to be: ${show(expected)}${because(msg)}`);
  }
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    throw new AssertionError(
      `Values are not strictly equal${because(msg)}\n${show(actual)}\n${show(expected)}`,
    );
  }
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(`Expected actual: "${actual}" to not be null or undefined${because(msg)}`);
  }
}

export function assertInstanceOf<T>(
  actual: unknown,
  expected: Constructor<T>,
  msg?: string,
): asserts actual is T {
  if (!(actual instanceof expected)) {
    throw new AssertionError(
      `Expected object to be an instance of "${expected.name}" but was ${show(actual)}${because(msg)}`,
    );
  }
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${because(msg)}`);
  }
}

export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${because(msg)}`);
  }
}

export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) {
    throw new AssertionError(`Expected actual: "${actual}" to not match: "${expected}"${because(msg)}`);
  }
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T>,
  expected: ArrayLike<T>,
  msg?: string,
): void {
  const missing = Array.from(expected).filter((wanted) =>
    !Array.from(actual).some((item) => equal(item, wanted))
  );
  if (missing.length > 0) {
    throw new AssertionError(
      `Expected actual: "${show(actual)}" to include: "${show(expected)}"${because(msg)}\nmissing: ${
        show(missing)
      }`,
    );
  }
}

export function assertObjectMatch(
  actual: Record<PropertyKey, unknown>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(subset(actual, expected), expected, msg);
}

function subset(actual: unknown, expected: unknown): unknown {
  if (Array.isArray(expected)) {
    return Array.isArray(actual)
      ? actual.slice(0, expected.length).map((item, i) => subset(item, expected[i]))
      : actual;
  }
  if (typeof expected !== "object" || expected === null || typeof actual !== "object" || actual === null) {
    return actual;
  }
  return Object.fromEntries(
    Object.keys(expected).filter((key) => Object.hasOwn(actual, key)).map((key) => [
      key,
      subset((actual as Record<string, unknown>)[key], (expected as Record<string, unknown>)[key]),
    ]),
  );
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) {
    throw new AssertionError(`Expect ${show(actual)} > ${show(expected)}${because(msg)}`);
  }
}

export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) {
    throw new AssertionError(`Expect ${show(actual)} >= ${show(expected)}${because(msg)}`);
  }
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) {
    throw new AssertionError(`Expect ${show(actual)} < ${show(expected)}${because(msg)}`);
  }
}

export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) {
    throw new AssertionError(`Expect ${show(actual)} <= ${show(expected)}${because(msg)}`);
  }
}

function checkError<E extends Error>(
  error: unknown,
  ErrorClass?: Constructor<E>,
  msgIncludes?: string,
): void {
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(`Expected error to be instance of "${ErrorClass.name}", but was ${show(error)}`);
  }
  if (msgIncludes !== undefined && !(error instanceof Error && error.message.includes(msgIncludes))) {
    throw new AssertionError(
      `Expected error message to include ${show(msgIncludes)}, but got ${
        show(error instanceof Error ? error.message : error)
      }`,
    );
  }
}

export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass?: Constructor<E>,
  msgIncludes?: string,
): E {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    checkError(thrown = error, ErrorClass, msgIncludes);
    return thrown as E;
  }
  throw new AssertionError("Expected function to throw.");
}

export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass?: Constructor<E>,
  msgIncludes?: string,
): Promise<E> {
  let thrown: unknown;
  try {
    await fn();
  } catch (error) {
    checkError(thrown = error, ErrorClass, msgIncludes);
    return thrown as E;
  }
  throw new AssertionError("Expected function to reject.");
}

export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${because(msg)}`);
}

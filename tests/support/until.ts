/** Waits for a condition. @module */

/**
 * Asks `ask` again and again until it answers something truthy, and answers that.
 *
 * @param patienceMs Generous: a slow machine must not fail a test.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  patienceMs = 30_000,
): Promise<NonNullable<T>> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    const answer = await ask();
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Waited ${patienceMs} ms in vain until ${what}`);
}

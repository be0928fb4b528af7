import { setInterval } from 'node:timers/promises';

const LOOK_AGAIN = 50;

/**
 * Looks until something holds, and fails when it does not in time.
 * @template T
 * @param {string} what for the message
 * @param {() => T | Promise<T>} look
 * @param {number} [limit] in milliseconds
 * @returns {Promise<NonNullable<T>>} what was seen, once it is truthy
 */
export async function eventually(what, look, limit = 15_000) {
  const end = performance.now() + limit;
  for await (const _ of setInterval(LOOK_AGAIN)) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > end) break;
  }
  throw new Error(`not within ${limit} ms: ${what}`);
}

import { setInterval } from 'node:timers/promises';

const LOOK_AGAIN = 50;

/**
 * Longest time from a stop to the file, in milliseconds. It only ends waiting for what never comes: mixing gives way to
 * everything else on the machine, and the browser of a test can take all of it for minutes.
 */
export const DELIVERY = 240_000;

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

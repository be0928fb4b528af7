import { MixdownError } from './errors.js';

/** Longest time the control plane may take to answer, in milliseconds. */
const JOIN_TIME = 15_000;

/**
 * @typedef {object} Grant
 * @property {string} token good for one connection, soon
 * @property {string} signalingUrl
 */

/**
 * Asks the control plane for a place in a room.
 * @param {{ endpoint: string, appKey: string, room: string, name?: string }} options
 * @returns {Promise<Grant>}
 */
export async function requestJoin({ endpoint, appKey, room, name }) {
  let response;
  try {
    response = await fetch(new URL('/api/v1/join', endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ appKey, room, name }),
      signal: AbortSignal.timeout(JOIN_TIME),
    });
  } catch {
    throw new MixdownError('unreachable', 'The control plane could not be reached.');
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new MixdownError(body.code ?? 'join_failed', body.detail ?? body.title ?? 'The room could not be joined.');
  }
  return body;
}

import { Room } from './room.js';

export { MixdownError } from './errors.js';
export { Room };

/**
 * Joins a room. Attach listeners right after: nothing is emitted before the next message of the node.
 * @param {import('./room.js').JoinOptions} options
 * @returns {Promise<Room>}
 */
export async function join(options) {
  const room = new Room(options);
  await room.enter();
  return room;
}

export const Mixdown = { join };

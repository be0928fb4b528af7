import assert from 'node:assert/strict';

/** Largest difference between the length of the file and the time it was recorded, in seconds. */
const DURATION_TOLERANCE = 0.3;
/** Largest median of how far sound and picture of a participant are apart, in milliseconds. */
const SYNC_TOLERANCE = 60;

/**
 * A file that plays everywhere and has the expected length.
 * @param {import('./judge.mjs').Footage} footage
 * @param {number} seconds
 */
export function expectSoundFile(footage, seconds) {
  assert.equal(footage.complaints, '', 'decodes without errors');
  assert.ok(footage.startsFast, `the index comes before the media: ${footage.boxes}`);
  const { video, audio } = footage.streams;
  assert.deepEqual([video?.codec_name, audio?.codec_name], ['h264', 'aac']);
  assert.deepEqual([video.width, video.height], [1280, 720]);
  const difference = footage.duration - seconds;
  assert.ok(Math.abs(difference) < DURATION_TOLERANCE, `${footage.duration} s in the file, ${seconds} s recorded`);
}

/**
 * A participant is seen moving in a tile and heard throughout.
 * @param {import('./judge.mjs').Footage} footage
 * @param {import('./media.mjs').Looks} looks
 * @param {{ share?: number, pictures?: number }} [options] least part of the recording; pictures that were sent meanwhile,
 * where a machine with more to do than this may have made few
 */
export function expectParticipant(footage, { name, colour, tone }, { share = 0.8, pictures = Infinity } = {}) {
  const tile = footage.tileOf(colour);
  assert.ok(tile, `${name} is seen`);
  const frames = footage.frameCount - 1;
  const moves = footage.motion(tile) * frames;
  const sent = Math.min(pictures, frames);
  assert.ok(sent > 0, `${name} sends pictures`);
  assert.ok(moves > share * 0.7 * sent, `${name} moves ${moves} times in ${frames} frames; ${pictures} were sent`);
  const heard = footage.toneShare(tone);
  assert.ok(heard >= share, `${name} is heard in ${heard} of the recording`);
  return tile;
}

/**
 * Flashes and beeps of a participant coincide.
 * @param {import('./judge.mjs').Footage} footage
 * @param {import('./media.mjs').Looks} looks
 * @param {number} leastPairs
 */
export function expectLipSync(footage, looks, leastPairs) {
  const tile = expectParticipant(footage, looks);
  const { pairs, milliseconds } = footage.lateness(tile, looks.beep);
  assert.ok(pairs >= leastPairs, `${pairs} flashes of ${looks.name} have their beep`);
  assert.ok(Math.abs(milliseconds) < SYNC_TOLERANCE, `the sound of ${looks.name} is ${milliseconds} ms late`);
}

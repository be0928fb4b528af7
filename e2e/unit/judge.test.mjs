import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Footage } from '../support/judge.mjs';
import { SAMPLE_RATE } from '../support/tones.mjs';

const WIDTH = 320;
const HEIGHT = 180;
const RATE = 30;
const SECONDS = 6;
const RED = /** @type {import('../support/judge.mjs').Colour} */ ([200, 40, 40]);
const BLUE = /** @type {import('../support/judge.mjs').Colour} */ ([40, 60, 200]);
const LEFT = { colour: RED, from: 0, period: 1, tone: 400, beep: 2000, moves: true };
const RIGHT = { colour: BLUE, from: WIDTH / 2, period: 1.3, tone: 600, beep: 3000, moves: false };
const FLASH = 0.12;

/** A picture of two tiles; each flashes white at the end of its period, the left one has a moving bar. */
function picture(time) {
  const frame = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (const tile of [LEFT, RIGHT]) {
    const white = time >= tile.period && time % tile.period < FLASH;
    const bar = Math.floor(((time / 2) % 1) * 140);
    for (let row = 45; row < 135; row++) {
      for (let column = 0; column < WIDTH / 2; column++) {
        const inBar = tile.moves && row > 110 && column >= bar && column < bar + 20;
        const colour = white || inBar ? [255, 255, 255] : tile.colour;
        frame.set(colour, (row * WIDTH + tile.from + column) * 3);
      }
    }
  }
  return frame;
}

/** Both constant tones, and the beeps later than the flashes by `late` seconds. */
function sound(late) {
  const samples = new Float32Array(SECONDS * SAMPLE_RATE);
  for (let index = 0; index < samples.length; index++) {
    const time = index / SAMPLE_RATE;
    for (const { tone, beep, period } of [LEFT, RIGHT]) {
      const since = time - late;
      const beeping = since >= period && since % period < FLASH;
      samples[index] += 0.05 * Math.sin(2 * Math.PI * tone * time) + (beeping ? 0.3 * Math.sin(2 * Math.PI * beep * time) : 0);
    }
  }
  return Buffer.from(samples.buffer);
}

async function encode(directory, name, late, options) {
  const path = join(directory, name);
  const soundPath = `${path}.f32`;
  await writeFile(soundPath, sound(late));
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${WIDTH}x${HEIGHT}`, '-r', String(RATE), '-i', '-', '-f', 'f32le', '-ar', String(SAMPLE_RATE), '-ac', '1', '-i', soundPath];
  const child = spawn('ffmpeg', ['-v', 'error', ...input, '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac', ...options, path], { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = once(child, 'exit');
  for (let frame = 0; frame < SECONDS * RATE; frame++) {
    if (!child.stdin.write(picture(frame / RATE))) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  assert.deepEqual(await ended, [0, null]);
  return path;
}

describe('the judge', () => {
  let directory = '';
  before(async () => (directory = await mkdtemp(join(tmpdir(), 'mixdown-judge-'))));
  after(() => rm(directory, { recursive: true, force: true }));

  test('sees tiles, motion, tones and lip sync of a good file', async () => {
    const footage = await Footage.of(await encode(directory, 'good.mp4', 0.1, ['-movflags', '+faststart']));
    assert.equal(footage.complaints, '');
    assert.ok(footage.startsFast);
    assert.ok(Math.abs(footage.duration - SECONDS) < 0.05, `duration ${footage.duration}`);
    assert.deepEqual([footage.streams.video.codec_name, footage.streams.audio.codec_name], ['h264', 'aac']);
    const [left, right] = [footage.tileOf(RED), footage.tileOf(BLUE)];
    assert.ok(left && right);
    assert.ok(left.right <= right.left + 1, JSON.stringify({ left, right }));
    assert.equal(footage.tileOf([40, 200, 40]), null);
    assert.ok(footage.motion(left) > 0.9, `motion of the moving tile: ${footage.motion(left)}`);
    assert.ok(footage.motion(right) < 0.2, `motion of the still tile: ${footage.motion(right)}`);
    assert.equal(footage.toneShare(LEFT.tone), 1);
    assert.equal(footage.toneShare(RIGHT.tone), 1);
    assert.ok(footage.toneShare(800) < 0.1);
    assert.deepEqual([footage.flashes(left).length, footage.flashes(right).length], [5, 4]);
    assert.deepEqual([footage.beeps(LEFT.beep).length, footage.beeps(RIGHT.beep).length], [5, 4]);
    for (const [tile, { beep }] of /** @type {const} */ ([[left, LEFT], [right, RIGHT]])) {
      const { pairs, milliseconds } = footage.lateness(tile, beep);
      assert.ok(pairs >= 4 && milliseconds > 75 && milliseconds < 125, `${pairs} pairs, ${milliseconds} ms`);
    }
  });

  test('sees that an index comes last', async () => {
    const footage = await Footage.of(await encode(directory, 'slow.mp4', 0, []));
    assert.ok(!footage.startsFast, footage.boxes.join());
  });

  test('hears about damage', async () => {
    const path = await encode(directory, 'damaged.mp4', 0, ['-movflags', '+faststart']);
    const { size } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(4096, 0xff), 0, 4096, Math.floor(size / 2));
    await file.close();
    assert.notEqual((await Footage.of(path)).complaints, '');
  });
});

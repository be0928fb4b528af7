import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { isReadable, mediaIn } from '../support/traces.mjs';

const run = promisify(execFile);

/** A second of colour bars in a container. @param {string} name @param {string[]} options */
async function encoded(name, options) {
  const directory = await mkdtemp(join(tmpdir(), 'mixdown-traces-'));
  try {
    const path = join(directory, name);
    await run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=size=320x180:rate=10:duration=1', ...options, path]);
    return await readFile(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('finished files are recognised, also inside other bytes', async () => {
  const mp4 = await encoded('bars.mp4', ['-c:v', 'libx264']);
  assert.deepEqual(mediaIn(Buffer.concat([randomBytes(1000), mp4])), ['the brand of an MP4', 'the index of an MP4']);
  const webm = await encoded('bars.webm', ['-c:v', 'libvpx']);
  assert.deepEqual(mediaIn(webm), ['the head of a WebM or Matroska']);
  assert.ok(isReadable(webm), 'a VP8 key frame is seen');
});

test('a capture is recognised by its head, and ciphertext is not readable', () => {
  const capture = Buffer.concat([Buffer.from('MIXDOWN\x01'), randomBytes(1_000_000)]);
  assert.deepEqual(mediaIn(capture), ['the head of a capture']);
  assert.ok(!isReadable(capture));
  assert.ok(isReadable(Buffer.from('{"codec":"opus"}')));
});

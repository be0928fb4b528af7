import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after } from 'node:test';
import { CustomerBucket } from '../support/bucket.mjs';
import { fetchFootage } from '../support/delivery.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { scratchDirectory } from '../support/stack.mjs';
import { filesUnder, isReadable, mediaIn } from '../support/traces.mjs';
import { eventually } from '../support/wait.mjs';

const [bucket, temporary] = await Promise.all([CustomerBucket.open(), scratchDirectory()]);
const here = new Installation({ TMPDIR: temporary.path, RUST_LOG: 'warn,domain=debug,server=debug' });
after(() => Promise.all([bucket.close(), temporary.remove()]));

/** @typedef {Awaited<ReturnType<typeof filesUnder>>} Files */

/** Everything the installation has on disk, but for its database. */
async function kept() {
  const [data, scratch] = await Promise.all([filesUnder(here.stack.dataDirectory), filesUnder(temporary.path)]);
  return [...data, ...scratch].filter(({ path }) => !path.startsWith('mixdown.db'));
}

const size = (/** @type {Files} */ files) => files.reduce((sum, { bytes }) => sum + bytes.length, 0);
const captures = async () => (await filesUnder(join(here.stack.dataDirectory, 'spool'))).filter(({ path }) => path.endsWith('.log'));

here.test('what was delivered is gone here, and until then nobody can read it', async () => {
  await here.owner.useBucket(bucket);
  const before = await kept();
  const [alice, bob] = await Promise.all([here.join('gone', ALICE), here.join('gone', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  await bob.watches(4);

  const captured = await eventually('a capture of some seconds', async () => {
    const files = await captures();
    return size(files) > 150_000 ? files : null;
  });
  for (const { path, bytes } of captured) {
    assert.deepEqual(mediaIn(bytes), ['the head of a capture'], path);
    assert.ok(!isReadable(bytes), `${path} is encrypted`);
  }

  await alice.stopRecording(recording);
  const link = await alice.receivesLink(recording);
  const footage = await fetchFootage(link);
  assert.equal(footage.complaints, '', 'decodes without errors');
  const delivered = (await filesUnder(bucket.directory)).filter(({ path }) => path.endsWith(`${recording}.mp4`));
  assert.deepEqual(delivered.map(({ bytes }) => mediaIn(bytes)), [['the brand of an MP4', 'the index of an MP4']]);

  await eventually('the capture is erased', async () => (await captures()).length === 0);
  const afterwards = await kept();
  assert.deepEqual(afterwards.map(({ path }) => path), before.map(({ path }) => path), 'no file is left');
  assert.ok(size(afterwards) - size(before) < 4096, `${size(afterwards) - size(before)} bytes are left`);
  for (const { path, bytes } of [...(await filesUnder(here.stack.dataDirectory)), ...(await filesUnder(temporary.path))]) {
    assert.deepEqual(mediaIn(bytes), [], path);
  }
  const token = new URL(link).pathname.split('/').at(-1) ?? '';
  assert.ok(here.stack.log.some((line) => line.includes('path="/r/"')), 'the log tells that a link was followed');
  assert.ok(!here.stack.log.some((line) => line.includes(token)), 'and not which');
});

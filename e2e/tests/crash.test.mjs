import assert from 'node:assert/strict';
import { fetchFootage } from '../support/delivery.mjs';
import { expectParticipant } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { DELIVERY, eventually } from '../support/wait.mjs';

const here = new Installation();

here.test('a media process killed during a recording loses at most its last second', async () => {
  const [alice, bob] = await Promise.all([here.join('crash', ALICE), here.join('crash', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  const began = performance.now();
  await bob.watches(5);
  const killed = performance.now();
  await here.stack.crashMedia();

  await Promise.all([alice.reaches('joined'), bob.reaches('joined')]);
  const link = await alice.receivesLink(recording);
  const footage = await fetchFootage(link);
  assert.equal(footage.complaints, '', 'decodes without errors');
  assert.ok(footage.startsFast);
  const captured = (killed - began) / 1000;
  assert.ok(footage.duration > captured - 1, `${footage.duration} s of ${captured} s are in the file`);
  assert.ok(footage.duration < captured + 1, `${footage.duration} s in the file, ${captured} s recorded`);
  for (const looks of [ALICE, BOB]) expectParticipant(footage, looks);

  const row = await here.owner.recordingRow(here.demo, recording);
  assert.equal(row.state, 'ready');
  assert.match(row.text, /media process ended without warning/);

  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const next = await bob.startRecording();
  await bob.watches(1);
  await bob.stopRecording(next);
  await bob.receivesLink(next);
});

here.test('a recording under way when everything is stopped is delivered by the next start', async () => {
  const [alice, bob] = await Promise.all([here.join('restart', ALICE), here.join('restart', BOB)]);
  await alice.watches(0.5);
  const recording = await alice.startRecording();
  await alice.watches(2);
  await here.stack.restart();
  assert.equal(here.stack.setUpLink, undefined, 'the owner is known');
  await eventually('the recording is ready', async () => (await here.owner.recordingRow(here.demo, recording)).state === 'ready', DELIVERY);
  assert.match((await here.owner.recordingRow(here.demo, recording)).text, /media node was shut down/);
  await Promise.all([alice, bob].map((peer) => peer.close()));
});

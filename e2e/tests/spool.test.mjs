import assert from 'node:assert/strict';
import { fetchFootage } from '../support/delivery.mjs';
import { expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';

/** Room for some seconds of a call. */
const here = new Installation({ MIXDOWN_SPOOL_MAX_BYTES: String(400_000) });

here.test('a recording that fills the spool ends and is delivered; the next one has room again', async () => {
  const [alice, bob] = await Promise.all([here.join('full', ALICE), here.join('full', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  await alice.seesStop(recording, 60_000);
  const footage = await fetchFootage(await alice.receivesLink(recording));
  expectSoundFile(footage, await here.recordedSeconds(recording));
  for (const looks of [ALICE, BOB]) expectParticipant(footage, looks);
  const row = await here.owner.recordingRow(here.demo, recording);
  assert.match(row.text, /no disk space left/);

  await alice.watches(0.5);
  const next = await alice.startRecording();
  await alice.watches(1);
  await alice.stopRecording(next);
  await alice.receivesLink(next);
});

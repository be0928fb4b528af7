import assert from 'node:assert/strict';
import { fetchFootage } from '../support/delivery.mjs';
import { expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';

const here = new Installation();

here.test('Recording switched off during a recording ends and delivers it', async () => {
  const [alice, bob] = await Promise.all([here.join('off', ALICE), here.join('off', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const page = await here.owner.openWithScripts(`/applications/${here.demo}`);
  const recording = await alice.startRecording();
  await alice.watches(3);

  await page.getByRole('switch', { name: 'Recording' }).click();
  await Promise.all([alice.seesStop(recording, 5000), bob.seesStop(recording, 5000)]);
  await page.locator('[role=switch][aria-labelledby=recording-label][aria-checked=false]').waitFor();
  const footage = await fetchFootage(await bob.receivesLink(recording));
  expectSoundFile(footage, await here.recordedSeconds(recording));
  for (const looks of [ALICE, BOB]) expectParticipant(footage, looks);

  assert.equal(await alice.isRefusedRecording(), 'recording_off');
  await alice.watches(0.5);
  await here.owner.turn(here.demo, 'Recording', true);
});

here.test('without Media Relay peers see each other directly, and Recording is refused by name', async () => {
  const [carol, dave] = await Promise.all([here.join('direct', ALICE), here.join('direct', BOB)]);
  await Promise.all([carol.watches(0.5), dave.watches(0.5)]);

  await here.owner.turn(here.demo, 'Media Relay', false);
  await here.owner.page.locator('[role=switch][aria-labelledby=recording-label][aria-checked=false]').waitFor();
  const [alice, bob] = await Promise.all([here.join('mesh', ALICE), here.join('mesh', BOB)]);
  await Promise.all([alice.watches(1), bob.watches(1)]);
  assert.equal(await alice.isRefusedRecording(), 'relay_required');
  // Those who were in a call come back in the other mode.
  await Promise.all([carol.watches(0.5), dave.watches(0.5)]);

  await here.owner.open(here.demo);
  await here.owner.page.getByRole('switch', { name: 'Recording' }).click();
  await here.owner.page.locator('[data-condition=relay_required]').waitFor();
  assert.equal(await here.owner.page.getByRole('switch', { name: 'Recording' }).getAttribute('aria-checked'), 'false');

  await here.owner.turn(here.demo, 'Media Relay', true);
  await here.owner.turn(here.demo, 'Recording', true);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  await alice.watches(1);
  await alice.stopRecording(recording);
  await alice.receivesLink(recording);
});

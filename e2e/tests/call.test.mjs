import assert from 'node:assert/strict';
import { fetchFootage } from '../support/delivery.mjs';
import { expectLipSync, expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { Peer } from '../support/peer.mjs';
import { sentDuring } from '../support/pictures.mjs';
import { eventually } from '../support/wait.mjs';

const here = new Installation();

here.test('a call of two is recorded, delivered, and plays in the console', async () => {
  const alice = await here.join('two', ALICE);
  const bob = await Peer.join(here.browser, await alice.shareLink(), BOB);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);

  const recording = await alice.startRecording();
  assert.equal(await bob.seesRecording(), recording);
  await bob.watches(8);
  await alice.stopRecording(recording);
  const [link] = await Promise.all([alice.receivesLink(recording), bob.receivesLink(recording)]);

  const footage = await fetchFootage(link);
  const seconds = await here.recordedSeconds(recording);
  assert.ok(seconds >= 8);
  expectSoundFile(footage, seconds);
  expectLipSync(footage, ALICE, 6);
  expectLipSync(footage, BOB, 5);
  const [left, right] = [footage.tileOf(ALICE.colour), footage.tileOf(BOB.colour)].sort((a, b) => (a?.left ?? 0) - (b?.left ?? 0));
  assert.ok(left && right && left.right <= right.left, 'the tiles are side by side');

  const page = await here.owner.openWithScripts(`/applications/${here.demo}`);
  const row = page.locator(`[data-recording="${recording}"]`);
  await row.locator('[data-state=ready]').waitFor();
  const poster = row.locator('img');
  await poster.scrollIntoViewIfNeeded();
  await eventually('the list shows a picture of the recording', () =>
    poster.evaluate((/** @type {HTMLImageElement} */ image) => image.naturalWidth === 640),
  );
  const sent = await fetch(`${link}/poster.jpg`);
  assert.equal(sent.headers.get('content-type'), 'image/jpeg');
  await row.getByRole('link', { name: /^Play/ }).click();
  const video = page.locator('video.player-video');
  await video.waitFor();
  const played = await video.evaluate(async (/** @type {HTMLVideoElement} */ element) => {
    element.muted = true;
    await element.play();
    await new Promise((moved) => element.addEventListener('timeupdate', () => element.currentTime > 1 && moved(null)));
    const ended = new Promise((atEnd) => element.addEventListener('seeked', () => atEnd(null), { once: true }));
    element.currentTime = element.duration - 1;
    await ended;
    return { duration: element.duration, width: element.videoWidth, error: element.error?.message };
  });
  assert.ok(Math.abs(played.duration - seconds) < 0.3, `plays for ${played.duration} s`);
  assert.deepEqual([played.width, played.error], [1280, undefined]);
});

here.test('the link reaches who is still there after the starter has left', async () => {
  const [alice, bob] = await Promise.all([here.join('left', ALICE), here.join('left', BOB)]);
  await bob.watches(0.5);
  const recording = await alice.startRecording();
  await bob.watches(2);
  await alice.leave();
  await bob.page.getByTestId('remote-video').waitFor({ state: 'detached' });
  await bob.stopRecording(recording);
  const footage = await fetchFootage(await bob.receivesLink(recording));
  expectSoundFile(footage, await here.recordedSeconds(recording));
  expectParticipant(footage, ALICE, { share: 0.4 });
  assert.ok(footage.toneShare(BOB.tone) > 0.8, 'Bob is heard to the end');
});

here.test('a recording starts while the one before is mixed, and one second of it is right', async () => {
  const [alice, bob] = await Promise.all([here.join('again', ALICE), here.join('again', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  /** @param {number} seconds */
  const record = async (seconds) => {
    const recording = await alice.startRecording();
    const pictures = await sentDuring([alice, bob], () => alice.watches(seconds));
    await alice.stopRecording(recording);
    return { recording, pictures };
  };
  const [first, second] = [await record(3), await record(1)];
  assert.notEqual(first.recording, second.recording);

  for (const [{ recording, pictures }, share] of /** @type {const} */ ([[first, 0.8], [second, 0.5]])) {
    const footage = await fetchFootage(await alice.receivesLink(recording));
    expectSoundFile(footage, await here.recordedSeconds(recording));
    for (const [index, looks] of [ALICE, BOB].entries()) expectParticipant(footage, looks, { share, pictures: pictures[index] });
  }
});

import assert from 'node:assert/strict';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB, installDevices } from '../support/media.mjs';
import { Peer } from '../support/peer.mjs';
import { DELIVERY, eventually } from '../support/wait.mjs';

const here = new Installation();

/** Runs in the page after `installDevices`: the browser refuses the devices until the visitor allows them. */
function blockDevices() {
  const devices = navigator.mediaDevices;
  const allowed = devices.getUserMedia.bind(devices);
  let blocked = true;
  Object.assign(window, { allowDevices: () => (blocked = false) });
  devices.getUserMedia = async (constraints) => {
    if (blocked) throw new DOMException('Permission denied', 'NotAllowedError');
    return allowed(constraints);
  };
}

here.test('who blocks camera and microphone is told so, watches, and is seen after allowing them', async () => {
  const alice = await here.join('blocked', ALICE);
  const context = await here.browser.newContext();
  await context.addInitScript(installDevices, BOB);
  await context.addInitScript(blockDevices);
  const viewer = new Peer(await context.newPage());
  await viewer.page.goto(here.call('blocked'));
  await viewer.reaches('joined');

  const notice = viewer.page.getByTestId('notice');
  assert.match(await notice.innerText(), /blocked for this page, so you only watch/);
  assert.equal(await viewer.page.getByTestId('local-video').isVisible(), false);
  await viewer.watches(0.5);
  await alice.page.getByTestId('peer-count').getByText('2 people').waitFor();
  assert.equal(await alice.page.getByTestId('remote-video').count(), 0);

  await viewer.page.evaluate(() => /** @type {any} */ (window).allowDevices());
  await notice.getByRole('button', { name: 'Try again' }).click();
  await viewer.page.getByTestId('local-video').waitFor();
  await notice.waitFor({ state: 'hidden' });
  await Promise.all([alice.watches(0.5), viewer.watches(0.5)]);
});

here.test('a late visitor sees the recording; the file plays in the page and outlives the stay', async () => {
  const alice = await here.join('late', ALICE);
  const recording = await alice.startRecording();
  await alice.page.getByTestId('elapsed').getByText('0:01').waitFor();
  const bob = await here.join('late', BOB);
  assert.equal(await bob.seesRecording(), recording);
  await bob.watches(0.5);
  await bob.stopRecording(recording);

  const address = await alice.receivesLink(recording);
  const player = alice.page.locator(`.files video[src="${address}"]`);
  const length = await player.evaluate(async (/** @type {HTMLVideoElement} */ video) => {
    video.muted = true;
    await video.play();
    return video.duration;
  });
  assert.ok(length > 1, `plays for ${length} s`);

  await alice.leave();
  await bob.page.getByTestId('peer-count').getByText('only you').waitFor();
  assert.equal(await alice.page.getByTestId('recording-link').getAttribute('href'), address);
  await alice.page.getByTestId('join').click();
  await alice.reaches('joined');
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  assert.equal(await alice.page.getByTestId('recording-link').count(), 1);
});

here.test('revoking the key ends the calls that came with it, and says so', async () => {
  const alice = await here.join('revoked', ALICE);
  const recording = await alice.startRecording();
  const { page } = here.owner;
  await here.owner.open(here.demo);
  await page.locator('#keys').getByText('Revoke…').click();
  await page.getByRole('button', { name: 'Revoke this key' }).click();
  await alice.reaches('left');
  await alice.page.getByTestId('status').getByText('The app key of this page was revoked.').waitFor();
  await alice.page.getByTestId('join').click();
  await alice.reaches('failed');
  assert.notEqual(await alice.page.getByTestId('status').innerText(), '');
  const delivered = async () => (await here.owner.recordingRow(here.demo, recording)).state === 'ready';
  await eventually('what was recorded is delivered', delivered, DELIVERY);
});

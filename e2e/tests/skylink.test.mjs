import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { after, before } from 'node:test';
import { fetchFootage, WebhookReceiver } from '../support/delivery.mjs';
import { expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { sentDuring } from '../support/pictures.mjs';
import { RECORDING, SkylinkPerson } from '../support/skylink/person.mjs';
import { Site } from '../support/skylink/site.mjs';
import { DELIVERY, eventually } from '../support/wait.mjs';

/** Colour of a shared screen. */
const screen = /** @type {import('../support/judge.mjs').Colour} */ ([170, 40, 170]);
const here = new Installation();
/** @type {Site} */ let site;
/** @type {string} */ let appKey;
/** @type {WebhookReceiver} */ let receiver;

before(async () => {
  [site, receiver] = await Promise.all([Site.open(), WebhookReceiver.listen()]);
});
after(() => {
  site.close();
  receiver.close();
});

/** @param {import('../support/skylink/site.mjs').Version} version @param {string} room @param {any} [setting] */
async function join(version, room, setting = {}) {
  if (!appKey) {
    appKey = await here.owner.appKey(here.demo);
    await here.owner.setWebhook(here.demo, receiver.url);
  }
  site.mixdown = here.stack.address;
  return SkylinkPerson.join(here.browser, site, version, { server: here.stack.address, appKey, room, ...setting });
}

/** The file of a recording, once it is delivered. @param {string} recording */
async function delivered(recording) {
  const news = () => receiver.deliveries.map(({ body }) => JSON.parse(body).data);
  const { url } = await eventually('the webhook', () => news().find((told) => told.recording === recording && told.url), DELIVERY);
  return fetchFootage(url);
}

const PAIRS = /** @type {[import('../support/skylink/site.mjs').Version, import('../support/skylink/site.mjs').Version][]} */ ([
  ['2.7.2', '2.7.2'],
  ['0.9.3', '0.9.3'],
  ['0.9.3', '2.7.2'],
  ['0.6.37', '0.6.37'],
  ['façade', '2.7.2'],
  ['0.9.3', 'façade'],
  ['0.6.37', 'façade'],
]);

/** The others have no word for it. */
const HEAR_OF_LINKS = new Set(['0.6.37', 'façade']);

for (const [position, [one, other]] of PAIRS.entries()) {
  here.test(`${one} and ${other} meet, see each other, and are recorded`, async () => {
    const room = `pair-${position}`;
    const alice = await join(one, room, { looks: ALICE });
    await alice.hears('SERVER_PEER_JOINED', { peerId: 'MCU' });
    const bob = await join(other, room, { looks: BOB });
    await Promise.all([alice.hears('PEER_JOINED', { isSelf: false }), bob.hears('PEER_JOINED', { isSelf: false })]);
    await Promise.all([alice.watches(1, 1), bob.watches(1, 1)]);
    for (const person of [alice, bob]) {
      await eventually('sound and picture', async () => (await person.kinds()).length === 2);
      const names = (await person.events()).map((event) => `${event.name} ${event.isSelf ?? ''}`.trim());
      const order = ['PEER_JOINED true', 'SERVER_PEER_JOINED', 'PEER_JOINED false', 'ON_INCOMING_STREAM false'];
      const at = order.map((name) => names.indexOf(name));
      assert.deepEqual(at, [...at].sort((a, b) => a - b), `in order: ${names}`);
    }

    const recording = await alice.startsRecording();
    await bob.hears('RECORDING_STATE', { state: RECORDING.START, recordingId: recording });
    await assert.rejects(alice.does('stopRecording'), /4 seconds/);
    const pictures = await sentDuring([alice, bob], () => alice.watches(1, 6));
    await bob.does('stopRecording');
    await Promise.all([alice, bob].map((person) => person.hears('RECORDING_STATE', { state: RECORDING.STOP, recordingId: recording })));
    const footage = await delivered(recording);
    for (const person of [alice, bob].filter(({ version }) => HEAR_OF_LINKS.has(version))) {
      const { link } = await person.hears('RECORDING_STATE', { state: RECORDING.LINK, recordingId: recording });
      assert.ok((await fetch(link.mixin)).ok);
    }
    expectSoundFile(footage, await here.recordedSeconds(recording));
    for (const [index, looks] of [ALICE, BOB].entries()) expectParticipant(footage, looks, { pictures: pictures[index] });

    const heard = (await Promise.all([alice.events(), bob.events()])).flat();
    assert.ok(!heard.some((event) => event.name === 'RECORDING_STATE' && event.state === RECORDING.ERROR), 'nothing failed');
    await bob.does('leave');
    if (one !== '2.7.2') await alice.hears('PEER_LEFT', { isSelf: false });
    await alice.does('leave');
  });
}

here.test('what a client says and does reaches the others of both generations', async () => {
  const [alice, bob] = await Promise.all([join('2.7.2', 'talk', { looks: ALICE }), join('2.7.2', 'talk', { looks: BOB })]);
  const carol = await join('0.9.3', 'talk');
  await Promise.all([alice.watches(2, 0.5), bob.watches(2, 0.5), carol.watches(2, 0.5)]);
  await alice.does('say', 'good morning');
  await Promise.all([bob, carol].map((person) => person.hears('ON_INCOMING_MESSAGE', { isSelf: false })));
  const heard = (await Promise.all([bob.events(), carol.events()])).map((events) =>
    events.find((event) => event.name === 'ON_INCOMING_MESSAGE').message);
  assert.deepEqual(heard.map((message) => message.content ?? message.messageContent), ['good morning', 'good morning']);

  const [aliceId] = await bob.others();
  await bob.does('say', 'only for Alice', aliceId);
  await alice.hears('ON_INCOMING_MESSAGE', { isSelf: false });
  await carol.does('say', 'from an old page');
  await bob.hears('ON_INCOMING_MESSAGE', { isSelf: false });
  const told = (await carol.events()).filter((event) => event.name === 'ON_INCOMING_MESSAGE' && !event.isSelf);
  assert.equal(told.length, 1, 'what was for Alice stayed with her');

  await alice.does('mute', true);
  await bob.hears('STREAM_MUTED', { isSelf: false });
  await alice.does('setUserData', 'Alice of Wonderland');
  await bob.hears('PEER_UPDATED', { isSelf: false, userData: 'Alice of Wonderland' });
});

here.test('a shared screen is seen beside the camera and recorded, until it is taken back', async () => {
  const alice = await join('2.7.2', 'screen', { looks: { ...ALICE, screen } });
  const [bob, carol] = [await join('2.7.2', 'screen', { looks: BOB }), await join('0.9.3', 'screen')];
  await Promise.all([alice.watches(2, 0.5), bob.watches(2, 0.5), carol.watches(2, 0.5)]);
  const [aliceId] = await bob.others();
  const recording = await alice.startsRecording();

  const pictures = await sentDuring([alice, bob], async () => {
    await alice.does('shareScreen');
    await bob.hears('ON_INCOMING_SCREEN_STREAM', { isSelf: false, peerId: aliceId });
    await Promise.all([bob, carol].map((person) => person.sees(aliceId, [ALICE.colour, screen])));
    await Promise.all([alice.watches(2, 3), bob.watches(2, 3), carol.watches(2, 3)]);
    const late = await join('2.7.2', 'screen');
    await late.sees(aliceId, [ALICE.colour, screen]);
    await late.close();

    await alice.does('stopScreen');
    await bob.hears('STREAM_ENDED', { isSelf: false, peerId: aliceId, isScreensharing: true });
    await Promise.all([bob, carol].map((person) => person.sees(aliceId, [ALICE.colour])));
    await alice.does('shareScreen');
    await Promise.all([bob, carol].map((person) => person.sees(aliceId, [ALICE.colour, screen])));
  });
  await bob.does('stopRecording');
  await alice.hears('RECORDING_STATE', { state: RECORDING.STOP, recordingId: recording });
  await Promise.all([alice, bob, carol].map((person) => person.close()));

  const footage = await delivered(recording);
  for (const [index, looks] of [ALICE, BOB].entries()) expectParticipant(footage, looks, { pictures: pictures[index] });
  const tile = footage.tileOf(screen, 0.2);
  assert.ok(tile && footage.motion(tile) > 0.2, 'the screen is in the recording');
});

// With somebody there before, the browser shares on a line that it has; alone, it needs a new one.
for (const before of [1, 0]) {
  here.test(`what a client shares while somebody comes is seen by all, with ${before} there before`, async () => {
    const room = `crossing-${before}`;
    const alice = await join('2.7.2', room, { looks: { ...ALICE, screen } });
    const others = before ? [await join('0.9.3', room)] : [];
    await alice.watches(before, 0.5);
    await alice.crossesOffers();
    const [carol] = await Promise.all([join('2.7.2', room, { looks: BOB }), alice.does('shareScreen')]);
    const aliceId = await alice.id();
    await Promise.all([...others, carol].map((person) => person.sees(aliceId, [ALICE.colour, screen])));
    await alice.sees(await carol.id(), [BOB.colour]);
    await alice.does('stopScreen');
    await Promise.all([...others, carol].map((person) => person.sees(aliceId, [ALICE.colour])));
  });
}

here.test('a locked room lets nobody else in, and says so', async () => {
  const alice = await join('0.9.3', 'locked');
  await alice.does('lock');
  const setting = { server: here.stack.address, appKey, room: 'locked' };
  const bob = await SkylinkPerson.arrive(here.browser, site, '0.9.3', setting);
  await assert.rejects(bob.does('join'), /locked/);
  await bob.hears('SYSTEM_ACTION', { action: 'reject', reason: 'locked' });
});

here.test('Recording switched off is an error in every client, and on again works', async () => {
  const [alice, bob] = await Promise.all([join('2.7.2', 'off'), join('0.9.3', 'off')]);
  await Promise.all([alice.watches(1, 0.5), bob.watches(1, 0.5)]);
  await here.owner.turn(here.demo, 'Recording', false);
  for (const person of [alice, bob]) {
    await person.does('startRecording');
    const failed = await person.hears('RECORDING_STATE', { state: RECORDING.ERROR });
    assert.equal(failed.error, 'Recording is switched off for this application.');
    await person.hears('RECORDING_STATE', { state: RECORDING.STOP, recordingId: failed.recordingId });
  }
  await here.owner.turn(here.demo, 'Recording', true);
  const recording = await bob.startsRecording();
  await alice.hears('RECORDING_STATE', { state: RECORDING.START, recordingId: recording });
  await here.owner.turn(here.demo, 'Recording', false);
  await Promise.all([alice, bob].map((person) => person.hears('RECORDING_STATE', { state: RECORDING.STOP, recordingId: recording })));
  await here.owner.turn(here.demo, 'Recording', true);
});

here.test('a client that refreshes its connection goes on sending', async () => {
  const [alice, bob] = await Promise.all([join('0.9.3', 'fresh', { looks: ALICE }), join('2.7.2', 'fresh', { looks: BOB })]);
  await Promise.all([alice.watches(1, 0.5), bob.watches(1, 0.5)]);
  const steps = async () => (await alice.events()).filter((event) => event.step === 'answer').length;
  const before = await steps();
  await alice.does('refresh');
  await eventually('the node has answered again', async () => (await steps()) > before);
  await Promise.all([alice.watches(1, 2), bob.watches(1, 2)]);
  const carol = await join('0.9.3', 'fresh');
  await Promise.all([alice.watches(2, 1), bob.watches(2, 1), carol.watches(2, 1)]);
  await carol.does('leave');
  await alice.hears('PEER_LEFT', { isSelf: false });
  await Promise.all([alice.watches(1, 1), bob.watches(1, 1)]);
  const dave = await join('2.7.2', 'fresh');
  const others = [await dave.id()];
  await Promise.all([alice.watches(others, 1), bob.watches(others, 1)]);
});

here.test('without Media Relay clients see each other directly', async () => {
  await here.owner.turn(here.demo, 'Media Relay', false);
  for (const version of /** @type {const} */ (['2.7.2', '0.9.3'])) {
    const room = `direct-${version}`;
    const alice = await join(version, room, { looks: ALICE });
    const bob = await join(version, room, { looks: BOB });
    await Promise.all([alice.watches(1, 1), bob.watches(1, 1)]);
    assert.ok(!(await alice.events()).some((event) => event.name === 'SERVER_PEER_JOINED'));
    await assert.rejects(alice.does('startRecording'), /MCU/);
    await bob.does('leave');
    await alice.hears('PEER_LEFT', { isSelf: false });
  }
  await here.owner.turn(here.demo, 'Media Relay', true);
  await here.owner.turn(here.demo, 'Recording', true);
});

here.test('thirty joins and leaves leave nothing behind', async () => {
  const media = await here.stack.mediaProcess();
  const descriptors = async () => (await readdir(`/proc/${media}/fd`)).length;
  const watcher = await join('2.7.2', 'coming and going');
  const before = await descriptors();
  for (const version of /** @type {const} */ (['2.7.2', '0.9.3'])) {
    const setting = { server: here.stack.address, appKey, room: 'coming and going' };
    const guest = await SkylinkPerson.arrive(here.browser, site, version, setting);
    for (let visit = 1; visit <= 15; visit++) {
      await guest.does('join');
      await guest.watches(1, 0.1);
      await guest.does('leave');
      await guest.page.evaluate(() => document.querySelectorAll('video').forEach((video) => video.remove()));
    }
    await guest.close();
  }
  assert.equal((await watcher.others()).length, 30);
  await eventually('the node has as many descriptors as before', async () => (await descriptors()) <= before);
  const late = await join('2.7.2', 'coming and going');
  await late.watches(1, 0.5);
  assert.equal((await late.others()).length, 1, 'nobody is left but who is there');
});

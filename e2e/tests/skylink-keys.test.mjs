import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { RECORDING, SkylinkPerson } from '../support/skylink/person.mjs';
import { Site } from '../support/skylink/site.mjs';
import { DELIVERY } from '../support/wait.mjs';

const here = new Installation();
/** @type {Site} */ let site;

before(async () => {
  site = await Site.open();
});
after(() => site.close());

/** @param {import('../support/skylink/site.mjs').Version} version @param {string} appKey @param {string} room @param {any} [setting] */
async function join(version, appKey, room, setting = {}) {
  const person = await SkylinkPerson.join(here.browser, site, version, { server: here.stack.address, appKey, room, ...setting });
  return { person, id: await person.id() };
}

here.test('peers whose key does not introduce them meet when a privileged one does it', async () => {
  const shy = await here.owner.makeKey(here.demo, []);
  const privileged = await here.owner.makeKey(here.demo, ['May list']);
  const alice = await join('2.7.2', shy, 'quiet', { looks: ALICE });
  const bob = await join('0.9.3', shy, 'quiet', { looks: BOB });
  const carol = await join('0.6.37', shy, 'quiet');
  const wardens = [await join('0.9.3', privileged, 'office'), await join('2.7.2', privileged, 'office')];
  for (const { person } of wardens) {
    const { quiet, ...others } = JSON.parse(await person.does('listPeers', false));
    assert.deepEqual([quiet.sort(), others], [[alice.id, bob.id, carol.id].sort(), {}]);
    const all = JSON.parse(await person.does('listPeers', true));
    assert.deepEqual(all.office.sort(), wardens.map(({ id }) => id).sort());
  }
  for (const { person } of [alice, bob, carol]) assert.deepEqual(await person.others(), []);

  const [{ person: warden, id }] = wardens;
  await warden.does('introduce', alice.id, id);
  await warden.hears('INTRODUCE_STATE_CHANGE', { reason: 'peerNotFound' });
  await warden.does('introduce', alice.id, bob.id);
  await Promise.all([alice, bob].map(({ person }) => person.watches(1, 1)));
  await warden.does('introduce', carol.id, alice.id);
  await Promise.all([carol.person.watches(1, 1), alice.person.watches(2, 1)]);
  assert.deepEqual(await bob.person.others(), [alice.id], 'Bob and Carol were not introduced');
  await bob.person.does('leave');
  await carol.person.watches(1, 0.5);
});

here.test('the link of a recording comes as a message to whom the key gives it', async () => {
  const told = await here.owner.makeKey(here.demo, ['Meets everybody', 'Gets the link']);
  const usual = await here.owner.makeKey(here.demo, ['Meets everybody']);
  const people = [await join('2.7.2', told, 'told', { looks: ALICE }), await join('0.9.3', told, 'told', { looks: BOB })];
  const { person: other } = await join('2.7.2', usual, 'told');
  await Promise.all([...people.map(({ person }) => person), other].map((person) => person.watches(2, 0.5)));
  const [{ person: alice }] = people;
  const recording = await alice.startsRecording();
  await alice.watches(2, 5);
  await alice.does('stopRecording');
  for (const { person } of people) {
    const { message } = await person.hears('ON_INCOMING_MESSAGE', { isSelf: false, peerId: 'MCU' }, DELIVERY);
    const { type, recordingId, url } = message.content;
    assert.deepEqual([type, recordingId], ['recordingLink', recording]);
    assert.ok((await fetch(url)).ok);
    const heard = await person.events();
    assert.ok(!heard.some((event) => event.name === 'RECORDING_STATE' && event.state === RECORDING.ERROR));
  }
  assert.ok(!(await other.events()).some((event) => event.name === 'ON_INCOMING_MESSAGE'));
});

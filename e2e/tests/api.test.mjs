import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import createClient from 'openapi-fetch';
import { fetchFootage } from '../support/delivery.mjs';
import { expectParticipant } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { DELIVERY, eventually } from '../support/wait.mjs';

/** @typedef {import('../generated/api.js').paths} Paths made by `npm run client` from what the server says of itself */

const here = new Installation();

/** A customer's backend. */
async function backend() {
  const key = await here.owner.makeApiKey(['recordings:write', 'rooms:write', 'usage:read']);
  const headers = { authorization: `Bearer ${key}` };
  return /** @type {import('openapi-fetch').Client<Paths>} */ (createClient({ baseUrl: here.stack.address, headers }));
}

/**
 * What was answered; a problem ends the test.
 * @template T
 * @param {Promise<{ data?: T, error?: unknown }>} asked
 * @returns {Promise<NonNullable<T>>}
 */
async function answered(asked) {
  const { data, error } = await asked;
  assert.ok(data, JSON.stringify(error));
  return data;
}

here.test('a generated client records a call, stops it, downloads it, and ends the room', async () => {
  const api = await backend();
  const [alice, bob] = await Promise.all([here.join('generated', ALICE), here.join('generated', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const address = { path: { application: here.demo, room: 'generated' } };

  const headers = { 'Idempotency-Key': randomUUID() };
  const start = () => api.POST('/api/v1/applications/{application}/rooms/{room}/recordings', { params: { ...address, header: headers } });
  const [begun, again] = [await answered(start()), await answered(start())];
  assert.equal(again.id, begun.id, 'a repeated start is the same recording');
  assert.equal(await bob.seesRecording(), begun.id);
  await bob.watches(4);

  const recording = { path: { recording: begun.id } };
  await answered(api.POST('/api/v1/recordings/{recording}/stop', { params: recording }));
  const ready = await eventually('the recording is ready', async () => {
    const found = await answered(api.GET('/api/v1/recordings/{recording}', { params: recording }));
    return found.state === 'ready' ? found : undefined;
  }, DELIVERY);
  assert.equal(ready.stopCause, 'api_request');

  const link = await answered(api.POST('/api/v1/recordings/{recording}/links', { params: recording, body: { validitySeconds: 3600 } }));
  const footage = await fetchFootage(link.url);
  for (const somebody of [ALICE, BOB]) expectParticipant(footage, somebody, { share: 0.6 });
  const usage = await answered(api.GET('/api/v1/usage'));
  assert.deepEqual(usage.items.map((item) => [item.applicationId, item.recordings]), [[here.demo, 1]]);

  const room = await answered(api.GET('/api/v1/applications/{application}/rooms/{room}', { params: address }));
  assert.equal(room.peers.length, 2);
  const params = { path: { ...address.path, peer: room.peers[0].id } };
  await answered(api.DELETE('/api/v1/applications/{application}/rooms/{room}/peers/{peer}', { params }));
  await Promise.race([alice, bob].map((somebody) => somebody.page.getByText('You were removed from the call.').waitFor()));
  await answered(api.DELETE('/api/v1/applications/{application}/rooms/{room}', { params: address }));
  await Promise.race([alice, bob].map((somebody) => somebody.page.getByText('The call was ended.').waitFor()));
  const empty = await eventually('the room is empty', async () => {
    const { error } = await api.GET('/api/v1/applications/{application}/rooms/{room}', { params: address });
    return error;
  });
  assert.equal(empty.code, 'room_not_found');
  const { error: refused } = await start();
  assert.equal(refused, undefined, 'the first answer is kept');
  const fresh = await api.POST('/api/v1/applications/{application}/rooms/{room}/recordings', { params: address });
  assert.equal(fresh.error?.code, 'room_empty');
});

here.test('the description of the API is a page that needs no script', async () => {
  const { page } = here.owner;
  await page.goto('/api/docs');
  await page.getByRole('link', { name: 'Start to record a room' }).click();
  await page.locator('#startRecording').getByText('/api/v1/applications/{application}/rooms/{room}/recordings').waitFor();
  assert.equal(await page.locator('script').count(), 0);
});

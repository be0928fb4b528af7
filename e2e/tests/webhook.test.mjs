import assert from 'node:assert/strict';
import { after } from 'node:test';
import { fetchFootage, WebhookReceiver } from '../support/delivery.mjs';
import { expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';

const here = new Installation();
const receiver = await WebhookReceiver.listen();
after(() => receiver.close());

here.test('a finished recording is announced by a signed webhook, again after a failure', async () => {
  const secret = await here.owner.setWebhook(here.demo, receiver.url);
  receiver.failNext(1);
  const [alice, bob] = await Promise.all([here.join('hook', ALICE), here.join('hook', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  await alice.watches(1);
  await alice.stopRecording(recording);
  await alice.receivesLink(recording);

  const [first, second] = [await receiver.delivery(0), await receiver.delivery(1)];
  assert.deepEqual([first.answered, second.answered], [500, 204]);
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'], 'a retry is the same message');
  for (const delivery of [first, second]) {
    const { type, data } = WebhookReceiver.verified(delivery, secret);
    assert.equal(type, 'recording.ready');
    assert.deepEqual([data.recording, data.application, data.room, data.state], [recording, here.demo, 'hook', 'ready']);
    assert.deepEqual([data.width, data.height, data.stopCause], [1280, 720, 'peer_request']);
  }
  const { data } = JSON.parse(second.body);
  expectSoundFile(await fetchFootage(data.url), data.durationMs / 1000);

  const forged = { ...second, body: second.body.replace(recording, 'rec_forged') };
  assert.throws(() => WebhookReceiver.verified(forged, secret));
});

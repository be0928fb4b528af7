import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { fetchFootage, WebhookReceiver } from '../support/delivery.mjs';
import { expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { launchFirefox } from '../support/firefox.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE } from '../support/media.mjs';
import { RECORDING, SkylinkPerson } from '../support/skylink/person.mjs';
import { Site } from '../support/skylink/site.mjs';

const here = new Installation();
/** @type {Site} */ let site;
/** @type {WebhookReceiver} */ let receiver;
/** @type {any} */ let firefox;

before(async () => {
  [site, receiver, firefox] = await Promise.all([Site.open(), WebhookReceiver.listen(), launchFirefox()]);
});
after(async () => {
  await firefox?.close();
  site.close();
  receiver.close();
});

for (const [position, version] of /** @type {const} */ (['2.7.2', 'façade']).entries()) {
  here.test(`${version} in Firefox and in Chromium see each other, come and go, and are recorded`, async () => {
    site.mixdown = here.stack.address;
    if (position === 0) await here.owner.setWebhook(here.demo, receiver.url);
    const setting = { server: here.stack.address, appKey: await here.owner.appKey(here.demo), room: `fox-${position}` };
    const alice = await SkylinkPerson.join(here.browser, site, version, { ...setting, looks: ALICE });
    const foxes = [await SkylinkPerson.join(firefox, site, version, setting), await SkylinkPerson.join(firefox, site, version, setting)];
    await Promise.all([alice, ...foxes].map((person) => person.watches(2, 1)));

    const recording = await foxes[0].startsRecording();
    await alice.hears('RECORDING_STATE', { state: RECORDING.START, recordingId: recording });
    await foxes[1].does('leave');
    await Promise.all([alice.watches(1, 5), foxes[0].watches(1, 5)]);
    await foxes[0].does('stopRecording');
    await alice.hears('RECORDING_STATE', { state: RECORDING.STOP, recordingId: recording });
    const { body } = await receiver.delivery(position);
    const footage = await fetchFootage(JSON.parse(body).data.url);
    expectSoundFile(footage, await here.recordedSeconds(recording));
    const tile = expectParticipant(footage, ALICE);
    assert.ok(tile.right - tile.left < 120, 'somebody else is beside her');

    const late = await SkylinkPerson.join(firefox, site, version, setting);
    await Promise.all([late.watches(2, 1), alice.watches([await late.id(), await foxes[0].id()], 1)]);
    await Promise.all([late, ...foxes].map((person) => person.close()));
  });
}

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launchFirefox } from '../support/firefox.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE } from '../support/media.mjs';
import { plays } from '../support/playback.mjs';
import { Customer, READY_FIELDS } from '../support/streamrec/customer.mjs';
import { SECRET, footageOf } from '../support/streamrec/destination.mjs';
import { Person } from '../support/streamrec/person.mjs';
import { WeakNetwork } from '../support/streamrec/weak_network.mjs';

const here = new Installation();
const customer = new Customer(here);
/** @type {any} */
let firefox;
before(async () => {
  firefox = await launchFirefox();
});
after(() => firefox?.close());

here.test('the documented client records, switches its stream, and the file and its webhook are right', async () => {
  const person = await customer.connected('c-switch');
  const recording = await person.does('startRecording', customer.destination.url('switch.webm'), customer.backend.webhook);
  await person.watches(4);
  for (const [width, height] of [[1920, 1080], [360, 640]]) {
    assert.equal(await person.does('switchStream', width, height), undefined);
    await person.watches(3);
  }
  await person.does('stopRecording');
  await person.does('disconnect');
  const put = await customer.destination.received('switch.webm');
  assert.equal(put.headers['content-type'], 'video/webm');
  assert.equal(put.headers['content-length'], String(put.body.length));

  const ready = await customer.backend.hears('upload_ready', 'c-switch');
  assert.deepEqual(Object.keys(ready).sort(), READY_FIELDS);
  assert.equal(ready.rec_id, recording);
  assert.equal(ready.recording_file_size_bytes, put.body.length);
  const [started, stopped, written, captured] = ['started_at', 'stopped_at', 'first_frame_written_at', 'first_peerframe_captured_at'].map(
    (name) => Date.parse(ready[`recording_${name}`]),
  );
  assert.ok(started <= written && written < stopped, JSON.stringify(ready));
  assert.ok(Math.abs(captured - written) < 1000, 'this machine is both client and server');

  const footage = await footageOf(put);
  assert.equal(footage.complaints, '');
  assert.deepEqual([footage.streams.video?.codec_name, footage.streams.audio?.codec_name], ['vp8', 'opus']);
  assert.ok(Math.abs(footage.duration * 1000 - ready.recording_file_duration_ms) <= 100);
  assert.ok(Math.abs(footage.duration * 1000 - (stopped - written)) < 1000, `${footage.duration} s of ${stopped - written} ms`);
  assert.ok(footage.toneShare(ALICE.tone) > 0.8, 'the microphone stays on');
  assert.ok(footage.tileOf(ALICE.colour, 0.2), 'the camera is seen');
  assert.ok(footage.tileOf([30, 160, 60], 0.2), 'the shared picture is seen');
  await playsEverywhere(put.body, footage.duration);

  const finished = await customer.backend.hears('session_finished', 'c-switch');
  assert.equal(finished.termination_cause, 'TERM_BY_CLIENT');
  const said = here.stack.log.filter((line) => line.includes(SECRET));
  assert.deepEqual(said, [], 'no address with its secret is logged');
});

/** Has both browsers play a file. @param {Buffer} file @param {number} seconds */
async function playsEverywhere(file, seconds) {
  for (const [name, browser] of Object.entries({ Chromium: here.browser, firefox })) {
    const { duration, error } = await plays(browser, file);
    assert.ok(Math.abs(duration - seconds) < 0.1 && error === null, `${name}: ${duration} s of ${seconds}, ${error}`);
  }
}

for (const [name, type] of [['vp9', 'video/webm'], ['h264', 'video/mp4'], ['av1', 'video/webm']]) {
  here.test(`${name} is recorded as it is, in the file that fits it, and can be watched meanwhile`, async () => {
    const person = await customer.connected(`c-${name}`, { codec: `video/${name.toUpperCase()}` });
    await person.does('startRecording', customer.destination.url(name), customer.backend.webhook);
    const supervisor = await customer.watching(`s-${name}`, `c-${name}`);
    await supervisor.sees(640);
    await person.watches(3);
    assert.equal(await person.does('switchStream', 360, 640), undefined);
    await supervisor.sees(360);
    await person.watches(3);
    await person.does('stopRecording');
    const put = await customer.destination.received(name);
    assert.equal(put.headers['content-type'], type);
    const footage = await footageOf(put);
    assert.equal(footage.complaints, '');
    assert.deepEqual([footage.streams.video?.codec_name, footage.streams.audio?.codec_name], [name, 'opus']);
    const ready = await customer.backend.hears('upload_ready', `c-${name}`);
    assert.ok(Math.abs(footage.duration * 1000 - ready.recording_file_duration_ms) <= 100);
    assert.ok(footage.toneShare(ALICE.tone) > 0.8, 'the microphone stays on');
    assert.ok(footage.tileOf(ALICE.colour, 0.2), 'the camera is seen');
    assert.ok(footage.tileOf([30, 160, 60], 0.2), 'the shared picture is seen');
    await playsEverywhere(put.body, footage.duration);
    await supervisor.close();
    const blind = await customer.at('supervisor', undefined, { lacks: `video/${name.toUpperCase()}` });
    const refusal = await blind.does('connect', 's-blind', await customer.backend.supervisorToken('s-blind', `c-${name}`), `c-${name}`);
    assert.deepEqual([refusal.refused, refusal.message], ['SDP_ERROR', `The pictures are ${name.toUpperCase()}, which the offer lacks.`]);
    await blind.close();
    await person.does('disconnect');
  });
}

here.test('a client in Firefox is recorded, watched from Chromium and Firefox, and its file is whole', async () => {
  const person = await Person.at(firefox, customer.site.page('client'));
  assert.equal(await person.does('connect', 'c-fox', await customer.backend.clientToken('c-fox'), customer.backend.webhook), undefined);
  const supervisor = await customer.watching('s-chrome', 'c-fox');
  const fox = await Person.at(firefox, customer.site.page('supervisor'));
  assert.equal(typeof (await fox.does('connect', 's-fox', await customer.backend.supervisorToken('s-fox', 'c-fox'), 'c-fox')), 'number');
  await customer.records(person, customer.destination.url('fox.webm'), 4);
  const put = await customer.destination.received('fox.webm');
  const footage = await footageOf(put);
  assert.equal(footage.complaints, '');
  assert.deepEqual([footage.streams.video?.codec_name, footage.streams.audio?.codec_name], ['vp8', 'opus']);
  const ready = await customer.backend.hears('upload_ready', 'c-fox');
  assert.ok(Math.abs(footage.duration * 1000 - ready.recording_file_duration_ms) <= 100);
  assert.ok(footage.duration > 3.5 && footage.frameCount > 40, `${footage.duration} s, ${footage.frameCount} pictures`);
  await playsEverywhere(put.body, footage.duration);
  await Promise.all([person, fox, supervisor].map((each) => each.close()));
});

for (const page of /** @type {const} */ (['early', 'scripted'])) {
  here.test(`a client of the first generation is recorded: ${page}`, async () => {
    const { backend, destination } = customer;
    const id = `c-${page}`;
    const person = await customer.at(page, ALICE);
    const recording = await person.does('startRecording', id, await backend.earlyToken(id), destination.url(id), backend.webhook);
    assert.match(String(recording), /^[0-9a-f-]{36}$/, JSON.stringify(recording));
    if (page === 'early') await person.hears({ type: 'recording_state', rec_id: recording });
    await person.watches(4);
    await person.does('stopRecording');
    if (page === 'scripted') await person.hears({ type: 'disconnected', termination_cause: 'TERM_BY_CLIENT' });
    const footage = await footageOf(await destination.received(id));
    assert.equal(footage.complaints, '');
    assert.deepEqual([footage.streams.video?.codec_name, footage.streams.audio], ['vp8', undefined]);
    assert.ok(footage.tileOf(ALICE.colour) && footage.duration > 3, `${footage.duration} s`);
    const ready = await backend.hears('upload_ready', id);
    assert.deepEqual(Object.keys(ready).sort(), READY_FIELDS);
    assert.equal(ready.rec_id, recording);
  });
}

here.test('three streams become three files, each within its limit', async () => {
  const person = await customer.at('client', ALICE);
  await person.does('setOptionMaxBitrate', 150);
  await person.does('connect', 'c-three', await customer.backend.clientToken('c-three'), customer.backend.webhook, 3);
  const names = ['one.webm', 'two.webm', 'three.webm'];
  const ids = await person.does('startRecording', names.map((name) => customer.destination.url(name)), customer.backend.webhook);
  assert.equal(new Set(ids).size, 3, JSON.stringify(ids));
  await person.watches(6);
  await person.does('stopRecording');
  for (const name of names) {
    const footage = await footageOf(await customer.destination.received(name));
    assert.equal(footage.complaints, '');
    assert.ok(footage.tileOf(ALICE.colour), name);
    const { body } = await customer.destination.received(name);
    const kilobits = (body.length * 8) / 1000 / footage.duration;
    // Sound takes up to 64 kbit/s beside the picture.
    assert.ok(kilobits < 150 * 1.1 + 64, `${name}: ${kilobits} kbit/s`);
  }
  await person.does('disconnect');
});

here.test('what a stream may take is kept and used', async (context) => {
  for (const [limit, least, most] of [[150, 75, 165], [4000, 2000, 4400], [null, 400, 4400]]) {
    const id = `c-${limit}`;
    const person = await customer.at('client', { ...ALICE, grain: true });
    await person.does('setOptionMaxBitrate', limit);
    await person.does('connect', id, await customer.backend.clientToken(id));
    // First it finds out what the way carries.
    await person.watches(8);
    await customer.records(person, customer.destination.url(id), 6);
    const footage = await footageOf(await customer.destination.received(id));
    const kilobits = (footage.pictureBytes * 8) / 1000 / footage.duration;
    context.diagnostic(`limit ${limit}: ${kilobits.toFixed(0)} kbit/s`);
    assert.ok(kilobits > Number(least) && kilobits < Number(most), `${limit}: ${kilobits} kbit/s`);
    await person.close();
  }
});

here.test('a weak uplink that loses packets costs picture quality, and neither length nor lip sync', async () => {
  const network = await WeakNetwork.open(here.stack.ports.udp, { loss: 0.05, kilobits: 300 });
  const person = await customer.at('client', { ...ALICE, grain: true }, { network });
  try {
    await person.does('connect', 'c-weak', await customer.backend.clientToken('c-weak'), customer.backend.webhook);
    await person.hears({ type: 'connected' });
    await person.does('startRecording', customer.destination.url('weak.webm'), customer.backend.webhook);
    await person.watches(30);
    await person.does('stopRecording');
  } finally {
    await person.close();
    network.close();
  }
  const put = await customer.destination.received('weak.webm');
  const footage = await footageOf(put);
  assert.equal(footage.complaints, '');
  const ready = await customer.backend.hears('upload_ready', 'c-weak');
  // Sound comes before the first whole picture does.
  const between = Date.parse(ready.recording_stopped_at) - Date.parse(ready.recording_started_at);
  const figures = `${footage.duration} s of ${between} ms, ${JSON.stringify(network.counts)}, ${put.body.length} bytes`;
  assert.ok(Math.abs(footage.duration * 1000 - between) < 1000, figures);
  assert.ok((put.body.length * 8) / 1000 / footage.duration < 300, `what is sent adapts: ${figures}`);
  assert.ok(network.counts.lost / network.counts.came < 0.2, `and so it is hardly queued away: ${figures}`);
  const region = footage.tileOf(ALICE.colour, 0.2);
  assert.ok(region, figures);
  const { pairs, milliseconds } = footage.lateness(region, ALICE.beep);
  assert.ok(pairs >= 8 && Math.abs(milliseconds) < 80, `${pairs} pairs, ${milliseconds} ms; ${figures}`);
});

here.test('where no UDP gets through, a client is recorded and watched over TCP', async () => {
  const person = await customer.connected('c-tcp', { network: 'tcp' });
  await person.does('startRecording', customer.destination.url('tcp.webm'), customer.backend.webhook);
  const supervisor = await customer.watching('s-tcp', 'c-tcp', { network: 'tcp' });
  await person.watches(4);
  await person.does('stopRecording');
  const footage = await footageOf(await customer.destination.received('tcp.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.tileOf(ALICE.colour) && footage.toneShare(ALICE.tone) > 0.8, 'seen and heard');
  await supervisor.close();
  await person.does('disconnect');
});

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launchFirefox } from '../support/firefox.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE } from '../support/media.mjs';
import { Backend } from '../support/streamrec/backend.mjs';
import { Destination, SECRET, footageOf } from '../support/streamrec/destination.mjs';
import { plays } from '../support/playback.mjs';
import { Person } from '../support/streamrec/person.mjs';
import { Site } from '../support/streamrec/site.mjs';
import { WeakNetwork } from '../support/streamrec/weak_network.mjs';

const READY_FIELDS = [
  'client_id', 'msg', 'rec_id', 'recording_file_duration_ms', 'recording_file_size_bytes', 'recording_first_frame_written_at',
  'recording_first_peerframe_captured_at', 'recording_started_at', 'recording_stopped_at', 'status',
];

const here = new Installation();
const destination = await Destination.open();
/** @type {Backend} */
let backend;
/** @type {Site} */
let site;
/** @type {any} */
let firefox;
before(async () => {
  [firefox] = await Promise.all([launchFirefox(), here.ready]);
  backend = await Backend.open(here.stack.address, await here.owner.makeApiKey(['streamrec'], here.demo));
  site = await Site.open(here.stack.address);
});
after(() => {
  for (const each of [destination, backend, site, firefox]) each?.close();
});

/** A client whose media flows. @param {string} id @param {Parameters<typeof Person.at>[3]} [more] */
async function connected(id, more) {
  const person = await Person.at(here.browser, site.page('client'), ALICE, more);
  assert.equal(await person.does('connect', id, await backend.clientToken(id), backend.webhook), undefined);
  await person.hears({ type: 'connected' });
  return person;
}

/** Records some seconds to an address. @param {Person} person @param {string} url @param {number} seconds */
async function records(person, url, seconds) {
  const recording = await person.does('startRecording', url, backend.webhook);
  assert.match(String(recording), /^[0-9a-f-]{36}$/, JSON.stringify(recording));
  await person.watches(seconds);
  assert.equal(await person.does('stopRecording'), undefined);
  return recording;
}

here.test('the documented client records, switches its stream, and the file and its webhook are right', async () => {
  const person = await connected('c-switch');
  const recording = await person.does('startRecording', destination.url('switch.webm'), backend.webhook);
  await person.watches(4);
  for (const [width, height] of [[1920, 1080], [360, 640]]) {
    assert.equal(await person.does('switchStream', width, height), undefined);
    await person.watches(3);
  }
  await person.does('stopRecording');
  await person.does('disconnect');
  const put = await destination.received('switch.webm');
  assert.equal(put.headers['content-type'], 'video/webm');
  assert.equal(put.headers['content-length'], String(put.body.length));

  const ready = await backend.hears('upload_ready', 'c-switch');
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

  const finished = await backend.hears('session_finished', 'c-switch');
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
    const person = await connected(`c-${name}`, { codec: `video/${name.toUpperCase()}` });
    await person.does('startRecording', destination.url(name), backend.webhook);
    const supervisor = await Person.at(here.browser, site.page('supervisor'));
    const token = await backend.supervisorToken(`s-${name}`, `c-${name}`);
    assert.equal(typeof (await supervisor.does('connect', `s-${name}`, token, `c-${name}`)), 'number', 'a picture is seen');
    await person.watches(3);
    assert.equal(await person.does('switchStream', 360, 640), undefined);
    await person.watches(3);
    await person.does('stopRecording');
    const put = await destination.received(name);
    assert.equal(put.headers['content-type'], type);
    const footage = await footageOf(put);
    assert.equal(footage.complaints, '');
    assert.deepEqual([footage.streams.video?.codec_name, footage.streams.audio?.codec_name], [name, 'opus']);
    const ready = await backend.hears('upload_ready', `c-${name}`);
    assert.ok(Math.abs(footage.duration * 1000 - ready.recording_file_duration_ms) <= 100);
    assert.ok(footage.toneShare(ALICE.tone) > 0.8, 'the microphone stays on');
    assert.ok(footage.tileOf(ALICE.colour, 0.2), 'the camera is seen');
    assert.ok(footage.tileOf([30, 160, 60], 0.2), 'the shared picture is seen');
    await playsEverywhere(put.body, footage.duration);
    await supervisor.close();
    await person.does('disconnect');
  });
}

here.test('destinations that refuse, fail, hang and close are treated as they deserve', async () => {
  const person = await connected('c-faults');
  const refused = await records(person, destination.url('refused.webm', [403]), 1);
  const recovering = await records(person, destination.url('recovers.webm', [500, 'close', 200]), 1);
  const failed = await backend.hears('upload_failed', 'c-faults');
  assert.deepEqual([failed.rec_id, failed.upload_status_code], [refused, 403]);
  assert.equal(destination.puts.filter(({ path }) => path === '/refused.webm').length, 1, 'a refusal is not tried again');
  const ready = await backend.hears('upload_ready', 'c-faults');
  assert.equal(ready.rec_id, recovering);
  const whole = await destination.received('recovers.webm', 3);
  assert.equal((await footageOf(whole)).complaints, '');
  await person.does('disconnect');
});

here.test('a destination that hangs holds up neither the session nor the next recording', async () => {
  const person = await connected('c-hangs');
  await records(person, destination.url('hangs.webm', ['hang']), 1);
  const next = await records(person, destination.url('next.webm'), 1);
  await destination.received('hangs.webm');
  const ready = await backend.hears('upload_ready', 'c-hangs');
  assert.equal(ready.rec_id, next);
  await person.does('disconnect');
});

here.test('a private address is refused before anything is recorded', async () => {
  const person = await connected('c-private');
  const answer = await person.does('startRecording', 'https://10.1.2.3/file.webm', backend.webhook);
  assert.match(answer.message, /public https address/);
  assert.match((await person.does('stopRecording')).message, /Nothing is being recorded/);
  await person.does('disconnect');
});

here.test('a second session of a client is refused, and the first is unharmed', async () => {
  const first = await connected('c-twice');
  const second = await Person.at(here.browser, site.page('client'), ALICE);
  const answer = await second.does('connect', 'c-twice', await backend.clientToken('c-twice'));
  assert.equal(answer.refused, 'TWO_TIMER');
  await records(first, destination.url('twice.webm'), 1);
  await backend.hears('upload_ready', 'c-twice');
  await first.does('disconnect');
});

here.test('three supervisors see the picture, a fourth is refused, and all hear of the end', async () => {
  const idle = await backend.asks('/api/v2/supervisor_session', { client_id: 's-0', client_id_to_monitor: 'c-watched' }, {
    authorization: `Bearer ${await backend.supervisorToken('s-0', 'c-watched')}`,
  });
  assert.deepEqual([idle.status, idle.answer.termination_cause], [404, 'NO_ACTIVE_AGENT']);

  const client = await connected('c-watched');
  const supervisors = [];
  for (const id of ['s-1', 's-2', 's-3']) {
    const supervisor = await Person.at(here.browser, site.page('supervisor'));
    const token = await backend.supervisorToken(id, 'c-watched');
    const words = id === 's-2' ? ['c-watched', token] : [token, 'c-watched'];
    const seen = await supervisor.does('connect', id, ...words, backend.webhook);
    assert.equal(typeof seen, 'number', `${id} sees no picture: ${JSON.stringify(seen)}`);
    supervisors.push(supervisor);
  }
  const fourth = await Person.at(here.browser, site.page('supervisor'));
  const answer = await fourth.does('connect', 's-4', await backend.supervisorToken('s-4', 'c-watched'), 'c-watched');
  assert.equal(answer.refused, 'MAX_SUPERVISORS_PER_AGENT');

  await client.does('disconnect');
  for (const [index, supervisor] of supervisors.entries()) {
    await supervisor.hears({ type: 'disconnected', termination_cause: 'AGENT_SESSION_TERM' });
    const finished = await backend.hears('supervisor_session_finished', `s-${index + 1}`);
    assert.equal(finished.termination_cause, 'AGENT_SESSION_TERM');
  }
});

here.test('three streams become three files, each within its limit', async () => {
  const person = await Person.at(here.browser, site.page('client'), ALICE);
  await person.does('setOptionMaxBitrate', 150);
  await person.does('connect', 'c-three', await backend.clientToken('c-three'), backend.webhook, 3);
  const names = ['one.webm', 'two.webm', 'three.webm'];
  const ids = await person.does('startRecording', names.map((name) => destination.url(name)), backend.webhook);
  assert.equal(new Set(ids).size, 3, JSON.stringify(ids));
  await person.watches(6);
  await person.does('stopRecording');
  for (const name of names) {
    const footage = await footageOf(await destination.received(name));
    assert.equal(footage.complaints, '');
    assert.ok(footage.tileOf(ALICE.colour), name);
    const { body } = await destination.received(name);
    const kilobits = (body.length * 8) / 1000 / footage.duration;
    // Sound takes up to 64 kbit/s beside the picture.
    assert.ok(kilobits < 150 * 1.1 + 64, `${name}: ${kilobits} kbit/s`);
  }
  await person.does('disconnect');
});

here.test('a weak uplink that loses packets costs picture quality, and neither length nor lip sync', async () => {
  const network = await WeakNetwork.open(here.stack.ports.udp, { loss: 0.05, kilobits: 300 });
  const person = await Person.at(here.browser, site.page('client'), { ...ALICE, grain: true }, { network });
  try {
    await person.does('connect', 'c-weak', await backend.clientToken('c-weak'), backend.webhook);
    await person.hears({ type: 'connected' });
    await person.does('startRecording', destination.url('weak.webm'), backend.webhook);
    await person.watches(30);
    await person.does('stopRecording');
  } finally {
    await person.close();
    network.close();
  }
  const put = await destination.received('weak.webm');
  const footage = await footageOf(put);
  assert.equal(footage.complaints, '');
  const ready = await backend.hears('upload_ready', 'c-weak');
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
  const person = await connected('c-tcp', { network: 'tcp' });
  await person.does('startRecording', destination.url('tcp.webm'), backend.webhook);
  const supervisor = await Person.at(here.browser, site.page('supervisor'), undefined, { network: 'tcp' });
  const token = await backend.supervisorToken('s-tcp', 'c-tcp');
  assert.equal(typeof (await supervisor.does('connect', 's-tcp', token, 'c-tcp')), 'number', 'a picture is seen');
  await person.watches(4);
  await person.does('stopRecording');
  const footage = await footageOf(await destination.received('tcp.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.tileOf(ALICE.colour) && footage.toneShare(ALICE.tone) > 0.8, 'seen and heard');
  await supervisor.close();
  await person.does('disconnect');
});

here.test('what cannot be negotiated and what stops coming ends with its cause', async () => {
  const { answer } = await backend.asks('/api/v2/session', { client_id: 'c-garbage' }, {
    authorization: `Bearer ${await backend.clientToken('c-garbage')}`,
  });
  const person = await Person.at(here.browser, site.page('client'), ALICE);
  const cause = await person.page.evaluate(
    ([address, token, session]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${address.replace(/^http/, 'ws')}?auth_token=${token}`);
        const message = (/** @type {string} */ type, /** @type {object} */ data) => JSON.stringify({ type, client_id: 'c-garbage', session_id: session, data });
        socket.onopen = () => {
          socket.send(message('weather', {}));
          socket.send(message('candidate', { candidate: null }));
          socket.send(message('session_start', { sdp: { type: 'offer', sdp: 'v=0 rubbish' } }));
        };
        socket.onmessage = ({ data }) => resolve(JSON.parse(data).data.termination_cause);
        socket.onclose = () => resolve('closed');
      }),
    [answer.ws_endpoint, await backend.clientToken('c-garbage'), answer.session_id],
  );
  assert.equal(cause, 'SDP_ERROR');
});

here.test('a session whose media stops ends by itself, and what it recorded is delivered', async () => {
  const person = await connected('c-silent');
  await person.does('startRecording', destination.url('silent.webm'), backend.webhook);
  await person.watches(1);
  await person.does('stopMedia');
  await person.hears({ type: 'disconnected', termination_cause: 'NO_PACKET_RECEIVED' }, 60_000);
  assert.equal((await footageOf(await destination.received('silent.webm'))).complaints, '');
});

here.test('an orderly end of the node delivers what is being recorded', async () => {
  const person = await connected('c-stop');
  await person.does('startRecording', destination.url('stop.webm'), backend.webhook);
  await person.watches(3);
  await here.stack.restart();
  await person.hears({ type: 'disconnected', termination_cause: 'SERVICE_SHUTDOWN' });
  const footage = await footageOf(await destination.received('stop.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 2, `${footage.duration} s`);
  await backend.hears('upload_ready', 'c-stop');
});

here.test('a killed node delivers what it had', async () => {
  const person = await connected('c-crash');
  await person.does('startRecording', destination.url('crash.webm'), backend.webhook);
  await person.watches(4);
  await here.stack.crashMedia();
  const footage = await footageOf(await destination.received('crash.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 2, `${footage.duration} s`);
  await backend.hears('upload_ready', 'c-crash');
});

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { FakeConnection, FakeSocket, FakeStream, install, nextSocket, settled } from './fakes.js';

const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjLTAifQ.c2lnbmF0dXJl';
const GRANT = {
  session_id: '98f06660-0000-7000-8000-000000000001',
  session_id_to_monitor: '98f06660-0000-7000-8000-000000000002',
  ice_credentials: { iceServers: [] },
  ws_endpoint: 'https://node.example/api/v2/io',
};

let asked;
let answer;
let eyeson;
let Supervisor;
let events;
let pages = 0;

/** A page of its own for each test. */
beforeEach(async () => {
  install();
  [asked, answer] = [[], { ok: true, status: 201, json: async () => GRANT }];
  globalThis.fetch = async (url, { headers, body }) => {
    asked.push({ url: String(url), token: headers.authorization, body: JSON.parse(body) });
    return answer;
  };
  pages += 1;
  ({ default: eyeson, Supervisor } = await import(`../streamrec.js?page=${pages}`));
  eyeson.setEndpoint('https://rec.example/');
  events = [];
  eyeson.addEventListener((event) => events.push(event));
});

/** Answers an offer and lets media flow. */
async function established(socket) {
  socket.open();
  await settled();
  socket.says({ type: 'sdp_update', data: { sdp: { type: 'answer', sdp: 'v=0' } } });
  await settled();
  FakeConnection.made.at(-1).connect();
  await settled();
}

async function connected(stream = new FakeStream(['audio', 'video']), webhookUrl = undefined) {
  const connecting = eyeson.connect('c-0', TOKEN, stream, webhookUrl);
  const socket = await nextSocket(1);
  await established(socket);
  await connecting;
  return socket;
}

/** A message without the session description of the fake connection. */
const said = (socket) => socket.sent.map(({ type, data }) => [type, data]);

function recording(socket, stream_index, state, more = {}) {
  socket.says({ type: 'recording_state', data: { stream_index, state, ...more } });
}

test('a page of the second generation connects, records, switches, stops and disconnects', async () => {
  const socket = await connected(new FakeStream(['audio', 'video']), 'https://hook.example/');
  assert.deepEqual(asked, [{ url: 'https://rec.example/api/v2/session', token: `Bearer ${TOKEN}`, body: { client_id: 'c-0' } }]);
  assert.deepEqual([socket.url, socket.protocols], ['wss://node.example/api/v2/io', [TOKEN]]);
  assert.deepEqual(FakeConnection.made[0].configuration, { iceServers: [] });
  const [{ type, client_id, session_id, data }] = socket.sent;
  assert.deepEqual([type, client_id, session_id, data.webhook_url], ['session_start', 'c-0', GRANT.session_id, 'https://hook.example/']);
  assert.equal(data.version, eyeson.version);
  assert.equal(data.sdp.sdp, 'audio sendonly,video sendonly');
  assert.deepEqual(FakeConnection.made[0].remoteDescription, { type: 'answer', sdp: 'v=0' });

  const starting = eyeson.startRecording('https://bucket.example/a?signed', 'https://hook.example/done');
  assert.deepEqual(said(socket).at(-1), ['recording_start', { upload_url: 'https://bucket.example/a?signed', webhook_url: 'https://hook.example/done' }]);
  recording(socket, 0, 'RECORDING', { rec_id: 'r-1' });
  assert.equal(await starting, 'r-1');

  const screen = { kind: 'video' };
  await eyeson.switchStream(new FakeStream([screen]));
  const [microphone, camera] = FakeConnection.made[0].getSenders();
  assert.deepEqual([microphone.track.kind, camera.track], ['audio', screen]);

  const stopping = eyeson.stopRecording();
  assert.deepEqual(said(socket).at(-1), ['recording_stop', {}]);
  recording(socket, 0, 'UPLOADING', { rec_id: 'r-1' });
  await stopping;
  recording(socket, 0, 'UPLOADED', { rec_id: 'r-1' });
  await eyeson.disconnect();
  assert.equal(socket.sent.at(-1).type, 'session_stop');
  assert.equal(FakeConnection.made[0].closed, true);
  assert.deepEqual(events.map((event) => event.state ?? event.termination_cause ?? event.type), [
    'connected', 'RECORDING', 'UPLOADING', 'UPLOADED', 'TERM_BY_CLIENT',
  ]);
});

test('several streams keep their places, each with its own address', async () => {
  assert.equal(eyeson.maxStreamCount, 3);
  eyeson.setOptionMaxBitrate(400);
  const socket = await connected([new FakeStream(['video']), new FakeStream(['audio', 'video'])]);
  const made = FakeConnection.made[0].transceivers;
  assert.deepEqual(made.map(({ kind }) => kind), ['audio', 'video', 'audio', 'video']);
  assert.deepEqual(made.map(({ sendEncodings }) => sendEncodings[0]?.maxBitrate), [undefined, 400_000, undefined, 400_000]);

  const starting = eyeson.startRecording([null, 'https://bucket.example/b'], 'https://hook.example/');
  assert.deepEqual(said(socket).at(-1)[1], { recordings: [{ stream_index: 1, upload_url: 'https://bucket.example/b', webhook_url: 'https://hook.example/' }] });
  recording(socket, 1, 'RECORDING', { rec_id: 'r-2' });
  assert.deepEqual(await starting, [undefined, 'r-2']);

  const screens = [{ kind: 'video' }, { kind: 'video' }];
  await eyeson.switchStream(screens.map((screen) => new FakeStream([screen])));
  await eyeson.switchStream(new FakeStream([screens[0]]), 1);
  assert.deepEqual(FakeConnection.made[0].getSenders().filter(({ track }) => track.kind === 'video').map(({ track }) => track), [screens[0], screens[0]]);
  await assert.rejects(eyeson.startRecording(['a', 'b', 'c']), /none without one/);
  await eyeson.disconnect();
});

test('what becomes of an earlier upload is not taken for the recording that follows', async () => {
  const socket = await connected();
  const first = eyeson.startRecording('https://bucket.example/a');
  recording(socket, 0, 'RECORDING', { rec_id: 'r-1' });
  await first;
  const stopping = eyeson.stopRecording();
  recording(socket, 0, 'UPLOADING', { rec_id: 'r-1' });
  await stopping;
  const second = eyeson.startRecording('https://bucket.example/b');
  recording(socket, 0, 'FAILED', { rec_id: 'r-1', msg: 'The destination said no.' });
  recording(socket, 0, 'RECORDING', { rec_id: 'r-2' });
  assert.equal(await second, 'r-2');
  assert.deepEqual(events.map((event) => [event.state, event.rec_id]).slice(-2), [['FAILED', 'r-1'], ['RECORDING', 'r-2']]);
  await eyeson.disconnect();
});

test('limits are from 150 to 4000, or none', () => {
  for (const fine of [150, 4000, null]) eyeson.setOptionMaxBitrate(fine);
  for (const wrong of [149, 4001, NaN]) assert.throws(() => eyeson.setOptionMaxBitrate(wrong), RangeError);
});

test('stopping what does not run, and starting what cannot, is refused', async () => {
  await assert.rejects(eyeson.startRecording('https://bucket.example/'), /call connect first/);
  await assert.rejects(eyeson.stopRecording(), /Authentication missing/);
  const socket = await connected();
  await assert.rejects(eyeson.stopRecording(), /Nothing is being recorded/);
  const starting = eyeson.startRecording('https://10.0.0.1/');
  recording(socket, 0, 'FAILED', { msg: 'The upload address must be public.' });
  await assert.rejects(starting, /must be public/);
  await assert.rejects(eyeson.connect('c-0', TOKEN, new FakeStream(['video'])), { termination_cause: 'TWO_TIMER' });
  await eyeson.disconnect();
});

test('a refused session says why', async () => {
  answer = { ok: false, status: 409, json: async () => ({ termination_cause: 'TWO_TIMER', detail: 'The client has a session.' }) };
  await assert.rejects(eyeson.connect('c-0', TOKEN, new FakeStream(['video'])), { termination_cause: 'TWO_TIMER', message: 'The client has a session.' });
  answer = { ok: false, status: 502, json: async () => { throw new SyntaxError('HTML'); } };
  await assert.rejects(eyeson.connect('c-0', TOKEN, new FakeStream(['video'])), /502/);
  assert.deepEqual([FakeSocket.made.length, events], [0, []]);
});

test('the service ends a session with any cause, and a new one can follow', async () => {
  const socket = await connected();
  const starting = eyeson.startRecording('https://bucket.example/');
  socket.says({ type: 'session_terminated', data: { termination_cause: 'A_NEW_ONE' } });
  await assert.rejects(starting, /has ended/);
  assert.deepEqual(events.at(-1), { type: 'disconnected', termination_cause: 'A_NEW_ONE' });
  assert.equal(socket.readyState, 3);
  const connecting = eyeson.connect('c-0', TOKEN, new FakeStream(['video']));
  await established(await nextSocket(2));
  await connecting;
  await eyeson.disconnect();
});

test('a session that ends before media flows rejects with its cause', async () => {
  const connecting = eyeson.connect('c-0', TOKEN, new FakeStream(['video']));
  const socket = await nextSocket(1);
  socket.open();
  socket.says({ type: 'session_terminated', data: { termination_cause: 'SDP_ERROR', msg: 'The pictures are AV1.' } });
  await assert.rejects(connecting, { termination_cause: 'SDP_ERROR', message: 'The pictures are AV1.' });
});

test('a connection that fails ends the session, and the service hears why', async () => {
  const socket = await connected();
  FakeConnection.made[0].fail();
  assert.deepEqual(said(socket).at(-1), ['session_stop', { termination_cause: 'PEERCONN_FAILED' }]);
  assert.deepEqual(events.at(-1), { type: 'disconnected', termination_cause: 'PEERCONN_FAILED' });
});

test('a lost socket is opened again while media flows, and given up after fifteen seconds', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  await connected();
  FakeSocket.made[0].drop();
  context.mock.timers.tick(1000);
  await established(FakeSocket.made[1]);
  assert.equal(FakeSocket.made[1].sent[0].type, 'session_start');
  context.mock.timers.tick(60_000);
  assert.deepEqual(events.map(({ type }) => type), ['connected']);

  for (let attempt = 0; attempt < 15; attempt += 1) {
    FakeSocket.made.at(-1).drop();
    context.mock.timers.tick(1000);
  }
  assert.deepEqual(events.at(-1), { type: 'disconnected', termination_cause: 'CONN_ERROR' });
});

test('what is said while the socket is away waits for the next one', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  await connected();
  recording(FakeSocket.made[0], 0, 'RECORDING', { rec_id: 'r-1' });
  FakeSocket.made[0].drop();
  const stopping = eyeson.stopRecording();
  context.mock.timers.tick(1000);
  FakeSocket.made[1].open();
  const again = eyeson.stopRecording();
  await settled();
  assert.deepEqual(FakeSocket.made[1].sent.map(({ type }) => type), ['session_start', 'recording_stop', 'recording_stop']);
  recording(FakeSocket.made[1], 0, 'UPLOADING', { rec_id: 'r-1' });
  await Promise.all([stopping, again]);
  await eyeson.disconnect();
});

test('a session that is being opened can be ended', async () => {
  const granting = globalThis.fetch;
  globalThis.fetch = (url, { signal }) => new Promise((resolve, reject) => { signal.onabort = () => reject(signal.reason); });
  const asking = eyeson.connect('c-0', TOKEN, new FakeStream(['video']));
  const given = assert.rejects(asking, { termination_cause: 'TERM_BY_CLIENT' });
  await settled();
  await eyeson.disconnect();
  await given;
  assert.equal(FakeConnection.made.length, 0);

  globalThis.fetch = granting;
  const opening = eyeson.connect('c-0', TOKEN, new FakeStream(['video']));
  const socket = await nextSocket(1);
  socket.open();
  await settled();
  const refused = assert.rejects(opening, { termination_cause: 'TERM_BY_CLIENT' });
  await eyeson.disconnect();
  await refused;
  assert.deepEqual([socket.sent.at(-1).type, FakeConnection.made[0].closed], ['session_stop', true]);
  const next = eyeson.connect('c-0', TOKEN, new FakeStream(['video']));
  await established(await nextSocket(2));
  await next;
  await eyeson.disconnect();
});

test('when one of several recordings does not start, none goes on unseen', async () => {
  const socket = await connected([new FakeStream(['video']), new FakeStream(['video'])]);
  const starting = eyeson.startRecording(['https://bucket.example/a', 'https://bucket.example/b']);
  recording(socket, 1, 'FAILED', { msg: 'No.' });
  recording(socket, 0, 'RECORDING', { rec_id: 'r-1' });
  await assert.rejects(starting, /No\./);
  assert.deepEqual(said(socket).at(-1), ['recording_stop', { rec_id: 'r-1' }]);
  await eyeson.disconnect();
});

test('a start that was given up is stopped should it come nevertheless', async (context) => {
  const socket = await connected();
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const starting = eyeson.startRecording('https://bucket.example/a');
  const given = assert.rejects(starting, { termination_cause: 'CONN_TIMEOUT' });
  context.mock.timers.tick(30_000);
  await given;
  recording(socket, 0, 'RECORDING', { rec_id: 'r-9' });
  assert.deepEqual(said(socket).at(-1), ['recording_stop', { rec_id: 'r-9' }]);
  await eyeson.disconnect();
});

test('what is unknown or unreadable is passed over', async (context) => {
  context.mock.method(console, 'warn', () => {});
  const socket = await connected();
  socket.says({ type: 'weather', data: {} });
  socket.onmessage({ data: 'not JSON' });
  socket.says({ type: 'candidate', data: { candidate: null } });
  socket.says({ type: 'candidate', data: { candidate: { candidate: 'host' } } });
  await settled();
  assert.deepEqual(FakeConnection.made[0].candidates, ['host']);
  assert.deepEqual(events.map(({ type }) => type), ['connected']);
  await eyeson.disconnect();
});

test('a page of the first generation is told by its arguments', async () => {
  eyeson.setEndpoint('https://wrong.example');
  assert.equal(eyeson.connect(TOKEN, 'https://rec.example'), undefined);
  const ends = [];
  eyeson.onDisconnect((event) => ends.push(event.termination_cause));
  const starting = eyeson.startRecording(new FakeStream(['video']), 'c-0', 'https://bucket.example/a', 'https://hook.example/');
  const socket = await nextSocket(1);
  assert.equal(asked[0].url, 'https://rec.example/api/v2/session');
  await established(socket);
  assert.deepEqual(said(socket).at(-1)[1], { upload_url: 'https://bucket.example/a', webhook_url: 'https://hook.example/' });
  recording(socket, 0, 'RECORDING', { rec_id: 'r-1' });
  assert.equal(await starting, 'r-1');
  const stopping = eyeson.stopRecording();
  recording(socket, 0, 'UPLOADING', { rec_id: 'r-1' });
  await stopping;
  assert.deepEqual(ends, ['TERM_BY_CLIENT']);
});

test('a supervisor watches, whatever the order of its arguments', async () => {
  for (const [count, given] of [[TOKEN, 'c-0'], ['c-0', TOKEN]].entries()) {
    const supervisor = count === 0 ? Supervisor : new Supervisor();
    const heard = [];
    supervisor.addEventListener((event) => heard.push(event));
    const connecting = supervisor.connect('sup-0', ...given, 'https://hook.example/');
    const socket = await nextSocket(count + 1);
    assert.deepEqual(asked[count], {
      url: 'https://rec.example/api/v2/supervisor_session', token: `Bearer ${TOKEN}`, body: { client_id: 'sup-0', client_id_to_monitor: 'c-0' },
    });
    await established(socket);
    const stream = await connecting;
    assert.deepEqual(stream.getTracks().map(({ kind }) => kind), ['audio', 'video']);
    const { sdp, ...begin } = socket.sent[0].data;
    assert.equal(sdp.sdp.split(',').length, 6);
    assert.deepEqual(begin, { session_id_to_monitor: GRANT.session_id_to_monitor, webhook_url: 'https://hook.example/', version: eyeson.version });
    const shown = heard.find(({ type }) => type === 'stream');
    assert.deepEqual([shown.stream, shown.remoteStream, shown.streams], [stream, stream, [stream]]);

    const second = FakeConnection.made[count].transceivers[3].receiver.track;
    second.muted = false;
    second.onunmute();
    assert.equal(heard.at(-1).streams.length, 2);
    socket.says({ type: 'session_terminated', data: { termination_cause: 'AGENT_SESSION_TERM' } });
    assert.deepEqual(heard.at(-1), { type: 'disconnected', termination_cause: 'AGENT_SESSION_TERM' });
  }
});

test('where the service is can be said by the page', async () => {
  eyeson.setEndpoint('');
  globalThis.EYESON_STREAMREC_ENDPOINT = 'https://own.example/';
  answer = { ok: false, status: 401, json: async () => ({}) };
  await assert.rejects(eyeson.connect('c-0', TOKEN, new FakeStream(['video'])));
  delete globalThis.EYESON_STREAMREC_ENDPOINT;
  assert.equal(asked[0].url, 'https://own.example/api/v2/session');
});

test('listeners can be taken off, and one that throws harms nobody', async (context) => {
  context.mock.method(console, 'error', () => {});
  const unwanted = () => assert.fail('was taken off');
  eyeson.addEventListener(unwanted);
  eyeson.removeEventListener(unwanted);
  eyeson.addEventListener(() => { throw new Error('of the page'); });
  await connected();
  await eyeson.disconnect();
  assert.equal(events.length, 2);
});

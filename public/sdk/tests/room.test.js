import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { join, MixdownError } from '../index.js';
import { FakeConnection, FakeSocket, FakeStream, install, nextSocket, settled, welcome } from './fakes.js';

const OPTIONS = { endpoint: 'https://calls.example', appKey: 'key_1', room: 'standup', name: 'Anna' };
let controlPlane;
beforeEach(() => (controlPlane = install()));

/** A room with a log of what it emitted. */
async function joined(options = {}, greeting = {}) {
  const joining = join({ ...OPTIONS, ...options });
  const socket = await nextSocket();
  await welcome(socket, greeting);
  const room = await joining;
  const heard = [];
  for (const name of ['peerJoined', 'peerLeft', 'stream', 'streamEnded', 'recordingState', 'error', 'reconnecting', 'reconnected', 'left']) {
    room.on(name, (...details) => heard.push([name, ...details]));
  }
  return { room, socket, heard, names: () => heard.map(([name]) => name) };
}

test('a place is asked for, and the socket opened with its token only', async () => {
  const { room, socket } = await joined({}, { peers: [{ id: 'peer_ben', name: 'Ben' }], recording: 'rec_1' });
  assert.deepEqual(controlPlane.requests, [{ url: 'https://calls.example/api/v1/join', body: { appKey: 'key_1', room: 'standup', name: 'Anna' } }]);
  assert.equal(socket.url, 'ws://node/native');
  assert.deepEqual(socket.sent, [{ type: 'hello', protocol: 1, token: 'token 1' }]);
  assert.deepEqual([room.id, room.relay, room.recording, [...room.peers.keys()]], ['peer_me', true, 'rec_1', ['peer_ben']]);
});

test('a refused join says why', async () => {
  controlPlane.answer = () => ({ ok: false, json: async () => ({ code: 'origin_not_allowed', detail: 'Not from here.' }) });
  await assert.rejects(join(OPTIONS), (error) => error instanceof MixdownError && error.code === 'origin_not_allowed' && error.message === 'Not from here.');
  controlPlane.answer = () => { throw new TypeError('no network'); };
  await assert.rejects(join(OPTIONS), { code: 'unreachable' });
});

test('a refused hello says why', async () => {
  const joining = join(OPTIONS);
  const socket = await nextSocket();
  socket.open();
  socket.says({ type: 'error', code: 'token_expired', message: 'Too late.', fatal: true });
  socket.drop();
  await assert.rejects(joining, { code: 'token_expired', message: 'Too late.' });
});

test('peers come and go', async () => {
  const { room, socket, heard } = await joined();
  socket.says({ type: 'peerJoined', peer: { id: 'peer_ben', name: 'Ben' } });
  await settled();
  assert.equal(room.peers.get('peer_ben').name, 'Ben');
  socket.says({ type: 'peerLeft', peer: 'peer_ben' });
  await settled();
  assert.equal(room.peers.size, 0);
  assert.deepEqual(heard, [['peerJoined', { id: 'peer_ben', name: 'Ben' }], ['peerLeft', 'peer_ben']]);
});

test('a start resolves with the recording, and its end is told to the end', async () => {
  const { room, socket, heard } = await joined();
  const starting = room.startRecording();
  assert.deepEqual(socket.sent.at(-1), { type: 'startRecording' });
  await assert.rejects(room.stopRecording(), { code: 'busy' });
  socket.says({ type: 'recordingState', state: 'start', recording: 'rec_1' });
  assert.equal(await starting, 'rec_1');
  assert.equal(room.recording, 'rec_1');
  const stopping = room.stopRecording();
  socket.says({ type: 'recordingState', state: 'stop', recording: 'rec_1' });
  assert.equal(await stopping, 'rec_1');
  assert.equal(room.recording, null);
  socket.says({ type: 'recordingState', state: 'link', recording: 'rec_1', url: 'https://bucket/rec_1' });
  await settled();
  assert.deepEqual(heard.map(([, state, recording, url]) => [state, recording, url]), [
    ['START', 'rec_1', undefined], ['STOP', 'rec_1', undefined], ['LINK', 'rec_1', 'https://bucket/rec_1'],
  ]);
});

test('a refused start rejects with the named reason; the failure of an earlier recording does not', async () => {
  const { room, socket } = await joined();
  const starting = room.startRecording();
  socket.says({ type: 'recordingState', state: 'error', recording: 'rec_0', error: { code: 'upload_failed', message: 'No.' } });
  socket.says({ type: 'recordingState', state: 'error', error: { code: 'recording_off', message: 'Switched off.' } });
  await assert.rejects(starting, { code: 'recording_off', message: 'Switched off.' });
});

test('a lost socket is replaced by joining again with a new token', async () => {
  const { room, socket, names } = await joined({ stream: new FakeStream(['audio']) });
  const starting = room.startRecording();
  socket.drop();
  await assert.rejects(starting, { code: 'not_connected' });
  assert.ok(FakeConnection.made[0].closed);
  await assert.rejects(room.startRecording(), { code: 'not_connected' });
  const second = await nextSocket(2);
  await welcome(second, { peer: 'peer_again', recording: 'rec_9' });
  assert.deepEqual(second.sent[0], { type: 'hello', protocol: 1, token: 'token 2' });
  assert.equal(second.sent[1].type, 'offer');
  assert.deepEqual([room.id, room.recording], ['peer_again', 'rec_9']);
  assert.deepEqual(names(), ['reconnecting', 'reconnected']);
});

test('a node that never answers is given up', async (t) => {
  const due = [];
  t.mock.method(globalThis, 'setTimeout', (act) => due.push(act));
  const joining = join(OPTIONS);
  const socket = await nextSocket();
  socket.open();
  for (const act of due) act();
  await assert.rejects(joining, { code: 'unreachable' });
});

test('a change of Media Relay brings everyone back in the other mode', async () => {
  const { room, socket, names } = await joined();
  socket.says({ type: 'bye', reason: 'relay_changed' });
  socket.drop();
  await welcome(await nextSocket(2), { relay: false });
  assert.equal(room.relay, false);
  assert.deepEqual(names(), ['reconnecting', 'reconnected']);
});

test('another good-bye is final and says why', async () => {
  const { room, socket, heard } = await joined();
  socket.says({ type: 'bye', reason: 'key_revoked' });
  socket.drop();
  await settled();
  assert.deepEqual(heard, [['left', 'key_revoked']]);
  assert.equal(FakeSocket.made.length, 1);
  room.leave();
  assert.equal(heard.length, 1);
});

test('media that stops is worth coming back for, media that never came through is not', async () => {
  const publishing = { stream: new FakeStream(['audio']) };
  const once = await joined(publishing);
  FakeConnection.made[0].connect();
  once.socket.says({ type: 'bye', reason: 'connection_lost' });
  once.socket.drop();
  await welcome(await nextSocket(2));
  assert.deepEqual(once.names(), ['reconnecting', 'reconnected']);

  const never = await joined(publishing);
  never.socket.says({ type: 'bye', reason: 'connection_lost' });
  never.socket.drop();
  await settled();
  assert.deepEqual(never.heard, [['left', 'media_unreachable']]);
});

test('leaving says so, ends the media and is final', async () => {
  const { room, socket, heard } = await joined({ stream: new FakeStream(['audio', 'video']) });
  room.leave();
  assert.deepEqual(socket.sent.at(-1), { type: 'leave' });
  assert.ok(FakeConnection.made[0].closed);
  await settled();
  assert.deepEqual(heard, [['left', 'left']]);
  assert.equal(FakeSocket.made.length, 1);
});

test('a message of a later protocol is passed over', async () => {
  for (const relay of [true, false]) {
    const { socket, heard } = await joined({}, { relay });
    socket.says({ type: 'somethingNew', from: 'peer_x' });
    await settled();
    assert.deepEqual(heard, []);
  }
});

test('a refused description does not keep later offers from being made', async () => {
  const { socket, heard } = await joined({ stream: new FakeStream(['audio']) });
  socket.says({ type: 'error', code: 'invalid_description', message: 'No.', fatal: false });
  socket.says({ type: 'negotiate', slots: 1 });
  await settled();
  assert.deepEqual(socket.sent.map(({ type }) => type), ['hello', 'offer', 'offer']);
  assert.equal(heard[0][1].code, 'invalid_description');
});

test('a listener that throws does not keep the others from hearing', async (t) => {
  t.mock.method(console, 'error', () => {});
  const { room, socket } = await joined();
  room.on('peerLeft', () => { throw new Error('in the page'); });
  const heard = new Promise((resolve) => room.on('peerLeft', resolve));
  socket.says({ type: 'peerLeft', peer: 'peer_ben' });
  assert.equal(await heard, 'peer_ben');
});

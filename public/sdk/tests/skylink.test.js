import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { install, nextSocket, settled, welcome } from './fakes.js';

globalThis.document = { currentScript: { src: new URL('../skylink.js', import.meta.url).href } };
await import('../skylink.js');
const { Skylink } = globalThis;

let controlPlane;
beforeEach(() => (controlPlane = install()));

const NAMES = ['peerJoined', 'peerLeft', 'serverPeerJoined', 'recordingState', 'systemAction'];

/** A page that has joined, with a log of what it heard. */
async function joined(greeting = {}) {
  const skylink = new Skylink();
  const heard = [];
  for (const name of NAMES) skylink.on(name, (...details) => heard.push([name, ...details]));
  await new Promise((done) => skylink.init({ appKey: 'key_1', defaultRoom: 'standup', roomServer: 'https://calls.example' }, done));
  const joining = new Promise((resolve, reject) => skylink.joinRoom({ userData: 'Anna' }, (error, success) => (error ? reject(error) : resolve(success))));
  const socket = await nextSocket(1);
  await welcome(socket, greeting);
  return { skylink, socket, heard, success: await joining, recordings: () => heard.filter(([name]) => name === 'recordingState') };
}

test('a page joins by the calls and events it was written for', async () => {
  const { heard, success, socket } = await joined({ peers: [{ id: 'peer_ben', name: 'Ben' }] });
  assert.deepEqual(controlPlane.requests, [{ url: 'https://calls.example/api/v1/join', body: { appKey: 'key_1', room: 'standup', name: 'Anna' } }]);
  assert.deepEqual([success.room, success.peerId], ['standup', 'peer_me']);
  assert.deepEqual(heard.map(([name, peer, , isSelf]) => [name, peer, isSelf]), [
    ['peerJoined', 'peer_me', true], ['serverPeerJoined', 'MCU', undefined], ['peerJoined', 'peer_ben', false],
  ]);
  assert.equal(heard[2][2].userData, 'Ben');
  socket.says({ type: 'peerLeft', peer: 'peer_ben' });
  await settled();
  assert.deepEqual([heard.at(-1)[0], heard.at(-1)[1]], ['peerLeft', 'peer_ben']);
});

test('a recording is started, stopped no sooner than after four seconds, and its link comes', async (context) => {
  const { skylink, socket, recordings } = await joined();
  const starting = new Promise((resolve) => skylink.startRecording((error, id) => resolve([error, id])));
  socket.says({ type: 'recordingState', state: 'start', recording: 'rec_1' });
  assert.deepEqual(await starting, [null, 'rec_1']);
  skylink.startRecording((error) => assert.match(error.message, /in-progress/));
  skylink.stopRecording((error) => assert.match(error.message, /4 seconds/));

  const later = performance.now() + 4001;
  context.mock.method(performance, 'now', () => later);
  const stopping = new Promise((resolve) => skylink.stopRecording((error, success) => resolve([error, success]), true));
  socket.says({ type: 'recordingState', state: 'stop', recording: 'rec_1' });
  socket.says({ type: 'recordingState', state: 'link', recording: 'rec_1', url: 'https://bucket/rec_1' });
  assert.deepEqual(await stopping, [null, { recordingId: 'rec_1', link: { mixin: 'https://bucket/rec_1' } }]);
  const { START, STOP, LINK } = skylink.RECORDING_STATE;
  assert.deepEqual(recordings().map(([, state, id]) => [state, id]), [[START, 'rec_1'], [STOP, 'rec_1'], [LINK, 'rec_1']]);
});

test('a refusal reaches the callback and the listeners', async () => {
  const { skylink, socket, recordings } = await joined();
  const starting = new Promise((resolve) => skylink.startRecording((error) => resolve(error.code)));
  socket.says({ type: 'recordingState', state: 'error', error: { code: 'recording_off', message: 'Switched off.' } });
  assert.equal(await starting, 'recording_off');
  assert.deepEqual([recordings()[0][1], recordings()[0][4].message], [skylink.RECORDING_STATE.ERROR, 'Switched off.']);
});

test('listeners can be taken off', async () => {
  const { skylink, socket } = await joined();
  const unwanted = () => assert.fail('was taken off');
  skylink.on('peerLeft', unwanted);
  skylink.off('peerLeft', unwanted);
  socket.says({ type: 'peerLeft', peer: 'peer_ben' });
  await settled();
});

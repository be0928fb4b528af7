import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Mesh } from '../mesh.js';
import { FakeConnection, FakeStream, install } from './fakes.js';

beforeEach(() => install());

function mesh(kinds) {
  const sent = [], shown = new Map();
  const made = new Mesh({
    stream: kinds && new FakeStream(kinds),
    send: (message) => sent.push(message),
    onStream: (peer, stream) => shown.set(peer, stream),
    onStreamEnded: (peer) => shown.delete(peer),
  });
  return { mesh: made, sent, shown };
}

test('who joins offers what it has and asks for the rest', async () => {
  const { mesh: made, sent } = mesh(['audio']);
  await made.call('peer_ben');
  assert.deepEqual(sent, [{ type: 'signal', to: 'peer_ben', signal: { kind: 'offer', sdp: 'audio sendrecv,video recvonly' } }]);
});

test('who was here answers, and candidates that came too early are used', async () => {
  const { mesh: made, sent } = mesh(['audio', 'video']);
  const candidate = (text) => ({ from: 'peer_anna', signal: { kind: 'candidate', candidate: text, sdpMid: '0', sdpMLineIndex: 0 } });
  await made.handle(candidate('early'));
  const [connection] = FakeConnection.made;
  assert.deepEqual(connection.candidates, []);
  await made.handle({ from: 'peer_anna', signal: { kind: 'offer', sdp: 'theirs' } });
  await made.handle(candidate('late'));
  assert.deepEqual(connection.candidates, ['early', 'late']);
  assert.deepEqual(connection.remoteDescription, { type: 'offer', sdp: 'theirs' });
  assert.deepEqual(sent, [{ type: 'signal', to: 'peer_anna', signal: { kind: 'answer', sdp: 'audio sendrecv,video sendrecv' } }]);
});

test('candidates of this side are sent, their end is not', async () => {
  const { mesh: made, sent } = mesh();
  await made.call('peer_ben');
  const [connection] = FakeConnection.made;
  connection.onicecandidate({ candidate: { candidate: 'host', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: 'x' } });
  connection.onicecandidate({ candidate: null });
  assert.deepEqual(sent.slice(1), [{ type: 'signal', to: 'peer_ben', signal: { kind: 'candidate', candidate: 'host', sdpMid: '0', sdpMLineIndex: 0 } }]);
});

test('a peer is shown once, with all its tracks, until it leaves', async () => {
  const { mesh: made, shown } = mesh();
  await made.call('peer_ben');
  const [connection] = FakeConnection.made;
  connection.ontrack({ track: { kind: 'audio' } });
  const stream = shown.get('peer_ben');
  connection.ontrack({ track: { kind: 'video' } });
  assert.equal(shown.get('peer_ben'), stream);
  assert.deepEqual(stream.getTracks().map(({ kind }) => kind), ['audio', 'video']);
  made.hangUp('peer_ben');
  assert.ok(connection.closed);
  assert.equal(shown.size, 0);
});

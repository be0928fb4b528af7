import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Relay } from '../relay.js';

globalThis.MediaStream ??= class {
  #tracks = new Set();
  getTracks() { return [...this.#tracks]; }
  addTrack(track) { this.#tracks.add(track); }
  removeTrack(track) { this.#tracks.delete(track); }
};

class Connection {
  transceivers = [];
  answers = 0;
  localDescription = null;
  addTransceiver(kindOrTrack, { direction }) {
    const kind = kindOrTrack.kind ?? kindOrTrack;
    const transceiver = { direction, kind, receiver: { track: { kind, number: this.transceivers.length } } };
    this.transceivers.push(transceiver);
    return transceiver;
  }
  getTransceivers() { return this.transceivers; }
  async setLocalDescription() { this.localDescription = { sdp: `offer of ${this.transceivers.length}` }; }
  async setRemoteDescription() { this.answers++; }
  close() { this.closed = true; }
}

function relay(tracks = []) {
  const sent = [], shown = new Map();
  let connection;
  const stream = new MediaStream();
  for (const kind of tracks) stream.addTrack({ kind });
  const made = new Relay({
    stream,
    send: (message) => sent.push(message.sdp),
    onStream: (peer, stream) => shown.set(peer, stream),
    onStreamEnded: (peer) => shown.delete(peer),
    Connection: class extends Connection { constructor() { super(); connection = this; } },
  });
  return { relay: made, connection, sent, shown };
}

test('a publisher offers its own tracks first', async () => {
  const { relay: made, connection, sent } = relay(['audio', 'video']);
  await made.start();
  assert.deepEqual(sent, ['offer of 2']);
  assert.deepEqual(connection.transceivers.map((t) => t.direction), ['sendonly', 'sendonly']);
});

test('who only watches offers when there is something to watch', async () => {
  const { relay: made, sent } = relay();
  await made.start();
  assert.deepEqual(sent, []);
  await made.handle({ type: 'negotiate', slots: 1 });
  assert.deepEqual(sent, ['offer of 2']);
});

test('requests during an offer become one offer after its answer', async () => {
  const { relay: made, sent } = relay(['audio']);
  await made.start();
  await made.handle({ type: 'negotiate', slots: 1 });
  await made.handle({ type: 'negotiate', slots: 3 });
  assert.deepEqual(sent, ['offer of 1']);
  await made.handle({ type: 'answer', sdp: '' });
  assert.deepEqual(sent, ['offer of 1', 'offer of 7']);
  await made.handle({ type: 'answer', sdp: '' });
  assert.equal(sent.length, 2);
});

test('a peer is shown with the tracks it publishes, wherever its slot is', async () => {
  const { relay: made, shown } = relay();
  const subscribe = (...subscriptions) => made.handle({ type: 'subscriptions', subscriptions });
  await subscribe({ slot: 0, peer: 'anna', audio: true, video: false });
  assert.equal(shown.size, 0);
  await made.handle({ type: 'negotiate', slots: 2 });
  assert.deepEqual(shown.get('anna').getTracks().map((t) => t.kind), ['audio']);
  const before = shown.get('anna');
  await subscribe({ slot: 0, peer: 'anna', audio: true, video: true }, { slot: 1, peer: 'ben', audio: true, video: true });
  assert.equal(shown.get('anna'), before);
  assert.deepEqual(before.getTracks().map((t) => t.number), [0, 1]);
  assert.deepEqual(shown.get('ben').getTracks().map((t) => t.number), [2, 3]);
  await subscribe({ slot: 0, peer: 'carl', audio: true, video: true });
  assert.deepEqual([...shown.keys()], ['carl']);
});

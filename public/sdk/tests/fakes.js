/** A node, its sockets and a browser's media, as far as the SDK touches them. */

/** Lets everything that is already on its way arrive. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

export class FakeStream {
  #tracks = new Set();
  constructor(tracks = []) {
    for (const track of tracks) this.#tracks.add(typeof track === 'string' ? { kind: track } : track);
  }
  getTracks() { return [...this.#tracks]; }
  getAudioTracks() { return this.getTracks().filter((track) => track.kind === 'audio'); }
  addTrack(track) { this.#tracks.add(track); }
  removeTrack(track) { this.#tracks.delete(track); }
}

export class FakeConnection {
  /** Every connection made since `reset`. @type {FakeConnection[]} */
  static made = [];
  transceivers = [];
  candidates = [];
  localDescription = null;
  remoteDescription = null;
  closed = false;
  constructor(configuration) {
    this.configuration = configuration;
    FakeConnection.made.push(this);
  }
  addTransceiver(kindOrTrack, { direction, sendEncodings }) {
    const kind = kindOrTrack.kind ?? kindOrTrack;
    const sender = { track: direction === 'sendonly' ? kindOrTrack : null, async replaceTrack(track) { sender.track = track; } };
    const transceiver = { direction, kind, sendEncodings, sender, receiver: { track: { kind, muted: true } } };
    this.transceivers.push(transceiver);
    return transceiver;
  }
  addTrack(track) { this.transceivers.push({ direction: 'sendrecv', kind: track.kind, sender: { track }, receiver: { track: { kind: track.kind } } }); }
  getTransceivers() { return this.transceivers; }
  getSenders() { return this.transceivers.map((transceiver) => transceiver.sender); }
  async setLocalDescription() { this.localDescription = { sdp: this.transceivers.map(({ kind, direction }) => `${kind} ${direction}`).join() }; }
  async setRemoteDescription(description) { this.remoteDescription = description; }
  async addIceCandidate(candidate) { this.candidates.push(candidate.candidate); }
  close() { this.closed = true; }
  /** Media begins to flow. */
  connect() {
    this.connectionState = 'connected';
    this.onconnectionstatechange();
  }
  /** Media has no way any more. */
  fail() {
    this.connectionState = 'failed';
    this.onconnectionstatechange();
  }
}

export class FakeSocket {
  static OPEN = 1;
  /** Every socket made since `reset`. @type {FakeSocket[]} */
  static made = [];
  OPEN = 1;
  readyState = 0;
  sent = [];
  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.made.push(this);
  }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.drop(); }
  /** The socket opens. */
  open() {
    this.readyState = 1;
    this.onopen();
  }
  /** The node says something. */
  says(message) { this.onmessage({ data: JSON.stringify(message) }); }
  /** The socket closes, from either side. */
  drop() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.({});
  }
}

/** Puts the fakes where the SDK looks, and a control plane that grants every join. */
export function install() {
  FakeConnection.made = [];
  FakeSocket.made = [];
  const controlPlane = { requests: [], answer: () => ({ ok: true, json: async () => ({ token: `token ${controlPlane.requests.length}`, signalingUrl: 'ws://node/native' }) }) };
  Object.assign(globalThis, {
    MediaStream: FakeStream,
    RTCPeerConnection: FakeConnection,
    WebSocket: FakeSocket,
    fetch: async (url, { body }) => {
      controlPlane.requests.push({ url: String(url), body: JSON.parse(body) });
      return controlPlane.answer();
    },
  });
  return controlPlane;
}

/** The latest socket, once it has been made. */
export async function nextSocket(count = FakeSocket.made.length + 1) {
  while (FakeSocket.made.length < count) await settled();
  return FakeSocket.made[count - 1];
}

/** Lets a client in. */
export async function welcome(socket, welcome = {}) {
  socket.open();
  socket.says({ type: 'welcome', peer: 'peer_me', room: 'standup', relay: true, peers: [], recording: null, ...welcome });
  await settled();
}

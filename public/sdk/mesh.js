/**
 * Media between the peers themselves, when Media Relay is off: one connection to each other peer. Who joins offers to
 * everyone already there, so two offers never meet.
 */
export class Mesh {
  #stream;
  #send;
  #onStream;
  #onStreamEnded;
  #Connection;
  /** @type {Map<string, { connection: RTCPeerConnection, early: RTCIceCandidateInit[] }>} */
  #peers = new Map();

  /**
   * @param {object} options
   * @param {MediaStream | undefined} options.stream what to publish
   * @param {(message: object) => void} options.send
   * @param {(peer: string, stream: MediaStream) => void} options.onStream
   * @param {(peer: string) => void} options.onStreamEnded
   * @param {typeof RTCPeerConnection} [options.Connection]
   */
  constructor({ stream, send, onStream, onStreamEnded, Connection = RTCPeerConnection }) {
    this.#stream = stream;
    this.#send = send;
    this.#onStream = onStream;
    this.#onStreamEnded = onStreamEnded;
    this.#Connection = Connection;
  }

  /** @param {string} peer somebody who was here before */
  async call(peer) {
    const { connection } = this.#connect(peer);
    for (const kind of ['audio', 'video']) {
      if (!connection.getSenders().some((sender) => sender.track?.kind === kind)) {
        connection.addTransceiver(kind, { direction: 'recvonly' });
      }
    }
    await connection.setLocalDescription();
    this.#signal(peer, { kind: 'offer', sdp: connection.localDescription?.sdp });
  }

  /**
   * Handles a signal of another peer.
   * @param {{ from: string, signal: any }} message
   */
  async handle({ from, signal }) {
    const entry = this.#peers.get(from) ?? this.#connect(from);
    const { connection, early } = entry;
    if (signal.kind === 'candidate') {
      const { candidate, sdpMid, sdpMLineIndex } = signal;
      const init = { candidate, sdpMid, sdpMLineIndex };
      if (connection.remoteDescription) {
        await connection.addIceCandidate(init);
      } else {
        early.push(init);
      }
      return;
    }
    await connection.setRemoteDescription({ type: signal.kind, sdp: signal.sdp });
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
    if (signal.kind === 'offer') {
      await connection.setLocalDescription();
      this.#signal(from, { kind: 'answer', sdp: connection.localDescription?.sdp });
    }
  }

  /** @param {string} peer somebody who left */
  hangUp(peer) {
    const entry = this.#peers.get(peer);
    if (!entry) return;
    entry.connection.close();
    this.#peers.delete(peer);
    this.#onStreamEnded(peer);
  }

  close() {
    for (const peer of [...this.#peers.keys()]) this.hangUp(peer);
  }

  /** @param {string} peer */
  #connect(peer) {
    const connection = new this.#Connection();
    const entry = { connection, early: [] };
    this.#peers.set(peer, entry);
    for (const track of this.#stream?.getTracks() ?? []) {
      if (this.#stream) connection.addTrack(track, this.#stream);
    }
    const stream = new MediaStream();
    connection.ontrack = ({ track }) => {
      stream.addTrack(track);
      if (stream.getTracks().length === 1) this.#onStream(peer, stream);
    };
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      const { sdpMid, sdpMLineIndex } = candidate;
      this.#signal(peer, { kind: 'candidate', candidate: candidate.candidate, sdpMid, sdpMLineIndex });
    };
    return entry;
  }

  /**
   * @param {string} to
   * @param {object} signal
   */
  #signal(to, signal) {
    this.#send({ type: 'signal', to, signal });
  }
}

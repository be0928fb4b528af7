/**
 * Media through the node: one connection, this side always offers.
 *
 * Slot n is the n-th pair of recvonly audio and video transceivers. The node asks for slots with `negotiate` and says
 * with `subscriptions` whose media each one carries, which may change without a new offer.
 */
export class Relay {
  #connection;
  #send;
  #onStream;
  #onStreamEnded;
  /** @type {RTCRtpTransceiver[][]} */
  #slots = [];
  #wanted = 0;
  #publishes = false;
  #offering = false;
  #offerAgain = false;
  /** @type {Map<string, { slot: number, audio: boolean, video: boolean }>} */
  #subscriptions = new Map();
  /** Streams by the peer they come from. @type {Map<string, { slot: number, stream: MediaStream }>} */
  #streams = new Map();

  /**
   * @param {object} options
   * @param {MediaStream | undefined} options.stream what to publish
   * @param {(message: object) => void} options.send
   * @param {(peer: string, stream: MediaStream) => void} options.onStream
   * @param {(peer: string) => void} options.onStreamEnded
   * @param {() => void} [options.onConnected] media can flow
   * @param {typeof RTCPeerConnection} [options.Connection]
   */
  constructor({ stream, send, onStream, onStreamEnded, onConnected, Connection = RTCPeerConnection }) {
    this.#send = send;
    this.#onStream = onStream;
    this.#onStreamEnded = onStreamEnded;
    this.#connection = new Connection({ bundlePolicy: 'max-bundle' });
    this.#connection.onconnectionstatechange = () => {
      if (this.#connection.connectionState === 'connected') onConnected?.();
    };
    for (const track of stream?.getTracks() ?? []) {
      this.#connection.addTransceiver(track, { direction: 'sendonly', streams: stream ? [stream] : [] });
    }
    this.#publishes = this.#connection.getTransceivers().length > 0;
  }

  /** Publishes, when there is something to publish; watching begins when the node asks for it. */
  async start() {
    if (this.#publishes) await this.#offer();
  }

  /**
   * Handles a message meant for the relay.
   * @param {any} message
   */
  async handle(message) {
    switch (message.type) {
      case 'negotiate':
        this.#wanted = Math.max(this.#wanted, message.slots);
        await this.#offer();
        break;
      case 'answer':
        await this.#connection.setRemoteDescription({ type: 'answer', sdp: message.sdp });
        this.#offering = false;
        if (this.#offerAgain || this.#slots.length < this.#wanted) {
          await this.#offer();
        }
        break;
      case 'subscriptions':
        this.#subscribe(message.subscriptions);
        break;
    }
  }

  /** The node could not use the latest offer; the next request for slots makes another. */
  refused() {
    this.#offering = false;
  }

  async #offer() {
    if (this.#offering) {
      this.#offerAgain = true;
      return;
    }
    this.#offering = true;
    this.#offerAgain = false;
    while (this.#slots.length < this.#wanted) {
      this.#slots.push(['audio', 'video'].map((kind) =>
        this.#connection.addTransceiver(kind, { direction: 'recvonly' })));
    }
    this.#showStreams();
    await this.#connection.setLocalDescription();
    this.#send({ type: 'offer', sdp: this.#connection.localDescription?.sdp ?? '' });
  }

  /** @param {{ slot: number, peer: string, audio: boolean, video: boolean }[]} subscriptions */
  #subscribe(subscriptions) {
    this.#subscriptions = new Map(subscriptions.map(({ peer, ...rest }) => [peer, rest]));
    for (const peer of [...this.#streams.keys()]) {
      if (this.#subscriptions.get(peer)?.slot !== this.#streams.get(peer)?.slot) {
        this.#streams.delete(peer);
        this.#onStreamEnded(peer);
      }
    }
    this.#showStreams();
  }

  /** Makes the stream of every subscription whose slot exists hold exactly the tracks the peer publishes. */
  #showStreams() {
    for (const [peer, { slot, audio, video }] of this.#subscriptions) {
      const receivers = this.#slots[slot]?.map((transceiver) => transceiver.receiver.track);
      if (!receivers) continue;
      const known = this.#streams.get(peer);
      const stream = known?.stream ?? new MediaStream();
      const wanted = receivers.filter((track) => (track.kind === 'audio' ? audio : video));
      for (const track of stream.getTracks()) {
        if (!wanted.includes(track)) stream.removeTrack(track);
      }
      for (const track of wanted) stream.addTrack(track);
      if (!known) {
        this.#streams.set(peer, { slot, stream });
        this.#onStream(peer, stream);
      }
    }
  }

  close() {
    this.#connection.close();
    for (const peer of this.#streams.keys()) this.#onStreamEnded(peer);
    this.#streams.clear();
  }
}

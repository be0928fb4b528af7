import { Emitter } from './emitter.js';
import { MixdownError } from './errors.js';
import { requestJoin } from './join.js';
import { Mesh } from './mesh.js';
import { Relay } from './relay.js';
import { Signaling } from './signaling.js';

/** Pauses before each attempt to come back, in milliseconds; the last one repeats. */
const PAUSES = [0, 500, 1000, 2000, 5000];
/** Attempts to come back before the stay counts as over: about two minutes. */
const ATTEMPTS = 28;
/** Reasons of a good-bye after which joining again is right. */
const REJOIN = new Set(['relay_changed', 'connection_lost', 'shutdown']);
/** Codes after which joining again cannot help. */
const HOPELESS = new Set(['unknown_app_key', 'origin_not_allowed', 'room_full', 'room_locked', 'invalid_body']);
const STATES = /** @type {const} */ ({ start: 'START', stop: 'STOP', link: 'LINK', error: 'ERROR' });

/**
 * @typedef {object} Peer
 * @property {string} id
 * @property {string | null} name
 *
 * @typedef {object} JoinOptions
 * @property {string} endpoint address of the control plane, for example `https://mixdown.example.com`
 * @property {string} appKey public key of the application
 * @property {string} room
 * @property {string} [name] shown to the others
 * @property {MediaStream} [stream] what to publish; leave it out to only watch
 *
 * @typedef {object} RoomEvents
 * @property {[Peer]} peerJoined
 * @property {[string]} peerLeft
 * @property {[string, MediaStream]} stream media of a peer begins
 * @property {[string]} streamEnded
 * @property {['START' | 'STOP' | 'LINK' | 'ERROR', string | undefined, string | undefined, MixdownError | undefined]} recordingState
 *   state, recording id, URL (with LINK), error (with ERROR)
 * @property {[MixdownError]} error something went wrong, the stay goes on
 * @property {[]} reconnecting
 * @property {[]} reconnected
 * @property {[string]} left the stay is over; the reason
 */

/**
 * A stay in a room.
 * @extends {Emitter<RoomEvents>}
 */
export class Room extends Emitter {
  #options;
  /** @type {Signaling | null} */
  #signaling = null;
  /** @type {Relay | Mesh | null} */
  #media = null;
  #over = false;
  #returning = false;
  /** Whether media has ever reached the node, or was not meant to. */
  #reachable = false;
  /** @type {string | null} */
  #bye = null;
  /** @type {{ state: string, resolve: (recording: string) => void, reject: (error: MixdownError) => void } | null} */
  #waiting = null;
  /** Messages are handled one after the other, however long one takes. */
  #queue = Promise.resolve();

  /** This side's own id in the room. @type {string} */
  id = '';
  /** Whether media goes through the node. */
  relay = true;
  /** Everyone else. @type {Map<string, Peer>} */
  peers = new Map();
  /** Media of everyone else. @type {Map<string, MediaStream>} */
  streams = new Map();
  /** Id of the recording in progress. @type {string | null} */
  recording = null;

  /** @param {JoinOptions} options */
  constructor(options) {
    super();
    this.#options = options;
  }

  /** Joins; called once by `join`. */
  async enter() {
    const grant = await requestJoin(this.#options);
    const handlers = {
      message: (/** @type {any} */ message) => this.#enqueue(message),
      closed: (/** @type {MixdownError | null} */ error) => this.#closed(error),
    };
    const { signaling, welcome } = await Signaling.open(grant, handlers);
    if (this.#over) return signaling.close();
    this.#signaling = signaling;
    this.#bye = null;
    this.id = welcome.peer;
    this.relay = welcome.relay;
    this.recording = welcome.recording;
    this.peers = new Map(welcome.peers.map((/** @type {Peer} */ peer) => [peer.id, peer]));
    this.#reachable ||= !welcome.relay;
    const Media = welcome.relay ? Relay : Mesh;
    this.#media = new Media({
      stream: this.#options.stream,
      send: (message) => signaling.send(message),
      onStream: (peer, stream) => {
        this.streams.set(peer, stream);
        this.emit('stream', peer, stream);
      },
      onStreamEnded: (peer) => {
        this.streams.delete(peer);
        this.emit('streamEnded', peer);
      },
      onConnected: () => (this.#reachable = true),
    });
    const media = this.#media;
    const start = media instanceof Relay ? media.start() : Promise.all([...this.peers.keys()].map((id) => media.call(id)));
    start.catch((error) => this.#mediaFailed(error));
  }

  /**
   * Starts recording the room.
   * @returns {Promise<string>} the recording's id, once media is being captured
   */
  startRecording() {
    return this.#ask('start', 'startRecording');
  }

  /**
   * Stops the recording in progress, whoever started it.
   * @returns {Promise<string>} its id; the file follows as `LINK`
   */
  stopRecording() {
    return this.#ask('stop', 'stopRecording');
  }

  /** Leaves for good. */
  leave() {
    this.#signaling?.send({ type: 'leave' });
    this.#end('left');
  }

  /**
   * @param {string} state that answers
   * @param {string} type of the message
   * @returns {Promise<string>}
   */
  #ask(state, type) {
    if (this.#waiting) return Promise.reject(new MixdownError('busy', 'An earlier request is still being answered.'));
    if (!this.#signaling) return Promise.reject(new MixdownError('not_connected', 'The room is not connected now.'));
    this.#signaling.send({ type });
    return new Promise((resolve, reject) => (this.#waiting = { state, resolve, reject }));
  }

  /** @param {any} message */
  #enqueue(message) {
    const signaling = this.#signaling;
    this.#queue = this.#queue
      .then(() => (signaling === this.#signaling ? this.#handle(message) : undefined))
      .catch((error) => this.#mediaFailed(error));
  }

  /** @param {any} message */
  async #handle(message) {
    switch (message.type) {
      case 'peerJoined':
        this.peers.set(message.peer.id, message.peer);
        return this.emit('peerJoined', message.peer);
      case 'peerLeft':
        this.peers.delete(message.peer);
        if (this.#media instanceof Mesh) this.#media.hangUp(message.peer);
        return this.emit('peerLeft', message.peer);
      case 'recordingState':
        return this.#recordingState(message);
      case 'error':
        if (message.code === 'invalid_description' && this.#media instanceof Relay) this.#media.refused();
        return this.emit('error', new MixdownError(message.code, message.message));
      case 'bye':
        // A network that lets no media through would only lead to the same end again.
        this.#bye = message.reason === 'connection_lost' && !this.#reachable ? 'media_unreachable' : message.reason;
        return;
      case 'signal':
        return this.#media instanceof Mesh ? this.#media.handle(message) : undefined;
      case 'negotiate':
      case 'answer':
      case 'subscriptions':
        return this.#media instanceof Relay ? this.#media.handle(message) : undefined;
    }
  }

  /** @param {{ state: keyof typeof STATES, recording?: string, url?: string, error?: { code: string, message: string } }} message */
  #recordingState({ state, recording, url, error }) {
    if (state === 'start') this.recording = recording ?? null;
    if (state === 'stop') this.recording = null;
    const failure = error && new MixdownError(error.code, error.message);
    const waiting = this.#waiting;
    if (waiting && (state === waiting.state || (failure && !recording))) {
      this.#waiting = null;
      if (failure) waiting.reject(failure);
      else waiting.resolve(recording ?? '');
    }
    this.emit('recordingState', STATES[state], recording, url, failure);
  }

  /** @param {unknown} error */
  #mediaFailed(error) {
    this.emit('error', new MixdownError('media_failed', error instanceof Error ? error.message : String(error)));
  }

  /** @param {MixdownError | null} error */
  #closed(error) {
    this.#drop();
    // What was received before the socket closed is handled first; the last of it may be the good-bye.
    this.#queue = this.#queue.then(() => {
      if (this.#bye && !REJOIN.has(this.#bye)) return this.#end(this.#bye);
      if (error && HOPELESS.has(error.code)) return this.#end(error.code);
      this.#return();
    });
  }

  #drop() {
    this.#media?.close();
    this.#media = null;
    this.#waiting?.reject(new MixdownError('not_connected', 'The connection was lost.'));
    this.#waiting = null;
  }

  async #return() {
    if (this.#over || this.#returning) return;
    this.#returning = true;
    this.#signaling = null;
    this.emit('reconnecting');
    for (let attempt = 0; attempt < ATTEMPTS && !this.#over; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, PAUSES[Math.min(attempt, PAUSES.length - 1)]));
      if (this.#over) break;
      try {
        await this.enter();
        this.#returning = false;
        return this.emit('reconnected');
      } catch (error) {
        if (error instanceof MixdownError && HOPELESS.has(error.code)) return this.#end(error.code);
      }
    }
    this.#end('unreachable');
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#over) return;
    this.#over = true;
    this.#drop();
    this.#signaling?.close();
    this.#signaling = null;
    this.recording = null;
    this.emit('left', reason);
  }
}

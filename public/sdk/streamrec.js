/**
 * The shape of `eyeson-streamrec` over Mixdown's own address: pages that were written for it change the import, or one
 * line of their import map, and keep the rest.
 */
import { Recorder, bitrateLimit } from './streamrec-recorder.js';
import { Session, failure } from './streamrec-session.js';

/** Streams of one client. */
const MAX_STREAMS = 3;
const VERSION = 'v3.0.0';

/** @typedef {(event: any) => void} Listener */

/** The address that was set; else the page's wish, else where this module comes from. */
let chosenEndpoint = '';

function endpoint() {
  const page = /** @type {any} */ (globalThis).EYESON_STREAMREC_ENDPOINT;
  // Tokens go there, so it is a name that no other script on the page has.
  const script = /** @type {HTMLScriptElement | null} */ (globalThis.document?.querySelector('script[data-streamrec-endpoint]') ?? null);
  return new URL(chosenEndpoint || page || script?.dataset.streamrecEndpoint || '/', import.meta.url).href;
}

/** Listeners for all events. One that throws does not keep the others from hearing. */
class Listeners {
  /** @type {Set<Listener>} */
  #listeners = new Set();

  /** @param {Listener} listener */
  add = (listener) => {
    this.#listeners.add(listener);
  };

  /** @param {Listener} listener */
  remove = (listener) => {
    this.#listeners.delete(listener);
  };

  /** @param {{ type: string } & Record<string, unknown>} event */
  emit(event) {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        console.error(error);
      }
    }
  }
}

/**
 * Something that is being opened and can be ended before it is open.
 * @template T
 */
class Opening {
  #ending = new AbortController();

  /** @param {(signal: AbortSignal) => Promise<T>} open */
  constructor(open) {
    this.opened = open(this.#ending.signal);
  }

  /** Resolves when nothing is being opened any more. */
  async end() {
    this.#ending.abort();
    await this.opened.catch(() => {});
  }
}

/** A client: publishes one to three streams and has them recorded. */
class Client {
  #listeners = new Listeners();
  /** @type {Recorder | null} */
  #recorder = null;
  /** The session that is being opened. @type {Opening<Recorder> | null} */
  #opening = null;
  /** @type {number | null} */
  #maxBitrate = null;
  /** Of the first generation: the token, before there is a session. @type {string | null} */
  #token = null;
  /** @type {((event: any) => void) | null} */
  #onDisconnect = null;

  version = VERSION;
  maxStreamCount = MAX_STREAMS;
  addEventListener = this.#listeners.add;
  removeEventListener = this.#listeners.remove;

  /**
   * Where the service is, when it is not where this module comes from.
   * @param {string} url
   */
  setEndpoint = (url) => {
    chosenEndpoint = url;
  };

  /**
   * Limits each stream. Call it before `connect`.
   * @param {number | null} kilobits per second, 150 to 4000; `null` leaves it to the browser
   */
  setOptionMaxBitrate = (kilobits) => {
    this.#maxBitrate = bitrateLimit(kilobits);
  };

  /**
   * Opens a session: `connect(clientId, token, stream, webhookUrl?)`, where `stream` may be an array. Resolves when media
   * flows. The first generation's `connect(token, endpoint?)` only notes both.
   * @param {string} clientId or, of the first generation, the token
   * @param {string} [token] or the endpoint
   * @param {MediaStream | MediaStream[]} [stream]
   * @param {string} [webhookUrl] hears of the session's end
   * @returns {Promise<void> | undefined}
   */
  connect = (clientId, token, stream, webhookUrl) => {
    if (!stream && (!token || /^https?:/.test(token))) {
      this.#token = clientId;
      if (token) this.setEndpoint(token);
      return undefined;
    }
    return this.#connect(clientId, token ?? '', stream ?? [], webhookUrl);
  };

  /**
   * @param {string} clientId @param {string} token @param {MediaStream | MediaStream[]} stream @param {string} [webhookUrl]
   */
  async #connect(clientId, token, stream, webhookUrl) {
    if (this.#recorder || this.#opening) throw failure('TWO_TIMER', 'There is a session already.');
    const streams = Array.isArray(stream) ? stream : [stream];
    if (streams.length === 0 || streams.length > MAX_STREAMS) {
      throw failure(undefined, `One to ${MAX_STREAMS} streams can be sent.`);
    }
    const opening = new Opening((signal) =>
      Recorder.open({
        endpoint: endpoint(),
        clientId,
        token,
        streams,
        webhookUrl,
        version: VERSION,
        maxBitrate: this.#maxBitrate,
        onState: (state) => this.#listeners.emit({ type: 'recording_state', ...state }),
        onEnded: (cause) => this.#ended(cause),
        signal,
      }),
    );
    this.#opening = opening;
    try {
      this.#recorder = await opening.opened;
    } finally {
      this.#opening = null;
    }
    this.#listeners.emit({ type: 'connected' });
  }

  /** @param {string} cause */
  #ended(cause) {
    this.#recorder = null;
    const event = { type: 'disconnected', termination_cause: cause };
    this.#listeners.emit(event);
    this.#onDisconnect?.(event);
  }

  #running() {
    if (this.#recorder) return this.#recorder;
    const isEarly = this.#token !== null;
    throw failure(undefined, isEarly ? 'Nothing is being recorded.' : 'Authentication missing: call connect first.');
  }

  /**
   * Starts recording: `startRecording(uploadUrl, webhookUrl?)`. With several streams give arrays, in their order; a gap
   * leaves a stream out. Resolves to the recording's id, or their ids, once media is captured. Of the first generation:
   * `startRecording(stream, clientId, uploadUrl, webhookUrl?)`.
   * @param {...any} given
   * @returns {Promise<any>}
   */
  startRecording = async (...given) => {
    if (this.#token === null) {
      const [uploadUrl, webhookUrl] = given;
      return this.#running().start(uploadUrl, webhookUrl);
    }
    const [stream, clientId, uploadUrl, webhookUrl] = given;
    await this.#connect(clientId, this.#token, stream, undefined);
    return this.#running().start(uploadUrl, webhookUrl);
  };

  /**
   * Sends other media from now on, without a break in the recording.
   * @param {MediaStream | MediaStream[]} stream an array replaces the streams in their order
   * @param {number} [index] of the stream that is replaced
   * @returns {Promise<void>}
   */
  switchStream = async (stream, index = 0) => {
    const streams = Array.isArray(stream) ? stream : [stream];
    await Promise.all(streams.map((each, offset) => this.#running().switchStream(each, index + offset)));
  };

  /**
   * Stops what is being recorded; the file follows. Rejects when nothing is.
   * @returns {Promise<void>}
   */
  stopRecording = async () => {
    await this.#running().stop();
    // A session of the first generation is one recording.
    if (this.#token !== null) await this.disconnect();
  };

  /** Ends the session, also one that is being opened. What is being recorded is finished and sent. @returns {Promise<void>} */
  disconnect = async () => {
    await this.#opening?.end();
    this.#recorder?.close();
  };

  /**
   * Of the first generation: what to call when the session ends.
   * @param {(event: any) => void} listener
   */
  onDisconnect = (listener) => {
    this.#onDisconnect = listener;
  };

}

/** Tokens are three parts in base64url; names of clients are what their pages like. @param {unknown} text */
const isToken = (text) => /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(String(text));

/** Watches one client. `Supervisor.connect` and its companions are those of one that is there from the start. */
export class Supervisor {
  #listeners = new Listeners();
  /** @type {Session | null} */
  #session = null;
  /** The session that is being opened. @type {Opening<Session> | null} */
  #opening = null;
  /** @type {MediaStream[]} */
  #slots = [];

  addEventListener = this.#listeners.add;
  removeEventListener = this.#listeners.remove;

  /**
   * Begins to watch: `connect(supervisorId, authToken, clientId, webhookUrl?)`, or with the token after the client.
   * Resolves to the client's first stream; events carry all of them.
   * @param {string} supervisorId @param {string} authToken @param {string} clientId @param {string} [webhookUrl]
   * @returns {Promise<MediaStream>}
   */
  connect = async (supervisorId, authToken, clientId, webhookUrl) => {
    if (this.#session || this.#opening) throw failure('TWO_TIMER', 'There is a session already.');
    const opening = new Opening((signal) => this.#open(signal, supervisorId, authToken, clientId, webhookUrl));
    this.#opening = opening;
    try {
      this.#session = await opening.opened;
    } finally {
      this.#opening = null;
    }
    this.#listeners.emit({ type: 'connected', ...this.#media() });
    this.#listeners.emit({ type: 'stream', ...this.#media() });
    return this.#slots[0];
  };

  /** Stops watching. @returns {Promise<void>} */
  disconnect = async () => {
    await this.#opening?.end();
    this.#session?.close();
  };

  /**
   * @param {AbortSignal} signal @param {string} supervisorId @param {string} authToken @param {string} clientId
   * @param {string} [webhookUrl]
   */
  #open(signal, supervisorId, authToken, clientId, webhookUrl) {
    const [token, client] = isToken(clientId) && !isToken(authToken) ? [clientId, authToken] : [authToken, clientId];
    return Session.open({
      endpoint: endpoint(),
      path: '/api/v2/supervisor_session',
      token,
      clientId: supervisorId,
      body: { client_id: supervisorId, client_id_to_monitor: client },
      beginType: 'supervisor_join_session',
      beginData: (grant) => ({ session_id_to_monitor: grant.session_id_to_monitor, webhook_url: webhookUrl, version: VERSION }),
      prepare: (connection) => this.#watch(connection),
      onMessage: () => {},
      onEnded: (cause) => {
        this.#session = null;
        this.#listeners.emit({ type: 'disconnected', termination_cause: cause });
      },
      signal,
    });
  }

  /** @param {RTCPeerConnection} connection */
  #watch(connection) {
    this.#slots = [];
    for (let slot = 0; slot < MAX_STREAMS; slot += 1) {
      const tracks = ['audio', 'video'].map((kind) => connection.addTransceiver(kind, { direction: 'recvonly' }).receiver.track);
      this.#slots.push(new MediaStream(tracks));
      // Whether a client has a second stream shows when its media comes.
      for (const track of slot > 0 ? tracks : []) {
        track.onunmute = () => this.#listeners.emit({ type: 'streams', ...this.#media() });
      }
    }
  }

  /** Under every name that a page may look for. */
  #media() {
    const [stream, ...others] = this.#slots;
    const lively = others.filter((other) => other.getTracks().some((track) => !track.muted));
    return { stream, remoteStream: stream, streams: [stream, ...lively] };
  }

  static #first = new Supervisor();
  static connect = this.#first.connect;
  static disconnect = this.#first.disconnect;
  static addEventListener = this.#first.addEventListener;
  static removeEventListener = this.#first.removeEventListener;
}

const eyeson = Object.assign(new Client(), { Supervisor });
export default eyeson;

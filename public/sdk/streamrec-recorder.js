import { Session, failure } from './streamrec-session.js';

/** Longest time from asking for a recording to its beginning, or its end, in milliseconds. */
const DECISION_TIME = 30_000;
const BITRATES = { lowest: 150, highest: 4000 };

/**
 * What the service says about the recording of one stream.
 * @typedef {object} RecordingState
 * @property {string} state `RECORDING`, `UPLOADING`, `UPLOADED` or `FAILED`
 * @property {number} stream_index
 * @property {string} [rec_id]
 * @property {number} [started_at]
 * @property {number} [upload_url_expires_at] after that the upload address takes nothing; in Unix milliseconds
 * @property {string} [msg] why it failed, or what may become of it
 */

/**
 * @typedef {object} RecorderOptions
 * @property {string} endpoint
 * @property {string} clientId
 * @property {string} token
 * @property {MediaStream[]} streams
 * @property {string | undefined} webhookUrl
 * @property {string} version
 * @property {number | null} maxBitrate in kilobits per second
 * @property {(state: RecordingState) => void} onState
 * @property {(cause: string) => void} onEnded
 * @property {AbortSignal} signal ends the opening
 */

/**
 * A limit in kilobits per second, or none.
 * @param {number | null} kilobits
 */
export function bitrateLimit(kilobits) {
  if (kilobits === null) return null;
  if (!(kilobits >= BITRATES.lowest && kilobits <= BITRATES.highest)) {
    throw new RangeError(`The bitrate must be null or from ${BITRATES.lowest} to ${BITRATES.highest} kbit/s.`);
  }
  return kilobits;
}

/** A client's session: what it publishes, and which of it is recorded. */
export class Recorder {
  #options;
  /** @type {Session | null} */
  #session = null;
  /** By stream: its audio and its video. @type {Record<string, RTCRtpSender | undefined>[]} */
  #senders = [];
  /** The latest state by stream. @type {Map<number, RecordingState>} */
  #states = new Map();
  /** Recordings that others have followed; how their upload goes is news, but not about the stream. @type {Set<string>} */
  #past = new Set();
  /** Streams whose start was given up; should it come nevertheless, it is stopped. @type {Set<number>} */
  #unwanted = new Set();
  /** Who waits for a state. @type {Set<() => void>} */
  #waiting = new Set();
  #ended = false;

  /** @param {RecorderOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {RecorderOptions} options */
  static async open(options) {
    const recorder = new Recorder(options);
    const { endpoint, clientId, token, webhookUrl, version, signal } = options;
    recorder.#session = await Session.open({
      endpoint,
      path: '/api/v2/session',
      token,
      clientId,
      body: { client_id: clientId },
      beginType: 'session_start',
      beginData: () => ({ webhook_url: webhookUrl, version }),
      prepare: (connection) => recorder.#publish(connection),
      onMessage: (type, data) => recorder.#heard(type, data),
      onEnded: (cause) => recorder.#end(cause),
      signal,
    });
    return recorder;
  }

  /** Stream n is the n-th audio and the n-th video of the offer. @param {RTCPeerConnection} connection */
  #publish(connection) {
    const { streams, maxBitrate } = this.#options;
    const hasAudio = streams.some((stream) => stream.getAudioTracks().length > 0);
    for (const stream of streams) {
      /** @type {Record<string, RTCRtpSender | undefined>} */
      const senders = {};
      for (const kind of hasAudio ? ['audio', 'video'] : ['video']) {
        const track = stream.getTracks().find((each) => each.kind === kind);
        const isLimited = kind === 'video' && maxBitrate !== null;
        const sendEncodings = isLimited ? [{ maxBitrate: maxBitrate * 1000 }] : [];
        senders[kind] = connection.addTransceiver(track ?? kind, { direction: 'sendonly', streams: [stream], sendEncodings }).sender;
      }
      this.#senders.push(senders);
    }
  }

  /** @param {string} type @param {any} data */
  #heard(type, data) {
    if (type !== 'recording_state') return console.warn(`The recording service says ${type}, which is not known here.`);
    const state = { ...data, stream_index: data.stream_index ?? 0 };
    if (!this.#past.has(state.rec_id)) this.#states.set(state.stream_index, state);
    if (state.state === 'RECORDING' && state.msg) console.warn(state.msg);
    if (state.state === 'RECORDING' && this.#unwanted.delete(state.stream_index)) this.#stopOne(state.stream_index);
    this.#options.onState(state);
    for (const look of [...this.#waiting]) look();
  }

  /** @param {string} cause */
  #end(cause) {
    this.#ended = true;
    for (const look of [...this.#waiting]) look();
    this.#options.onEnded(cause);
  }

  /**
   * Waits until `done` answers something; what it throws is the outcome, too.
   * @template T
   * @param {() => T | undefined} done
   * @returns {Promise<T>}
   */
  #until(done) {
    return new Promise((resolve, reject) => {
      const settle = (/** @type {() => void} */ outcome) => {
        this.#waiting.delete(look);
        clearTimeout(timer);
        outcome();
      };
      const look = () => {
        try {
          const found = done();
          if (found !== undefined) settle(() => resolve(found));
          else if (this.#ended) settle(() => reject(failure('CONN_ERROR', 'The session has ended.')));
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const timer = setTimeout(() => settle(() => reject(failure('CONN_TIMEOUT', 'The service does not answer.'))), DECISION_TIME);
      this.#waiting.add(look);
      look();
    });
  }

  /**
   * @param {string | (string | null | undefined)[]} uploadUrl
   * @param {string | (string | undefined)[]} [webhookUrl]
   * @returns {Promise<string | (string | undefined)[]>} the recording's id, or one per address
   */
  async start(uploadUrl, webhookUrl) {
    const urls = Array.isArray(uploadUrl) ? uploadUrl : [uploadUrl];
    const webhook = (/** @type {number} */ index) => (Array.isArray(webhookUrl) ? webhookUrl[index] : webhookUrl);
    const wanted = urls.flatMap((url, index) => (url ? [{ stream_index: index, upload_url: url, webhook_url: webhook(index) }] : []));
    if (wanted.length === 0 || urls.length > this.#options.streams.length) {
      throw failure(undefined, 'There must be an upload address for a stream, and none without one.');
    }
    if (wanted.some(({ stream_index }) => this.#isRunning(stream_index))) {
      throw failure(undefined, 'This stream is being recorded already.');
    }
    for (const { stream_index } of wanted) {
      const before = this.#states.get(stream_index)?.rec_id;
      if (before) this.#past.add(before);
      this.#states.delete(stream_index);
      this.#unwanted.delete(stream_index);
    }
    const single = { upload_url: wanted[0].upload_url, webhook_url: wanted[0].webhook_url };
    this.#session?.send('recording_start', Array.isArray(uploadUrl) ? { recordings: wanted } : single);
    const starts = await Promise.allSettled(urls.map((url, index) => (url ? this.#until(() => this.#started(index)) : undefined)));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed) {
      // Whoever asked for all of them knows of none: nothing goes on unseen.
      for (const { stream_index } of wanted) {
        if (this.#isRunning(stream_index)) this.#stopOne(stream_index);
        else if (!this.#states.has(stream_index)) this.#unwanted.add(stream_index);
      }
      throw failed.reason;
    }
    const ids = starts.map((start) => (start.status === 'fulfilled' ? start.value : undefined));
    return Array.isArray(uploadUrl) ? ids : /** @type {string} */ (ids[0]);
  }

  /** @param {number} index */
  #started(index) {
    const state = this.#states.get(index);
    if (state?.state === 'FAILED') throw failure(undefined, state.msg ?? 'The recording could not be started.');
    return state?.rec_id;
  }

  /** @param {number} index */
  #stopOne(index) {
    this.#session?.send('recording_stop', { rec_id: this.#states.get(index)?.rec_id });
  }

  /** @param {number} index */
  #isRunning(index) {
    return this.#states.get(index)?.state === 'RECORDING';
  }

  /** Stops everything that is being recorded. */
  async stop() {
    const running = [...this.#states.keys()].filter((index) => this.#isRunning(index));
    if (running.length === 0) throw failure(undefined, 'Nothing is being recorded.');
    this.#session?.send('recording_stop', {});
    await this.#until(() => !running.some((index) => this.#isRunning(index)) || undefined);
  }

  /** @param {MediaStream} stream @param {number} index */
  async switchStream(stream, index) {
    const senders = this.#senders[index];
    if (!senders) throw failure(undefined, `There is no stream ${index}.`);
    // A stream without sound, like a screen, leaves the microphone on.
    for (const track of stream.getTracks()) {
      await senders[track.kind]?.replaceTrack(track);
    }
  }

  close() {
    this.#session?.close();
  }
}

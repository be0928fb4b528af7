import { MixdownError } from './errors.js';

/** Longest time the control plane may take to answer, in milliseconds. */
const REQUEST_TIME = 15_000;
/** Longest time from opening the socket to flowing media. */
const CONNECT_TIME = 30_000;
/** How long a lost socket is worth opening again while media flows; the node waits as long. */
const RETURN_TIME = 15_000;
/** Between attempts at opening it again. */
const RETURN_PAUSE = 1000;
/** Messages kept for a socket that is coming back. */
const UNSENT = 100;

/**
 * Something that did not work, with the reason in the words of the protocol.
 * @param {string | undefined} cause for example `TWO_TIMER`
 * @param {string} message
 */
export function failure(cause, message) {
  return Object.assign(new MixdownError(cause ?? 'streamrec', message), { termination_cause: cause });
}

/**
 * Asks the control plane.
 * @param {SessionOptions} options @param {AbortSignal} signal ends the exchange
 * @returns {Promise<{ ok: boolean, status: number, answer: any }>}
 */
async function ask({ endpoint, path, token, body }, signal) {
  const response = await fetch(new URL(path, endpoint), {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
    signal,
  });
  const { ok, status } = response;
  const answer = await response.json().catch((error) => {
    // Who refuses without a reason that can be read may be something before the service; the status says enough.
    if (ok || signal.aborted) throw error;
    return {};
  });
  return { ok, status, answer };
}

/**
 * Asks the control plane for a session.
 * @param {SessionOptions} options
 * @returns {Promise<any>}
 */
async function request(options) {
  const ending = new AbortController();
  const end = () => ending.abort();
  options.signal.addEventListener('abort', end);
  const timer = setTimeout(end, REQUEST_TIME);
  const { ok, status, answer } = await ask(options, ending.signal)
    .catch(() => {
      if (options.signal.aborted) throw failure('TERM_BY_CLIENT', 'The session was ended before it was open.');
      throw failure('CONN_ERROR', 'The service could not be reached.');
    })
    .finally(() => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', end);
    });
  if (ok) return answer;
  throw failure(answer.termination_cause, answer.detail ?? answer.title ?? `The session was refused (${status}).`);
}

/**
 * @typedef {object} SessionOptions
 * @property {string} endpoint
 * @property {string} path of the REST interface
 * @property {string} token
 * @property {object} body of the request
 * @property {string} clientId
 * @property {string} beginType of the message that carries the offer
 * @property {(grant: any) => object} beginData what that message says beside the offer
 * @property {(connection: RTCPeerConnection) => void} prepare adds what is published or watched
 * @property {(type: string, data: any) => void} onMessage
 * @property {(cause: string) => void} onEnded
 * @property {AbortSignal} signal ends the opening
 */

/** One session: its socket and its connection for media. */
export class Session {
  #options;
  #grant;
  /** @type {RTCPeerConnection} */
  #connection;
  /** @type {WebSocket | null} */
  #socket = null;
  #ended = false;
  #connected = false;
  /** Whether the socket has its offer, before which nothing else is said. */
  #offered = false;
  /** What there was no socket for, in its order. @type {string[]} */
  #unsent = [];
  /** Settles the opening. @type {(problem?: Error) => void} */
  #opened = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #giveUp;

  /** @param {SessionOptions} options @param {any} grant */
  constructor(options, grant) {
    this.#options = options;
    this.#grant = grant;
    this.#connection = new RTCPeerConnection(grant.ice_credentials);
  }

  /**
   * Opens a session; media flows when this resolves.
   * @param {SessionOptions} options
   * @returns {Promise<Session>}
   */
  static async open(options) {
    const session = new Session(options, await request(options));
    const end = () => session.close();
    options.signal.addEventListener('abort', end);
    const opening = session.#open();
    if (options.signal.aborted) end();
    await opening.finally(() => options.signal.removeEventListener('abort', end));
    return session;
  }

  get connection() {
    return this.#connection;
  }

  /** @returns {string} */
  get id() {
    return this.#grant.session_id;
  }

  async #open() {
    const opened = new Promise((resolve, reject) => {
      this.#opened = (problem) => (problem ? reject(problem) : resolve(undefined));
    });
    this.#giveUp = setTimeout(() => this.#end('CONN_TIMEOUT'), CONNECT_TIME);
    const connection = this.#connection;
    connection.onconnectionstatechange = () => {
      if (connection.connectionState === 'connected' && !this.#connected) {
        this.#connected = true;
        this.#calm();
        this.#opened();
      } else if (connection.connectionState === 'failed') {
        this.send('session_stop', { termination_cause: 'PEERCONN_FAILED' });
        this.#end('PEERCONN_FAILED');
      }
    };
    connection.onicecandidate = ({ candidate }) => this.send('candidate', { candidate });
    try {
      this.#options.prepare(connection);
      this.#connect();
    } catch (error) {
      this.#release();
      throw error;
    }
    await opened;
  }

  /** Opens the socket, for the first time or again. */
  #connect() {
    // A browser's socket takes no headers of the page's; as a subprotocol the token stays out of logged addresses.
    const socket = new WebSocket(this.#grant.ws_endpoint.replace(/^http/, 'ws'), [this.#options.token]);
    this.#socket = socket;
    this.#offered = false;
    socket.onopen = () => this.#offer(socket).catch(() => this.#end('SDP_ERROR'));
    socket.onmessage = ({ data }) => this.#receive(data).catch(() => this.#end('SDP_ERROR'));
    socket.onclose = () => this.#lost();
  }

  /** @param {WebSocket} socket */
  async #offer(socket) {
    await this.#connection.setLocalDescription();
    if (socket.readyState !== socket.OPEN) return;
    const sdp = this.#description();
    const begin = this.#text(this.#options.beginType, { sdp, ...this.#options.beginData(this.#grant) });
    // Back after a loss, there may be something that waited for it.
    for (const text of [begin, ...this.#unsent.splice(0)]) socket.send(text);
    this.#offered = true;
    if (this.#connected) this.#calm();
  }

  #calm() {
    clearTimeout(this.#giveUp);
    this.#giveUp = undefined;
  }

  #description() {
    const { type, sdp } = this.#connection.localDescription ?? {};
    return { type, sdp };
  }

  /** @param {unknown} text */
  async #receive(text) {
    let message;
    try {
      message = JSON.parse(String(text));
    } catch {
      return console.warn('A message of the recording service could not be read.');
    }
    const data = message.data ?? {};
    switch (message.type) {
      case 'sdp_update':
        await this.#connection.setRemoteDescription(data.sdp);
        if (data.sdp.type === 'offer') {
          await this.#connection.setLocalDescription();
          this.send('sdp_update', { sdp: this.#description() });
        }
        break;
      case 'candidate':
        if (data.candidate) await this.#connection.addIceCandidate(data.candidate);
        break;
      case 'warning':
        console.warn(data.msg);
        break;
      case 'session_terminated':
        this.#end(data.termination_cause ?? 'CONN_ERROR', data.msg);
        break;
      default:
        this.#options.onMessage(message.type, data);
    }
  }

  /** The socket closed without a word. While media flows, the recording goes on and the socket is worth another try. */
  #lost() {
    if (this.#ended) return;
    this.#socket = null;
    if (!this.#connected) return this.#end('CONN_ERROR');
    this.#giveUp ??= setTimeout(() => this.#end('CONN_ERROR'), RETURN_TIME);
    setTimeout(() => {
      if (!this.#ended) this.#connect();
    }, RETURN_PAUSE);
  }

  /** @param {string} type @param {object} data */
  #text(type, data) {
    return JSON.stringify({ type, client_id: this.#options.clientId, session_id: this.id, data });
  }

  /** Says something now, or when the socket is back. @param {string} type @param {object} data */
  send(type, data) {
    const socket = this.#socket;
    if (socket && this.#offered && socket.readyState === socket.OPEN) socket.send(this.#text(type, data));
    else if (type !== 'candidate' && this.#unsent.length < UNSENT) this.#unsent.push(this.#text(type, data));
  }

  /** Ends it from this side. */
  close() {
    this.send('session_stop', {});
    this.#end('TERM_BY_CLIENT');
  }

  /** @param {string} cause @param {string} [more] about it, for people */
  #end(cause, more) {
    if (this.#ended) return;
    this.#release();
    this.#opened(failure(cause, more ?? `The session has ended: ${cause}.`));
    this.#options.onEnded(cause);
  }

  #release() {
    this.#ended = true;
    clearTimeout(this.#giveUp);
    this.#socket?.close();
    this.#connection.close();
  }
}

import { MixdownError } from './errors.js';

/** Version of the signaling protocol. */
const PROTOCOL = 1;
/** Longest time from opening the socket to the welcome, in milliseconds. */
const WELCOME_TIME = 15_000;

/**
 * @typedef {object} Handlers
 * @property {(message: any) => void} message every message after the welcome
 * @property {(error: MixdownError | null) => void} closed the socket is gone; the error says why, if the node did
 */

/** The signaling socket of one stay in a room. */
export class Signaling {
  #socket;
  #handlers;
  /** @type {MixdownError | null} */
  #fatal = null;

  /**
   * @param {WebSocket} socket
   * @param {Handlers} handlers
   */
  constructor(socket, handlers) {
    this.#socket = socket;
    this.#handlers = handlers;
  }

  /**
   * Opens the socket and says hello.
   * @param {import('./join.js').Grant} grant
   * @param {Handlers} handlers
   * @param {typeof WebSocket} [Socket]
   * @returns {Promise<{ signaling: Signaling, welcome: any }>}
   */
  static open({ signalingUrl, token }, handlers, Socket = WebSocket) {
    return new Promise((resolve, reject) => {
      const socket = new Socket(signalingUrl);
      const signaling = new Signaling(socket, handlers);
      let welcomed = false;
      const giveUp = setTimeout(() => socket.close(), WELCOME_TIME);
      socket.onopen = () => signaling.send({ type: 'hello', protocol: PROTOCOL, token });
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'error' && message.fatal) {
          signaling.#fatal = new MixdownError(message.code, message.message);
        } else if (message.type === 'welcome') {
          welcomed = true;
          clearTimeout(giveUp);
          resolve({ signaling, welcome: message });
        } else {
          handlers.message(message);
        }
      };
      socket.onclose = () => {
        clearTimeout(giveUp);
        if (welcomed) {
          handlers.closed(signaling.#fatal);
        } else {
          reject(signaling.#fatal ?? new MixdownError('unreachable', 'The media node could not be reached.'));
        }
      };
    });
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  /** Closes for good; no handler is called any more. */
  close() {
    this.#handlers.message = () => {};
    this.#handlers.closed = () => {};
    this.#socket.close();
  }
}

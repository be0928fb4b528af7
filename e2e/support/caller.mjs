/** A program that talks to the front doors without the SDK, politely or not. */

/** Longest time a conversation may take, in milliseconds. */
const PATIENCE = 15_000;

export class Caller {
  /**
   * @param {string} address of the control plane
   * @param {import('playwright-core').Page} page whose WebSocket is used
   * @param {string} appKey
   */
  constructor(address, page, appKey) {
    this.address = address;
    this.page = page;
    this.appKey = appKey;
  }

  /**
   * @param {string} body
   * @param {Record<string, string>} [headers]
   * @returns {Promise<{ answer: number, problem: any }>}
   */
  async asksToJoin(body, headers = {}) {
    const response = await fetch(`${this.address}/api/v1/join`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      signal: AbortSignal.timeout(PATIENCE),
    });
    return { answer: response.status, problem: await response.json() };
  }

  /** @param {string} room @returns {Promise<{ token: string, signalingUrl: string }>} */
  async joins(room) {
    const { answer, problem } = await this.asksToJoin(JSON.stringify({ appKey: this.appKey, room }));
    if (answer !== 200) throw new Error(`the join was refused: ${JSON.stringify(problem)}`);
    return problem;
  }

  /** @param {string} token */
  hello(token) {
    return JSON.stringify({ type: 'hello', protocol: 1, token });
  }

  /**
   * Opens a socket, says the first thing, after a welcome the others, and listens until the node refuses something.
   * @param {string} url
   * @param {string} first
   * @param {string[]} [others]
   * @returns {Promise<any[]>} everything the node said
   */
  async talks(url, first, others = []) {
    await this.page.goto(`${this.address}/healthz`);
    return this.page.evaluate(
      ([url, first, others]) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(url);
          const messages = /** @type {any[]} */ ([]);
          socket.onopen = () => socket.send(first);
          socket.onmessage = ({ data }) => {
            const message = JSON.parse(data);
            messages.push(message);
            if (message.type === 'welcome') others.forEach((text) => socket.send(text));
            // An error that is not fatal leaves the socket open; it is the answer that was waited for.
            if (message.type === 'error') socket.close();
          };
          socket.onclose = () => resolve(messages);
          socket.onerror = () => messages.length === 0 && reject(new Error('the socket could not be opened'));
        }),
      /** @type {const} */ ([url, first, others]),
    );
  }
}

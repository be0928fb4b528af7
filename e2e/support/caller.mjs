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
   * Opens a socket, says everything, and listens until the node has refused something and fallen silent or closed.
   * @param {string} url
   * @param {string[]} texts
   * @returns {Promise<{ messages: any[] }>} everything the node said
   */
  async talks(url, texts) {
    await this.page.goto(`${this.address}/healthz`);
    return this.page.evaluate(
      ([url, texts]) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(url);
          const messages = /** @type {any[]} */ ([]);
          socket.onopen = () => texts.forEach((text) => socket.send(text));
          socket.onmessage = ({ data }) => {
            messages.push(JSON.parse(data));
            // An error that is not fatal leaves the socket open; it is the answer that was waited for.
            if (messages.at(-1).type === 'error') socket.close();
          };
          socket.onclose = () => resolve({ messages });
          socket.onerror = () => messages.length === 0 && reject(new Error('the socket could not be opened'));
        }),
      /** @type {const} */ ([url, texts]),
    );
  }
}

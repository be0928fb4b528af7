/** A customer's backend: it alone has the master key, mints tokens and hears of recordings. */

import assert from 'node:assert/strict';
import { WebhookReceiver } from '../delivery.mjs';
import { DELIVERY, eventually } from '../wait.mjs';

export class Backend {
  #address;
  #masterKey;
  #receiver;

  /** Use `Backend.open`. */
  constructor(/** @type {string} */ address, /** @type {string} */ masterKey, /** @type {WebhookReceiver} */ receiver) {
    this.#address = address;
    this.#masterKey = masterKey;
    this.#receiver = receiver;
  }

  /** @param {string} address of Mixdown @param {string} masterKey */
  static async open(address, masterKey) {
    return new Backend(address, masterKey, await WebhookReceiver.listen());
  }

  get webhook() {
    return this.#receiver.url;
  }

  /**
   * Asks as the documents' curl does: JSON, without saying so.
   * @param {string} path @param {unknown} body @param {Record<string, string>} [headers]
   * @returns {Promise<{ status: number, answer: any }>}
   */
  async asks(path, body, headers = {}) {
    const response = await fetch(`${this.#address}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, answer: await response.json() };
  }

  /** Names another upload address. @param {string} recording @param {string} url @param {string} token @returns {Promise<number>} the status */
  async replaceAddress(recording, url, token) {
    const response = await fetch(`${this.#address}/api/v2/recordings/${recording}/upload_url`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ upload_url: url }),
    });
    return response.status;
  }

  /** @param {'client' | 'supervisor' | 'stats'} kind @param {object} fields @returns {Promise<string>} */
  async token(kind, fields) {
    const { status, answer } = await this.asks(`/auth_v2/${kind}`, { master_key: this.#masterKey, ...fields });
    assert.equal(status, 201, JSON.stringify(answer));
    return answer.auth_token;
  }

  /** @param {string} client */
  clientToken(client) {
    return this.token('client', { client_id: client });
  }

  /** As backends of the first generation get it. @param {string} client @returns {Promise<string>} */
  async earlyToken(client) {
    const { status, answer } = await this.asks(`/auth/${client}`, { master_key: this.#masterKey });
    assert.equal(status, 201, JSON.stringify(answer));
    return answer.auth_token;
  }

  /** @param {string} supervisor @param {string} client */
  supervisorToken(supervisor, client) {
    return this.token('supervisor', { client_id: supervisor, client_to_monitor: client });
  }

  /**
   * Waits for the webhook with this status about a client, or a supervisor.
   * @param {string} status @param {string} client @param {number} [limit] in milliseconds
   * @returns {Promise<any>}
   */
  hears(status, client, limit = DELIVERY) {
    const wanted = (/** @type {any} */ said) => said.status === status && said.client_id === client;
    return eventually(`${status} of ${client}`, () => this.#said().find(wanted), limit);
  }

  /** Everything that was said about a client. @param {string} client @returns {any[]} */
  about(client) {
    return this.#said().filter((said) => said.client_id === client);
  }

  #said() {
    return this.#receiver.deliveries.map(({ body }) => JSON.parse(body));
  }

  close() {
    this.#receiver.close();
  }
}

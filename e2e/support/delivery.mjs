/** Where finished recordings arrive: the bucket, reached through their links, and the receiver of webhooks. */

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { Footage } from './judge.mjs';
import { scratchDirectory } from './stack.mjs';
import { DELIVERY, eventually } from './wait.mjs';

/**
 * Fetches a finished file as anybody with the link can, and decodes it.
 * @param {string} link
 */
export async function fetchFootage(link) {
  const response = await fetch(link);
  assert.equal(response.status, 200, `the link answers ${response.status}`);
  const scratch = await scratchDirectory();
  try {
    const path = join(scratch.path, 'recording.mp4');
    await writeFile(path, Buffer.from(await response.arrayBuffer()));
    return await Footage.of(path);
  } finally {
    await scratch.remove();
  }
}

/** A customer's program that takes webhooks. */
export class WebhookReceiver {
  #server = createServer((request, response) => this.#take(request, response));
  #failures = 0;
  /** What came, in order. @type {{ headers: Record<string, string>, body: string, answered: number }[]} */
  deliveries = [];

  static async listen() {
    const receiver = new WebhookReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}/recordings`;
  }

  /** Answers so many deliveries with an error first. @param {number} count */
  failNext(count) {
    this.#failures = count;
  }

  /**
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #take(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answered = this.#failures-- > 0 ? 500 : 204;
    const headers = /** @type {Record<string, string>} */ ({ ...request.headers });
    this.deliveries.push({ headers, body: Buffer.concat(chunks).toString(), answered });
    response.writeHead(answered).end();
  }

  /**
   * Waits for the delivery at a position.
   * @param {number} position
   * @param {number} [limit] in milliseconds
   */
  delivery(position, limit = DELIVERY) {
    return eventually(`webhook number ${position + 1}`, () => this.deliveries[position], limit);
  }

  /**
   * What a delivery says, if its signature is right.
   * @param {{ headers: Record<string, string>, body: string }} delivery
   * @param {string} secret
   * @returns {any}
   */
  static verified({ headers, body }, secret) {
    return new Webhook(secret).verify(body, headers);
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

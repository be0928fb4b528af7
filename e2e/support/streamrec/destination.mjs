/** Where a customer wants files: an address that takes a PUT, or misbehaves as told. */

import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { Footage } from '../judge.mjs';
import { scratchDirectory } from '../stack.mjs';
import { DELIVERY, eventually } from '../wait.mjs';

/**
 * What is done with one request: a status; or the connection is left hanging, or closed, after the first bytes.
 * @typedef {number | 'hang' | 'close'} Manner
 */

/** @typedef {{ path: string, headers: import('node:http').IncomingHttpHeaders, body: Buffer, manner: Manner, at: number }} Put */

export class Destination {
  #server = createServer((request, response) => this.#take(request, response).catch(() => response.destroy()));
  /** @type {Map<string, Manner[]>} */
  #manners = new Map();
  /** What came, in order. @type {Put[]} */
  puts = [];

  static async open() {
    const destination = new Destination();
    destination.#server.listen(0, '127.0.0.1');
    await once(destination.#server, 'listening');
    return destination;
  }

  /**
   * An address with a secret, like those that stores sign.
   * @param {string} name
   * @param {Manner[]} [manners] one per request, the last for all that follow
   */
  url(name, manners = [200]) {
    this.#manners.set(`/${name}`, [...manners]);
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}/${name}?X-Amz-Signature=${SECRET}`;
  }

  /** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
  async #take(request, response) {
    const path = (request.url ?? '').split('?')[0];
    const manners = this.#manners.get(path) ?? [404];
    const manner = (manners.length > 1 ? manners.shift() : manners[0]) ?? 404;
    const put = { path, headers: request.headers, body: Buffer.alloc(0), manner, at: Date.now() };
    if (typeof manner === 'string') {
      this.puts.push(put);
      if (manner === 'close') request.destroy();
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    put.body = Buffer.concat(chunks);
    this.puts.push(put);
    response.writeHead(request.method === 'PUT' ? manner : 405).end();
  }

  /** Waits until so many requests have come for a name. @param {string} name @param {number} [count] @param {number} [limit] */
  received(name, count = 1, limit = DELIVERY) {
    return eventually(
      `upload number ${count} to ${name}`,
      () => this.puts.filter(({ path }) => path === `/${name}`)[count - 1],
      limit,
    );
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Nobody may log this. */
export const SECRET = '5ecre7a9a1n5710g5';

/**
 * Decodes an uploaded file.
 * @param {Put} put
 */
export async function footageOf({ body }) {
  const scratch = await scratchDirectory();
  try {
    const path = join(scratch.path, 'recording.webm');
    await writeFile(path, body);
    return await Footage.of(path);
  } finally {
    await scratch.remove();
  }
}

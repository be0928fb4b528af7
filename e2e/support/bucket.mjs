/** A customer's own bucket: the store of another installation, which shares nothing with the one under test. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from './ports.mjs';
import { environment, PROGRAM, scratchDirectory } from './stack.mjs';

export class CustomerBucket {
  #child;
  #scratch;

  /** Use `CustomerBucket.open`. */
  constructor(/** @type {any} */ { child, scratch, endpoint, keys }) {
    this.#child = child;
    this.#scratch = scratch;
    /** @type {string} */
    this.endpoint = endpoint;
    this.name = 'recordings';
    this.region = 'us-east-1';
    /** @type {{ accessKey: string, secret: string }} */
    this.keys = keys;
  }

  static async open() {
    const [scratch, ports] = await Promise.all([scratchDirectory(), freePorts()]);
    const child = spawn(PROGRAM, ['serve'], { env: environment(ports, scratch.path), stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(40_000) });
    assert.match(line, /^Mixdown is ready/);
    const keys = JSON.parse(await readFile(join(scratch.path, 'keys/store.json'), 'utf8'));
    return new CustomerBucket({ child, scratch, endpoint: `http://127.0.0.1:${ports.store}`, keys });
  }

  /** Where its objects lie. */
  get directory() {
    return join(this.#scratch.path, 'store', this.name);
  }

  async close() {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
    await this.#scratch.remove();
  }
}

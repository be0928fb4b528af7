import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { freePorts } from '../support/ports.mjs';
import { environment, refusedStart, scratchDirectory, Stack } from '../support/stack.mjs';

describe('a start that cannot work ends with one sentence and code 2', () => {
  /** @type {Awaited<ReturnType<typeof scratchDirectory>>} */
  let scratch;
  /** @type {Awaited<ReturnType<typeof freePorts>>} */
  let ports;
  beforeEach(async () => ([scratch, ports] = await Promise.all([scratchDirectory(), freePorts()])));
  afterEach(() => scratch.remove());

  /** @param {NodeJS.ProcessEnv} settings @param {RegExp} sentence */
  async function isRefused(settings, sentence) {
    const { code, said } = await refusedStart({ ...environment(ports, scratch.path), RUST_LOG: 'error', ...settings });
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0], sentence);
    assert.equal(code, 2);
  }

  for (const [what, option] of /** @type {const} */ ([['web', '--listen'], ['signaling', '--media-listen'], ['store', '--store-listen']])) {
    test(`the port for ${option} is in use`, async () => {
      const other = createServer().listen(ports[what], '127.0.0.1');
      await once(other, 'listening');
      await isRefused({}, new RegExp(`127\\.0\\.0\\.1:${ports[what]}.*in use.*${option}`));
      other.close();
    });
  }

  test('the port for --udp-port is in use', async () => {
    const other = createSocket('udp4').bind(ports.udp);
    await once(other, 'listening');
    await isRefused({}, new RegExp(`${ports.udp}.*in use.*--udp-port`));
    other.close();
  });

  test('the data directory cannot be written', async () => {
    const path = join(scratch.path, 'file');
    await writeFile(path, '');
    await isRefused({ MIXDOWN_DATA_DIR: join(path, 'data') }, /data directory .*file\/data.*--data-dir/);
  });

  test('the files of the console are missing', async () => {
    await isRefused({ MIXDOWN_SITE_ROOT: scratch.path }, /console's files are missing/);
  });

  test('the media program is missing', async () => {
    await isRefused({ MIXDOWN_MEDIA_BIN: join(scratch.path, 'none') }, /none cannot be started/);
  });
});

test('the master key is not the one the data was written with', async () => {
  const stack = await Stack.start();
  try {
    await stack.stop();
    const path = join(stack.dataDirectory, 'keys/master.key');
    await writeFile(path, randomBytes(32).toString('hex'), { mode: 0o600 });
    await chmod(path, 0o600);
    const { code, said } = await refusedStart({ ...environment(stack.ports, stack.dataDirectory), RUST_LOG: 'error' });
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0], /master\.key is not the key/);
    assert.equal(code, 2);
  } finally {
    await stack.end();
  }
});

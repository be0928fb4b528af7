/** The built product as its operator runs it: `mixdown up` on free ports with a data directory of its own. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from './ports.mjs';
import { eventually } from './wait.mjs';

const REPOSITORY = resolve(fileURLToPath(new URL('../..', import.meta.url)));
export const PROGRAM = resolve(process.env.MIXDOWN_BIN ?? join(REPOSITORY, 'target/debug/mixdown'));
const MEDIA_PROGRAM = resolve(process.env.MIXDOWN_MEDIA_BIN ?? join(dirname(PROGRAM), 'mixdown-media'));
const READY = /^Mixdown is ready: (\S+)(?: — set-up link: (\S+))?$/;
/** Longest time a start or a stop may take, in milliseconds. */
const PATIENCE = 40_000;

/**
 * Environment of a start on the given ports.
 * @param {Awaited<ReturnType<typeof freePorts>>} ports
 * @param {string} data directory
 */
export function environment(ports, data) {
  return {
    ...process.env,
    MIXDOWN_MEDIA_BIN: MEDIA_PROGRAM,
    MIXDOWN_LISTEN: `127.0.0.1:${ports.web}`,
    MIXDOWN_PUBLIC_URL: `http://localhost:${ports.web}`,
    MIXDOWN_MEDIA_LISTEN: `127.0.0.1:${ports.signaling}`,
    MIXDOWN_SIGNALING_URL: `ws://localhost:${ports.signaling}`,
    MIXDOWN_STORE_LISTEN: `127.0.0.1:${ports.store}`,
    MIXDOWN_UDP_PORT: String(ports.udp),
    MIXDOWN_TCP_PORT: String(ports.media),
    MIXDOWN_DATA_DIR: data,
    MIXDOWN_SITE_ROOT: join(REPOSITORY, 'target/site'),
    MIXDOWN_PUBLIC_DIR: join(REPOSITORY, 'public'),
    MIXDOWN_ALLOW_PRIVATE: 'localhost:*,127.0.0.1:*',
    RUST_LOG: process.env.RUST_LOG ?? 'warn,app=info,domain=info,server=info,media=info',
  };
}

/** A directory that is deleted by `remove`. */
export async function scratchDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'mixdown-e2e-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/**
 * Starts the program expecting that it refuses to.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ code: number | null, said: string[] }>} exit code and lines of standard error
 */
export async function refusedStart(env) {
  const child = spawn(PROGRAM, ['up'], { env, stdio: ['ignore', 'ignore', 'pipe'], timeout: PATIENCE });
  const said = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => said.push(line));
  const [[code]] = await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  return { code, said };
}

/** A running installation. */
export class Stack {
  #scratch;
  #settings;
  /** @type {import('node:child_process').ChildProcess | null} */
  #child = null;
  /** What the processes have logged, all starts together. @type {string[]} */
  log = [];
  /** One-time link of the latest start, while there is no owner. @type {string | undefined} */
  setUpLink;
  address = '';

  /** Use `Stack.start`. */
  constructor(/** @type {any} */ { scratch, ports, settings }) {
    this.#scratch = scratch;
    this.ports = ports;
    this.#settings = settings;
  }

  /**
   * @param {NodeJS.ProcessEnv} [settings] on top of the usual ones
   */
  static async start(settings = {}) {
    const [scratch, ports] = await Promise.all([scratchDirectory(), freePorts()]);
    const stack = new Stack({ scratch, ports, settings });
    try {
      await stack.#run();
    } catch (error) {
      console.error(stack.log.join('\n'));
      await stack.end();
      throw error;
    }
    return stack;
  }

  get dataDirectory() {
    return this.#scratch.path;
  }

  async #run() {
    const child = spawn(PROGRAM, ['up'], {
      env: { ...environment(this.ports, this.dataDirectory), ...this.#settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const output = createInterface({ input: child.stdout });
    createInterface({ input: child.stderr }).on('line', (line) => this.log.push(line));
    output.on('line', (line) => this.log.push(line));
    const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`mixdown ended with code ${code} instead of starting`)));
    ended.catch(() => {});
    const announced = once(output, 'line', { signal: AbortSignal.timeout(PATIENCE) });
    const [line] = await Promise.race([announced, ended]);
    const match = READY.exec(line);
    assert.ok(match, `not the line of a start: ${line}`);
    [, this.address, this.setUpLink] = match;
    await this.linked();
  }

  /** Waits until the control plane and its media node work together. */
  linked() {
    return eventually('the control plane and its node are ready', async () => {
      const answers = await Promise.all([this.ports.web, this.ports.signaling].map((port) => answersReady(port)));
      return answers.every(Boolean);
    });
  }

  /** Process id of the media node that runs now. */
  async mediaProcess() {
    const own = this.#child?.pid;
    const children = (await readdir(`/proc/${own}/task`)).map((thread) => childrenOf(own, thread));
    for (const id of (await Promise.all(children)).flat()) {
      const program = await readlink(`/proc/${id}/exe`).catch(() => '');
      if (program.replace(/ \(deleted\)$/, '') === MEDIA_PROGRAM) return id;
    }
    return null;
  }

  /** Kills the media node as the kernel would, and waits for the next one. */
  async crashMedia() {
    const before = await eventually('a media process', () => this.mediaProcess());
    process.kill(before, 'SIGKILL');
    await eventually('another media process', async () => {
      const now = await this.mediaProcess();
      return now !== null && now !== before;
    });
    await this.linked();
  }

  /** Ends all processes as `Ctrl-C` does. */
  async stop() {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return;
    const ended = once(child, 'exit', { signal: AbortSignal.timeout(PATIENCE) });
    child.kill('SIGTERM');
    await ended.catch((error) => {
      child.kill('SIGKILL');
      throw error;
    });
  }

  /** Stops and starts on the same data. */
  async restart() {
    await this.stop();
    await this.#run();
  }

  /** Stops and deletes all data. */
  async end() {
    try {
      await this.stop();
    } finally {
      await this.#scratch.remove();
    }
  }
}

/** @param {number | undefined} id @param {string} thread */
async function childrenOf(id, thread) {
  const text = await readFile(`/proc/${id}/task/${thread}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** @param {number} port */
async function answersReady(port) {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

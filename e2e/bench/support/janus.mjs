/** Janus with its video room, as its package installs it: records what one page publishes. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../../support/ports.mjs';
import { scratchDirectory } from '../../support/stack.mjs';
import { eventually } from '../../support/wait.mjs';

const run = promisify(execFile);
const LIBRARIES = '/usr/lib/x86_64-linux-gnu/janus';
const UNUSED = {
  plugins: ['audiobridge', 'duktape', 'echotest', 'lua', 'nosip', 'recordplay', 'sip', 'streaming', 'textroom', 'videocall', 'voicemail'],
  transports: ['http', 'mqtt', 'nanomsg', 'pfunix', 'rabbitmq'],
};

/** @param {string[]} names */
const disabled = (names) => `{ disable = "${names.map((name) => `libjanus_${name}.so`).join()}" }`;

/** @param {string} folder @param {number} port @param {number} kilobits */
const files = (folder, port, kilobits) => ({
  'janus.jcfg': `general: {
    configs_folder = "${folder}", plugins_folder = "${LIBRARIES}/plugins", transports_folder = "${LIBRARIES}/transports"
    events_folder = "${folder}/none", loggers_folder = "${folder}/none", debug_level = 3, event_loops = 2
  }
  plugins: ${disabled(UNUSED.plugins)}
  transports: ${disabled(UNUSED.transports)}
  `,
  'janus.transport.websockets.jcfg': `general: { ws = true, ws_port = ${port}, ws_ip = "127.0.0.1", wss = false }\n`,
  'janus.plugin.videoroom.jcfg': `room-1: {
    description = "bench", publishers = 1, bitrate = ${kilobits * 1000}, audiocodec = "opus", videocodec = "vp8"
    record = true, rec_dir = "${folder}/recordings"
  }
  `,
});

/**
 * Runs in the page: publishes what it shows; resolves once media flows.
 * @param {[address: string, kilobits: number]} where and how much
 */
async function publishShown([address, kilobits]) {
  const stream = /** @type {MediaStream} */ (document.querySelector('video')?.srcObject);
  const socket = new WebSocket(address, 'janus-protocol');
  await new Promise((opened) => (socket.onopen = opened));
  /** @type {Map<string, (answer: any) => void>} */
  const waiting = new Map();
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.janus !== 'ack') waiting.get(message.transaction)?.(message);
  };
  const ask = (/** @type {object} */ message) =>
    new Promise((resolve) => {
      const transaction = crypto.randomUUID();
      waiting.set(transaction, resolve);
      socket.send(JSON.stringify({ transaction, ...message }));
    });
  const { data: { id: session_id } } = await ask({ janus: 'create' });
  const { data: { id: handle_id } } = await ask({ janus: 'attach', session_id, plugin: 'janus.plugin.videoroom' });
  const tell = (/** @type {object} */ more) => ask({ janus: 'message', session_id, handle_id, ...more });
  await tell({ body: { request: 'join', ptype: 'publisher', room: 1 } });
  const connection = new RTCPeerConnection();
  for (const track of stream.getTracks()) {
    const sendEncodings = track.kind === 'video' ? [{ maxBitrate: kilobits * 1000 }] : [];
    connection.addTransceiver(track, { direction: 'sendonly', streams: [stream], sendEncodings });
  }
  const reached = (/** @type {'icegatheringstatechange' | 'connectionstatechange'} */ change, /** @type {() => boolean} */ is) =>
    new Promise((done) => {
      const look = () => is() && done(undefined);
      connection.addEventListener(change, look);
      look();
    });
  await connection.setLocalDescription();
  await reached('icegatheringstatechange', () => connection.iceGatheringState === 'complete');
  const answer = await tell({ body: { request: 'publish', filename: 'bench' }, jsep: connection.localDescription?.toJSON() });
  await connection.setRemoteDescription(answer.jsep);
  setInterval(() => ask({ janus: 'keepalive', session_id }), 20_000);
  await reached('connectionstatechange', () => connection.connectionState === 'connected');
  Object.assign(window, { unpublish: () => tell({ body: { request: 'unpublish' } }) });
}

export class Janus {
  #process;
  #scratch;

  /** Use `Janus.start`. @param {any} parts */
  constructor({ process, scratch, address }) {
    this.#process = process;
    this.#scratch = scratch;
    /** Of its websocket. @type {string} */
    this.address = address;
  }

  /** @param {number} kilobits what its room takes @returns {Promise<Janus | null>} nothing where it is not installed */
  static async start(kilobits) {
    const installed = await Promise.all(['janus', 'janus-pp-rec'].map((program) => run('which', [program]).catch(() => null)));
    if (installed.includes(null)) return null;
    const [scratch, { signaling }] = await Promise.all([scratchDirectory(), freePorts()]);
    await mkdir(join(scratch.path, 'recordings'));
    for (const [name, text] of Object.entries(files(scratch.path, signaling, kilobits))) await writeFile(join(scratch.path, name), text);
    const child = spawn('janus', ['--configs-folder', scratch.path, '--disable-colors', '--interface', '127.0.0.1'], { stdio: 'ignore' });
    await eventually('Janus takes connections', async () => {
      if (child.exitCode !== null) throw new Error(`janus ended with code ${child.exitCode}`);
      return fetch(`http://127.0.0.1:${signaling}`).then(() => true, (error) => error.cause?.code !== 'ECONNREFUSED');
    });
    return new Janus({ process: child, scratch, address: `ws://127.0.0.1:${signaling}` });
  }

  get pid() {
    return /** @type {number} */ (this.#process.pid);
  }

  /** Has a page publish what it shows, and records it. @param {import('playwright-core').Page} page @param {number} kilobits */
  async records(page, kilobits) {
    await page.evaluate(publishShown, /** @type {[string, number]} */ ([this.address, kilobits]));
  }

  /** CPU seconds of making files of what was recorded. @param {import('playwright-core').Page} page */
  async makesFiles(page) {
    await page.evaluate(() => /** @type {any} */ (window).unpublish());
    const folder = join(this.#scratch.path, 'recordings');
    const made = await eventually('Janus has recorded', async () => {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.mjr'));
      return names.length === 2 ? names : null;
    });
    const commands = made.map((name) => `janus-pp-rec ${folder}/${name} ${folder}/${name.includes('video') ? 'video.webm' : 'audio.opus'}`);
    const { stdout } = await run('sh', ['-c', `{ ${commands.join(' && ')}; } >/dev/null 2>&1 || exit 1; times`]);
    const children = stdout.trim().split('\n').at(-1) ?? '';
    return children.split(' ').map((time) => /(\d+)m([\d.]+)s/.exec(time) ?? []).reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  }

  async end() {
    if (this.#process.exitCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    await this.#scratch.remove();
  }
}

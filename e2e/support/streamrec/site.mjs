/** A customer's site, written for eyeson-streamrec after its documents. Only the import map knows of Mixdown. */

import { once } from 'node:events';
import { createServer } from 'node:http';

/** @param {string} mixdown address @param {string} script */
const page = (mixdown, script) => `<!doctype html>
<meta charset="utf-8"><title>streamrec</title>
<script type="importmap">{ "imports": { "eyeson-streamrec": "${mixdown}/sdk/streamrec.js" } }</script>
<video autoplay muted playsinline></video>
<script type="module">${script}</script>`;

const CLIENT = `
  import eyeson from 'eyeson-streamrec';

  const events = [];
  eyeson.addEventListener((event) => events.push(event));
  const video = document.querySelector('video');

  const calls = {
    async connect(clientId, clientAuthToken, webhookUrl, streams = 1) {
      const made = [];
      for (let index = 0; index < streams; index += 1) {
        made.push(await navigator.mediaDevices.getUserMedia({ video: true, audio: index === 0 }));
      }
      video.srcObject = made[0];
      await eyeson.connect(clientId, clientAuthToken, streams === 1 ? made[0] : made, webhookUrl);
    },
    startRecording: (uploadUrl, webhookUrl) => eyeson.startRecording(uploadUrl, webhookUrl),
    switchStream(width, height) {
      video.srcObject = window.picture(width, height);
      return eyeson.switchStream(video.srcObject);
    },
    stopMedia: () => video.srcObject.getTracks().forEach((track) => track.stop()),
    stopRecording: () => eyeson.stopRecording(),
    disconnect: () => eyeson.disconnect(),
    setOptionMaxBitrate: (kilobits) => eyeson.setOptionMaxBitrate(kilobits),
  };
  window.session = { calls, events };
`;

const SUPERVISOR = `
  import { Supervisor } from 'eyeson-streamrec';

  const events = [];
  Supervisor.addEventListener(({ type, termination_cause }) => events.push({ type, termination_cause }));
  const video = document.querySelector('video');

  const calls = {
    async connect(supervisorId, authToken, clientId, webhookUrl) {
      const began = performance.now();
      const seen = new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(performance.now() - began)));
      video.srcObject = await Supervisor.connect(supervisorId, authToken, clientId, webhookUrl);
      return await seen;
    },
    disconnect: () => Supervisor.disconnect(),
  };
  window.session = { calls, events };
`;

export class Site {
  #mixdown;
  #server = createServer((request, response) => this.#answer(request.url ?? '/', response));

  /** Use `Site.open`. */
  constructor(/** @type {string} */ mixdown) {
    this.#mixdown = mixdown;
  }

  /** @param {string} mixdown address of Mixdown */
  static async open(mixdown) {
    const site = new Site(mixdown);
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  /** @param {'client' | 'supervisor'} name */
  page(name) {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://localhost:${port}/${name}`;
  }

  /** @param {string} path @param {import('node:http').ServerResponse} response */
  #answer(path, response) {
    const script = path === '/client' ? CLIENT : path === '/supervisor' ? SUPERVISOR : null;
    if (!script) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page(this.#mixdown, script));
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

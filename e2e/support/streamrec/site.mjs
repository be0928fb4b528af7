/** A customer's site, written for eyeson-streamrec after its documents. Only the import map knows of Mixdown. */

import { once } from 'node:events';
import { createServer } from 'node:http';

/** @param {string} mixdown address @param {string} script */
const page = (mixdown, script) => `<!doctype html>
<meta charset="utf-8"><title>streamrec</title>
<script type="importmap">{ "imports": { "eyeson-streamrec": "${mixdown}/sdk/streamrec.js" } }</script>
<script src="${mixdown}/sdk/streamrec-global.js"></script>
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

/**
 * A page of the first generation, as its clients talk: its session is one recording, its socket has the token in its
 * address and is closed right after the last word, and pictures come without a stream's name.
 */
const EARLY = `
  const events = [];
  const video = document.querySelector('video');
  let connection, socket, grant, client;
  const say = (type, data) => socket.send(JSON.stringify({ type, client_id: client, rec_id: grant.recording_id, data }));

  const calls = {
    async startRecording(clientId, token, uploadUrl, webhookUrl) {
      client = clientId;
      const stream = await navigator.mediaDevices.getUserMedia({ video: true });
      video.srcObject = stream;
      const answer = await fetch(MIXDOWN + '/api/session', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + token },
        body: JSON.stringify({ client_id: clientId }),
      });
      grant = await answer.json();
      connection = new RTCPeerConnection(grant.ice_credentials);
      connection.addTrack(stream.getVideoTracks()[0]);
      socket = new WebSocket(grant.ws_endpoint.replace('https://', 'wss://') + '?auth_token=' + token);
      socket.onmessage = async ({ data }) => {
        const message = JSON.parse(data);
        events.push({ type: message.type, rec_id: message.rec_id });
        if (message.type === 'sdp_update') await connection.setRemoteDescription(message.data.sdp);
        if (message.type === 'candidate' && message.data.candidate) await connection.addIceCandidate(message.data.candidate);
      };
      await new Promise((opened) => { socket.onopen = opened; });
      connection.onicecandidate = ({ candidate }) => say('candidate', { candidate });
      await connection.setLocalDescription(await connection.createOffer());
      const { type, sdp } = connection.localDescription;
      say('recording_start', { sdp: { type, sdp }, upload_url: uploadUrl, webhook_url: webhookUrl });
      return grant.recording_id;
    },
    stopRecording() {
      say('recording_stop');
      socket.close();
      connection.close();
    },
  };
  window.session = { calls, events };
`;

/** A page that was written for the first generation's script. */
const SCRIPTED = `
  const events = [];
  const video = document.querySelector('video');
  eyeson.onDisconnect((event) => events.push(event));

  const calls = {
    async startRecording(clientId, token, uploadUrl, webhookUrl) {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
      eyeson.connect(token);
      return eyeson.startRecording(video.srcObject, clientId, uploadUrl, webhookUrl);
    },
    stopRecording: () => eyeson.stopRecording(),
  };
  window.session = { calls, events };
`;

/** @type {Record<string, string>} */
const SCRIPTS = { '/client': CLIENT, '/supervisor': SUPERVISOR, '/early': EARLY, '/scripted': SCRIPTED };

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

  /** @param {'client' | 'supervisor' | 'early' | 'scripted'} name */
  page(name) {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://localhost:${port}/${name}`;
  }

  /** @param {string} path @param {import('node:http').ServerResponse} response */
  #answer(path, response) {
    const script = SCRIPTS[path];
    if (!script) return response.writeHead(404).end();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(page(this.#mixdown, script.replace('MIXDOWN', `'${this.#mixdown}'`)));
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

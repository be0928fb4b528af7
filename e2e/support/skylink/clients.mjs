/**
 * What the customer's pages do with their client. Both functions run in a page and leave the same `session` there:
 * what its client reported, in order, and what a person can make it do.
 */

/**
 * @typedef {object} Setting
 * @property {string} server address of the room server
 * @property {string} appKey
 * @property {string} room
 * @property {any} options for joining
 */

/** @param {Setting} setting */
export function useModern({ server, appKey, room, options }) {
  const { default: Skylink, SkylinkEventManager, SkylinkConstants } = /** @type {any} */ (window).SkylinkModule;
  const events = /** @type {any[]} */ ([]);
  const skylink = new Skylink({ appKey, defaultRoom: room, roomServer: server.replace(/^http:/, ''), forceSSL: false });
  const plain = (/** @type {any} */ detail) => {
    const { peerId, isSelf, state, recordingId, error, message, action, reason, isVideo, isAudio, isScreensharing, peerInfo } = detail;
    const said = error && String(error.message ?? error);
    return { peerId, isSelf, state, recordingId, error: said, message, action, reason, isVideo, isAudio, isScreensharing, userData: peerInfo?.userData };
  };
  for (const [name, event] of Object.entries(SkylinkConstants.EVENTS)) {
    SkylinkEventManager.addEventListener(event, ({ detail }) => {
      events.push({ name, at: performance.now(), ...plain(detail ?? {}) });
      if (name.startsWith('ON_INCOMING_') && name.endsWith('STREAM') && !detail.isSelf) show(detail.peerId, detail.stream);
      if (name === 'STREAM_ENDED' && !detail.isSelf) document.querySelector(`video[data-stream="${detail.streamId}"]`)?.remove();
    });
  }
  // Small, for Chromium plays nothing that is out of sight.
  /** @param {string} peer @param {MediaStream} stream */
  function show(peer, stream) {
    const video = Object.assign(document.createElement('video'), { srcObject: stream, autoplay: true, muted: true, width: 96 });
    Object.assign(video.dataset, { peer, stream: stream.id });
    video.requestVideoFrameCallback(() => events.push({ name: 'FIRST_FRAME', at: performance.now(), peerId: peer }));
    document.body.append(video);
  }
  Object.assign(window, {
    session: {
      events,
      skylink,
      join: () => skylink.joinRoom(options).catch((/** @type {any} */ error) => Promise.reject(new Error(error.info ?? String(error.message ?? error)))),
      startRecording: () => skylink.startRecording(room),
      stopRecording: () => skylink.stopRecording(room),
      say: (/** @type {any} */ text, /** @type {string} */ peer) => skylink.sendMessage(room, text, peer),
      setUserData: (/** @type {any} */ data) => skylink.setUserData(room, data),
      mute: (/** @type {boolean} */ on) => skylink.muteStreams(room, { audioMuted: on, videoMuted: on }),
      lock: () => skylink.lockRoom(room),
      listPeers: async (/** @type {boolean} */ all) => JSON.stringify(await skylink.getPeers(room, all)),
      refresh: () => skylink.refreshConnection(room),
      shareScreen: () => skylink.shareScreen(room),
      stopScreen: () => skylink.stopScreen(room),
      leave: () => skylink.leaveRoom(room),
    },
  });
}

/** @param {Setting} setting */
export function useClassic({ server, appKey, room, options }) {
  const Skylink = /** @type {any} */ (window).Skylink;
  const events = /** @type {any[]} */ ([]);
  const skylink = new Skylink();
  const note = (/** @type {string} */ name, /** @type {any} */ detail) => events.push({ name, at: performance.now(), ...detail });
  skylink.on('peerJoined', (/** @type {string} */ peerId, /** @type {any} */ info, /** @type {boolean} */ isSelf) =>
    note('PEER_JOINED', { peerId, isSelf, userData: info?.userData }));
  skylink.on('peerLeft', (/** @type {string} */ peerId, /** @type {any} */ _, /** @type {boolean} */ isSelf) => note('PEER_LEFT', { peerId, isSelf }));
  skylink.on('peerUpdated', (/** @type {string} */ peerId, /** @type {any} */ info, /** @type {boolean} */ isSelf) =>
    note('PEER_UPDATED', { peerId, isSelf, userData: info?.userData }));
  skylink.on('handshakeProgress', (/** @type {string} */ step) => note('HANDSHAKE_PROGRESS', { step }));
  skylink.on('serverPeerJoined', (/** @type {string} */ peerId) => note('SERVER_PEER_JOINED', { peerId }));
  skylink.on('incomingMessage', (/** @type {any} */ message, /** @type {string} */ peerId, /** @type {any} */ _, /** @type {boolean} */ isSelf) =>
    note('ON_INCOMING_MESSAGE', { peerId, isSelf, message }));
  skylink.on('introduceStateChange', (/** @type {string} */ state, /** @type {string} */ _, /** @type {string} */ one, /** @type {string} */ other, /** @type {string} */ reason) =>
    note('INTRODUCE_STATE_CHANGE', { state, one, other, reason }));
  skylink.on('systemAction', (/** @type {string} */ action, /** @type {string} */ message, /** @type {string} */ reason) =>
    note('SYSTEM_ACTION', { action, message, reason }));
  skylink.on('recordingState', (/** @type {number} */ state, /** @type {string} */ recordingId, /** @type {any} */ link, /** @type {any} */ error) =>
    note('RECORDING_STATE', { state, recordingId, link, error: error && String(error.message ?? error) }));
  skylink.on('incomingStream', (/** @type {string} */ peerId, /** @type {MediaStream} */ stream, /** @type {boolean} */ isSelf) => {
    note('ON_INCOMING_STREAM', { peerId, isSelf });
    if (isSelf) return;
    const video = Object.assign(document.createElement('video'), { srcObject: stream, autoplay: true, muted: true, width: 96 });
    video.dataset.peer = peerId;
    video.requestVideoFrameCallback(() => note('FIRST_FRAME', { peerId }));
    document.body.append(video);
  });
  /** @param {(done: (error: any, success: any) => void) => void} start */
  const promised = (start) => new Promise((resolve, reject) => start((error, success) => (error ? reject(new Error(String(error.error?.message ?? error.message ?? JSON.stringify(error)))) : resolve(success))));
  Object.assign(window, {
    session: {
      events,
      skylink,
      join: async () => {
        const reach = { appKey, defaultRoom: room, roomServer: server, statsServer: server, forceSSL: false };
        await promised((done) => skylink.init(reach, done));
        return promised((done) => skylink.joinRoom(options, done));
      },
      startRecording: () => promised((done) => skylink.startRecording(done)),
      stopRecording: () => promised((done) => skylink.stopRecording(done)),
      say: (/** @type {any} */ text, /** @type {string} */ peer) => skylink.sendMessage(text, peer),
      setUserData: (/** @type {any} */ data) => skylink.setUserData(data),
      mute: (/** @type {boolean} */ on) => skylink.muteStream({ audioMuted: on, videoMuted: on }),
      lock: () => skylink.lockRoom(),
      listPeers: async (/** @type {boolean} */ all) => JSON.stringify(await promised((done) => skylink.getPeers(all, done))),
      introduce: (/** @type {string} */ one, /** @type {string} */ other) => skylink.introducePeer(one, other),
      // With a relay it calls nobody back.
      refresh: () => skylink.refreshConnection(),
      leave: () => promised((done) => skylink.leaveRoom(false, done)),
    },
  });
}

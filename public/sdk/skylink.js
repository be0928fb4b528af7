/**
 * The shape of SkylinkJS over this SDK, for pages that were written for recording with it: change the script tag to
 * `<script src="https://mixdown.example.com/sdk/skylink.js"></script>` and keep the rest. It is a plain script, because
 * such pages expect `Skylink` to be there when the next script runs.
 */
(() => {
  /** Where the rest of the SDK is: beside this script. */
  const script = /** @type {HTMLScriptElement | null} */ (globalThis.document?.currentScript ?? null);
  const base = new URL('.', script?.src ?? globalThis.location?.href ?? 'http://localhost/');
  /** Time from START before which SkylinkJS does not stop, in milliseconds. */
  const SHORTEST = 4000;
  const STATES = { START: 0, STOP: 1, LINK: 2, ERROR: -1 };

  /** @typedef {(...details: any[]) => unknown} Listener */

  class Skylink {
    /** @type {Map<string, { listener: Listener, wanted: Listener, once: boolean }[]>} */
    #listeners = new Map();
    /** @type {any} */
    #options = {};
    /** @type {import('./room.js').Room | null} */
    #room = null;
    /** @type {MediaStream | null} */
    #stream = null;
    #userData = /** @type {any} */ ('');
    #roomName = '';
    #started = 0;

    RECORDING_STATE = STATES;
    SYSTEM_ACTION = { WARNING: 'warning', REJECT: 'reject' };
    VERSION = '0.6.37';

    static RECORDING_STATE = STATES;

    /**
     * Notes the key and where to join; asks nobody yet.
     * @param {string | { appKey?: string, apiKey?: string, defaultRoom?: string, roomServer?: string }} options
     * @param {Listener} [done] gets (error, success)
     */
    init(options, done) {
      const given = typeof options === 'string' ? { appKey: options } : options ?? {};
      const appKey = given.appKey ?? given.apiKey;
      if (!appKey) return done?.({ errorCode: 4, error: new Error('No app key was given.'), status: -2 }, null);
      // The address of Temasys in old pages is not where their rooms are now.
      const own = given.roomServer && !given.roomServer.includes('temasys') ? new URL(given.roomServer, base) : base;
      this.#options = { ...given, appKey, endpoint: own.origin, defaultRoom: given.defaultRoom ?? appKey };
      queueMicrotask(() => done?.(null, { serverUrl: own.origin, readyState: 2, selectedRoom: this.#options.defaultRoom }));
    }

    /**
     * Joins, after asking for camera and microphone when they are wanted.
     * @param {any} [room] a name; or the options of the default room
     * @param {any} [options] `audio`, `video`, `userData`
     * @param {Listener} [done] gets (error, success)
     */
    joinRoom(room, options, done) {
      const given = [room, options, done];
      const name = typeof room === 'string' ? room : this.#options.defaultRoom;
      const settings = given.find((value) => value && typeof value === 'object') ?? {};
      const callback = given.find((value) => typeof value === 'function');
      this.#join(name, settings).then(
        (success) => callback?.(null, success),
        (error) => callback?.({ error, errorCode: null, room: name }, null),
      );
    }

    /** @param {string} name @param {any} settings */
    async #join(name, settings) {
      const { join } = await import(new URL('index.js', base).href);
      if (settings.audio || settings.video) {
        const plain = (/** @type {any} */ wanted) => (wanted && typeof wanted === 'object' ? true : Boolean(wanted));
        this.#stream = await navigator.mediaDevices.getUserMedia({ audio: plain(settings.audio), video: plain(settings.video) });
        this.#emit('mediaAccessSuccess', this.#stream, false, false);
      }
      this.#userData = settings.userData ?? '';
      this.#roomName = name;
      const { endpoint, appKey } = this.#options;
      const shown = typeof this.#userData === 'string' ? this.#userData : this.#userData?.name;
      const room = await join({ endpoint, appKey, room: name, name: shown || undefined, stream: this.#stream ?? undefined });
      this.#room = room;
      this.#listen(room);
      this.#greet(room);
      return { room: name, peerId: room.id, peerInfo: this.#info(this.#userData) };
    }

    /** @param {import('./room.js').Room} room */
    #greet(room) {
      this.#emit('peerJoined', room.id, this.#info(this.#userData), true);
      if (this.#stream) this.#emit('incomingStream', room.id, this.#stream, true, this.#info(this.#userData));
      if (room.relay) this.#emit('serverPeerJoined', 'MCU', 'mcu');
      for (const peer of room.peers.values()) this.#emit('peerJoined', peer.id, this.#info(peer.name), false);
      if (room.recording) this.#began(room.recording);
    }

    /** @param {import('./room.js').Room} room */
    #listen(room) {
      const info = (/** @type {string} */ peer) => this.#info(room.peers.get(peer)?.name);
      const known = new Set(room.peers.keys());
      room.on('peerJoined', (peer) => {
        known.add(peer.id);
        this.#emit('peerJoined', peer.id, this.#info(peer.name), false);
      });
      room.on('peerLeft', (peer) => {
        known.delete(peer);
        this.#emit('peerLeft', peer, info(peer), false);
      });
      room.on('stream', (peer, stream) => this.#emit('incomingStream', peer, stream, false, info(peer)));
      room.on('streamEnded', (peer) => this.#emit('streamEnded', peer, info(peer), false));
      room.on('recordingState', (state, recording, url, error) => this.#recordingState(state, recording, url, error));
      room.on('left', (reason) => {
        if (reason !== 'left') this.#emit('systemAction', 'reject', reason, reason);
        for (const peer of known) this.#emit('peerLeft', peer, this.#info(''), false);
        this.#emit('peerLeft', room.id, this.#info(this.#userData), true);
        this.#room = null;
      });
      // Who is there may have changed meanwhile, and this side has a new id.
      room.on('reconnected', () => {
        for (const peer of known) this.#emit('peerLeft', peer, this.#info(''), false);
        known.clear();
        for (const peer of room.peers.keys()) known.add(peer);
        this.#greet(room);
      });
    }

    /** @param {string} recording */
    #began(recording) {
      this.#started = performance.now();
      this.#emit('recordingState', STATES.START, recording, null, null);
    }

    /** @param {'START' | 'STOP' | 'LINK' | 'ERROR'} state @param {string} [recording] @param {string} [url] @param {Error} [error] */
    #recordingState(state, recording, url, error) {
      if (state === 'START') return this.#began(recording ?? '');
      const link = state === 'LINK' ? { mixin: url } : null;
      this.#emit('recordingState', STATES[state], recording ?? null, link, error ?? null);
    }

    /**
     * Starts recording the room.
     * @param {Listener} [done] gets (error, recording id)
     */
    startRecording(done) {
      const room = this.#room;
      if (!room) return done?.(new Error('Unable to start recording as MCU is not connected'), null);
      if (room.recording) return done?.(new Error('Unable to start recording as there is an existing recording in-progress'), null);
      room.startRecording().then((recording) => done?.(null, recording), (error) => done?.(error, null));
    }

    /**
     * Stops the recording in progress, whoever started it.
     * @param {Listener} [done] gets (error, recording id); with `waitForLink` (error, { recordingId, link })
     * @param {boolean} [waitForLink]
     */
    stopRecording(done, waitForLink = false) {
      const room = this.#room;
      if (!room) return done?.(new Error('Unable to stop recording as MCU is not connected'), null);
      const recording = room.recording;
      if (!recording) return done?.(new Error('Unable to stop recording as there is no recording in-progress'), null);
      if (performance.now() - this.#started < SHORTEST) {
        return done?.(new Error('Unable to stop recording as 4 seconds has not been recorded yet'), null);
      }
      if (done && waitForLink) {
        const { LINK, ERROR } = STATES;
        this.once(
          'recordingState',
          (/** @type {number} */ _, /** @type {string} */ recordingId, /** @type {any} */ link, /** @type {any} */ error) =>
            error ? done(error, null) : done(null, { recordingId, link }),
          (/** @type {number} */ state, /** @type {string} */ recordingId) => recordingId === recording && [LINK, ERROR].includes(state),
        );
        room.stopRecording().catch(() => {});
        return;
      }
      room.stopRecording().then((stopped) => done?.(null, stopped), (error) => done?.(error, null));
    }

    /**
     * Leaves the room.
     * @param {any} [stop] whether camera and microphone are let go; usual
     * @param {Listener} [done] gets (error, success)
     */
    leaveRoom(stop = true, done = undefined) {
      const callback = typeof stop === 'function' ? stop : done;
      const peerId = this.#room?.id;
      this.#room?.leave();
      if (stop !== false) for (const track of this.#stream?.getTracks() ?? []) track.stop();
      callback?.(null, { peerId, previousRoom: this.#roomName });
    }

    /** @param {string} name @param {Listener} listener */
    on(name, listener) {
      this.#add(name, { listener, wanted: () => true, once: false });
    }

    /**
     * Listens for the next time, or the next that is wanted.
     * @param {string} name @param {Listener} listener @param {Listener} [wanted]
     */
    once(name, listener, wanted = () => true) {
      this.#add(name, { listener, wanted, once: true });
    }

    /** @param {string} name @param {Listener} [listener] all of them when left out */
    off(name, listener) {
      const kept = (this.#listeners.get(name) ?? []).filter((entry) => listener && entry.listener !== listener);
      this.#listeners.set(name, kept);
    }

    /** @param {string} name @param {{ listener: Listener, wanted: Listener, once: boolean }} entry */
    #add(name, entry) {
      this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), entry]);
    }

    /** @param {string} name @param {...any} details */
    #emit(name, ...details) {
      for (const entry of this.#listeners.get(name) ?? []) {
        if (!entry.wanted(...details)) continue;
        if (entry.once) this.#listeners.set(name, (this.#listeners.get(name) ?? []).filter((other) => other !== entry));
        try {
          entry.listener(...details);
        } catch (error) {
          console.error(error);
        }
      }
    }

    /** @param {any} userData */
    #info(userData) {
      const mediaStatus = { audioMuted: false, videoMuted: false };
      return { userData: userData ?? '', room: this.#roomName, settings: {}, mediaStatus, agent: { name: 'Mixdown' } };
    }
  }

  Object.assign(globalThis, { Skylink });
})();

/** A person at a customer's page with a genuine Skylink client. */

import assert from 'node:assert/strict';
import { installDevices } from '../media.mjs';
import { rememberConnections } from '../pictures.mjs';
import { useClassic, useModern } from './clients.mjs';

/** States of a recording, as both generations number them. */
export const RECORDING = { ERROR: -1, START: 0, STOP: 1, LINK: 2 };

/** Runs in the page before its scripts: old clients ask for devices in the old way, and replace the new one by it. */
function offerOldDevices() {
  const devices = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const old = (/** @type {any} */ constraints, /** @type {any} */ take, /** @type {any} */ fail) => devices(constraints).then(take, fail);
  Object.assign(navigator, { getUserMedia: old, webkitGetUserMedia: old });
}

/** Runs in the page. @param {readonly [string, import('../judge.mjs').Colour[]]} expected */
function showsOf([peer, colours]) {
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 16 });
  const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { willReadFrequently: true }));
  const videos = /** @type {HTMLVideoElement[]} */ ([...document.querySelectorAll(`video[data-peer="${peer}"]`)]);
  // Old clients report a stream once for each of its tracks.
  const streams = new Map(videos.map((video) => [/** @type {MediaStream} */ (video.srcObject), video]));
  const live = (/** @type {MediaStream} */ stream) => stream.getVideoTracks().some((track) => !track.muted && track.readyState === 'live');
  const moving = [...streams].filter(([stream, video]) => video.videoWidth > 0 && live(stream));
  const shown = moving.map(([, video]) => {
    drawing.drawImage(video, 0, 0, 16, 16);
    return drawing.getImageData(8, 3, 1, 1).data;
  });
  const alike = (/** @type {Uint8ClampedArray} */ pixel, /** @type {number[]} */ colour) => colour.every((channel, index) => Math.abs(channel - pixel[index]) < 45);
  return shown.length === colours.length && colours.every((colour) => shown.some((pixel) => alike(pixel, colour)));
}

/** Runs in the page: what it offers next is ready only when an offer has come, and goes out nevertheless. */
function crossOffers() {
  const { prototype } = RTCPeerConnection;
  const { createOffer, setRemoteDescription } = prototype;
  /** @type {() => void} */ let comes;
  const came = /** @type {Promise<void>} */ (new Promise((resolve) => (comes = resolve)));
  Object.assign(prototype, {
    async createOffer(/** @type {any[]} */ ...options) {
      const offer = await Reflect.apply(createOffer, this, options);
      await came;
      return offer;
    },
    setRemoteDescription(/** @type {RTCSessionDescriptionInit} */ description) {
      if (description.type === 'offer') {
        Object.assign(prototype, { createOffer, setRemoteDescription });
        comes();
      }
      return Reflect.apply(setRemoteDescription, this, [description]);
    },
  });
}

export class SkylinkPerson {
  /** Use `SkylinkPerson.join`. */
  constructor(/** @type {any} of playwright, or of Firefox in the shape of it */ page, /** @type {import('./site.mjs').Version} */ version) {
    this.page = page;
    this.version = version;
  }

  /**
   * Opens the page without joining.
   * @param {{ newContext(): Promise<any> }} browser of playwright, or Firefox
   * @param {import('./site.mjs').Site} site
   * @param {import('./site.mjs').Version} version
   * @param {{ looks?: import('../media.mjs').Looks, server: string, appKey: string, room: string, options?: any }} setting
   */
  static async arrive(browser, site, version, { looks, server, appKey, room, options = { audio: true, video: true } }) {
    const context = await browser.newContext();
    if (looks) await context.addInitScript(installDevices, looks);
    await context.addInitScript(offerOldDevices);
    await context.addInitScript(rememberConnections);
    const person = new SkylinkPerson(await context.newPage(), version);
    await person.page.goto(site.page(version));
    await person.page.evaluate(version === '2.7.2' ? useModern : useClassic, { server, appKey, room, options });
    return person;
  }

  /**
   * @param {{ newContext(): Promise<any> }} browser of playwright, or Firefox
   * @param {import('./site.mjs').Site} site
   * @param {import('./site.mjs').Version} version
   * @param {Parameters<typeof SkylinkPerson.arrive>[3]} setting
   */
  static async join(browser, site, version, setting) {
    const person = await SkylinkPerson.arrive(browser, site, version, setting);
    await person.does('join');
    await person.hears('PEER_JOINED', { isSelf: true });
    return person;
  }

  /**
   * Has the client do something.
   * @param {string} what
   * @param {...any} words
   */
  does(what, ...words) {
    return this.page.evaluate(
      async ([what, words]) => {
        const done = await /** @type {any} */ (window).session[what](...words);
        return typeof done === 'string' ? done : undefined;
      },
      /** @type {const} */ ([what, words]),
    );
  }

  /** What the client reported so far. @returns {Promise<any[]>} */
  events() {
    return this.page.evaluate(() => /** @type {any} */ (window).session.events);
  }

  /** Waits until the client has reported something like this. @param {string} name @param {any} [like] @param {number} [timeout] */
  async hears(name, like = {}, timeout = 20_000) {
    const found = await this.page
      .waitForFunction(
        ([name, like]) =>
          /** @type {any} */ (window).session.events.find(
            (/** @type {any} */ event) => event.name === name && Object.entries(like).every(([key, value]) => event[key] === value),
          ),
        /** @type {const} */ ([name, like]),
        { timeout },
      )
      .catch(async (error) => {
        throw new Error(`${this.version} did not report ${name} ${JSON.stringify(like)}, but ${JSON.stringify(await this.events())}`, { cause: error });
      });
    return found.jsonValue();
  }

  /** The others, in the order in which they were met. @returns {Promise<string[]>} */
  async others() {
    const joined = (await this.events()).filter((event) => event.name === 'PEER_JOINED' && !event.isSelf);
    return [...new Set(joined.map((event) => event.peerId))];
  }

  /** Waits until the pictures of so many others, or of these, have run for so many more seconds. @param {number | string[]} whom @param {number} seconds */
  async watches(whom, seconds) {
    await this.page
      .waitForFunction(
        ([whom, seconds]) => {
          const running = new Set();
          for (const video of /** @type {any[]} */ ([...document.querySelectorAll('video')])) {
            if (video.videoWidth === 0 || video.currentTime === 0) continue;
            video.watchedFrom ??= video.currentTime;
            if (video.currentTime - video.watchedFrom >= seconds) running.add(video.dataset.peer);
          }
          if (typeof whom === 'number' ? running.size < whom : !whom.every((peer) => running.has(peer))) return false;
          for (const video of /** @type {any[]} */ ([...document.querySelectorAll('video')])) delete video.watchedFrom;
          return true;
        },
        /** @type {[number | string[], number]} */ ([whom, seconds]),
        { timeout: 30_000 },
      )
      .catch(async (error) => {
        throw new Error(`${this.version} does not see ${whom}: ${JSON.stringify(await this.events())}`, { cause: error });
      });
  }

  /** Its own id. @returns {Promise<string>} */
  async id() {
    const { peerId } = await this.hears('PEER_JOINED', { isSelf: true });
    return peerId;
  }

  /** Kinds of media that the others send here. @returns {Promise<string[]>} */
  kinds() {
    return this.page.evaluate(() => {
      const streams = [...document.querySelectorAll('video')].map((video) => /** @type {MediaStream} */ (video.srcObject));
      return [...new Set(streams.flatMap((stream) => stream.getTracks().map((track) => track.kind)))];
    });
  }

  /**
   * Waits until a moving picture of somebody shows these colours, one picture for each, and no others.
   * @param {string} peer
   * @param {import('../judge.mjs').Colour[]} colours
   */
  async sees(peer, colours) {
    await this.page.waitForFunction(showsOf, /** @type {const} */ ([peer, colours]), { timeout: 30_000 }).catch(async (error) => {
      throw new Error(`${this.version} does not see ${peer} in ${colours.join(' and ')}: ${JSON.stringify(await this.events())}`, { cause: error });
    });
  }

  /** Has the next offer of this person cross with one of the node. */
  crossesOffers() {
    return this.page.evaluate(crossOffers);
  }

  /** Starts a recording. @returns {Promise<string>} its id */
  async startsRecording() {
    const before = (await this.events()).length;
    await this.does('startRecording');
    const started = (await this.events()).slice(before).findLast((event) => event.name === 'RECORDING_STATE' && event.state === RECORDING.START);
    assert.ok(started, 'the recording has started');
    return started.recordingId;
  }

  close() {
    return this.page.context().close();
  }
}

/** Somebody at the customer's site. */

import { installDevices } from '../media.mjs';
import { onlyTcp, reachThrough } from './weak_network.mjs';

/** Runs in the page: a moving picture of any size, like a shared window. */
function offerPictures() {
  Object.assign(window, {
    picture(/** @type {number} */ width, /** @type {number} */ height) {
      const canvas = Object.assign(document.createElement('canvas'), { width, height });
      const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
      let step = 0;
      setInterval(() => {
        step += 1;
        drawing.fillStyle = 'rgb(30, 160, 60)';
        drawing.fillRect(0, 0, width, height);
        drawing.fillStyle = 'white';
        drawing.fillRect(((step * 8) % width), height / 2, width / 10, height / 10);
      }, 33);
      return canvas.captureStream(30);
    },
  });
}

/** Runs in the page: offers pictures of one codec before all others. @param {string} mimeType */
function prefer(mimeType) {
  const { setLocalDescription } = RTCPeerConnection.prototype;
  Object.assign(RTCPeerConnection.prototype, {
    /** @this {RTCPeerConnection} @param {...RTCLocalSessionDescriptionInit} description */
    setLocalDescription(...description) {
      const all = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
      const first = all.filter((codec) => codec.mimeType === mimeType);
      const senders = this.getTransceivers().filter(({ sender }) => sender.track?.kind === 'video');
      for (const each of senders) each.setCodecPreferences([...first, ...all.filter((codec) => !first.includes(codec))]);
      return setLocalDescription.apply(this, /** @type {any} */ (description));
    },
  });
}

export class Person {
  /** Use `Person.at`. */
  constructor(/** @type {import('playwright-core').Page} */ page) {
    this.page = page;
  }

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} address of the page
   * @param {import('../media.mjs').Looks} [looks]
   * @param {{ codec?: string, network?: import('./weak_network.mjs').WeakNetwork | 'tcp' }} [more] media type of the pictures; what lies between
   */
  static async at(browser, address, looks, { codec, network } = {}) {
    const context = await browser.newContext();
    if (codec) await context.addInitScript(prefer, codec);
    if (network === 'tcp') await context.addInitScript(onlyTcp);
    else if (network) await context.addInitScript(reachThrough, network.port);
    if (looks) await context.addInitScript(installDevices, looks);
    await context.addInitScript(offerPictures);
    const person = new Person(await context.newPage());
    await person.page.goto(address);
    await person.page.waitForFunction(() => 'session' in window);
    return person;
  }

  /**
   * Has the page call the SDK.
   * @param {string} what @param {...unknown} words
   * @returns {Promise<any>} what the SDK answered; `{ refused, message }` when it refused
   */
  does(what, ...words) {
    return this.page.evaluate(
      async ([what, words]) => {
        try {
          return await /** @type {any} */ (window).session.calls[what](...words);
        } catch (/** @type {any} */ error) {
          return { refused: error.termination_cause ?? error.name, message: error.message };
        }
      },
      /** @type {const} */ ([what, words]),
    );
  }

  /** Waits for an event like this. @param {Record<string, unknown>} like @param {number} [timeout] @returns {Promise<any>} */
  async hears(like, timeout = 30_000) {
    const found = await this.page
      .waitForFunction(
        (like) =>
          /** @type {any} */ (window).session.events.find((/** @type {any} */ event) =>
            Object.entries(like).every(([key, value]) => event[key] === value),
          ),
        like,
        { timeout },
      )
      .catch(async (error) => {
        throw new Error(`no ${JSON.stringify(like)} among ${JSON.stringify(await this.events())}`, { cause: error });
      });
    return found.jsonValue();
  }

  /** @returns {Promise<any[]>} */
  events() {
    return this.page.evaluate(() => /** @type {any} */ (window).session.events);
  }

  /** Waits until what the page shows has run for so many more seconds. @param {number} seconds */
  async watches(seconds) {
    const video = this.page.locator('video');
    const from = await video.evaluate((/** @type {HTMLVideoElement} */ element) => element.currentTime);
    await this.page.waitForFunction((end) => (document.querySelector('video')?.currentTime ?? 0) >= end, from + seconds, {
      timeout: 30_000 + seconds * 1000,
    });
  }

  close() {
    return this.page.context().close();
  }
}

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

/** Runs in the page: this codec cannot be decoded here. @param {string} mimeType */
function withoutDecoder(mimeType) {
  const { setLocalDescription } = RTCPeerConnection.prototype;
  Object.assign(RTCPeerConnection.prototype, {
    /** @this {RTCPeerConnection} @param {...RTCLocalSessionDescriptionInit} description */
    setLocalDescription(...description) {
      const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
      for (const each of this.getTransceivers()) {
        if (each.receiver.track.kind === 'video') each.setCodecPreferences(all.filter((codec) => codec.mimeType !== mimeType));
      }
      return setLocalDescription.apply(this, /** @type {any} */ (description));
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

/** Runs in the page: its sockets can be cut as a network cuts them, while media goes on. */
function cutSockets() {
  /** @type {Set<WebSocket>} */
  const open = new Set();
  let cut = false;
  const { WebSocket } = window;
  Object.assign(window, {
    WebSocket: class extends WebSocket {
      /** @param {string | URL} address @param {string | string[]} [protocols] */
      constructor(address, protocols) {
        // Nobody listens at this port.
        super(cut ? 'ws://127.0.0.1:9' : address, protocols);
        open.add(this);
      }
    },
    sockets: {
      cut() {
        cut = true;
        for (const socket of open) socket.close(4000);
      },
      mend() {
        cut = false;
      },
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
   * @param {{ codec?: string, lacks?: string, network?: import('./weak_network.mjs').WeakNetwork | 'tcp' }} [more] media type of the pictures, and one that cannot be decoded; what lies between
   */
  static async at(browser, address, looks, { codec, lacks, network } = {}) {
    const context = await browser.newContext();
    if (lacks) await context.addInitScript(withoutDecoder, lacks);
    if (codec) await context.addInitScript(prefer, codec);
    if (network === 'tcp') await context.addInitScript(onlyTcp);
    else if (network) await context.addInitScript(reachThrough, network.port);
    if (looks) await context.addInitScript(installDevices, looks);
    await context.addInitScript(offerPictures);
    await context.addInitScript(cutSockets);
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

  /** Waits until what the page shows is so wide. @param {number} width in pixels */
  async sees(width) {
    await this.page.waitForFunction((width) => document.querySelector('video')?.videoWidth === width, width, { timeout: 30_000 });
  }

  /** Cuts the page's sockets, and lets it have no others until it is brought back. */
  async losesSocket() {
    await this.page.evaluate(() => /** @type {any} */ (window).sockets.cut());
  }

  async getsSocketBack() {
    await this.page.evaluate(() => /** @type {any} */ (window).sockets.mend());
  }

  /** Waits until what the page shows has run for so many more seconds. @param {number} seconds */
  async watches(seconds) {
    const from = await this.page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
    await this.page.waitForFunction((end) => (document.querySelector('video')?.currentTime ?? 0) >= end, from + seconds, {
      timeout: 30_000 + seconds * 1000,
    });
  }

  close() {
    return this.page.context().close();
  }
}

import assert from 'node:assert/strict';
import { installDevices } from './media.mjs';
import { rememberConnections } from './pictures.mjs';
import { DELIVERY } from './wait.mjs';

/**
 * @typedef {object} Moment the recording panel changed
 * @property {string} state
 * @property {string} recording
 * @property {number} at milliseconds, on the clock of the page
 */

/** Runs in the page: remembers every change of the recording panel, so that none is missed between two looks. */
function rememberRecordingStates() {
  const moments = /** @type {any[]} */ ([]);
  Object.assign(window, { recordingMoments: moments });
  const look = () => {
    const panel = /** @type {HTMLElement | null} */ (document.querySelector('[data-testid=recording-state]'));
    const { state = '', recording = '' } = panel?.dataset ?? {};
    const last = moments.at(-1);
    if (panel && (last?.state !== state || last?.recording !== recording)) {
      moments.push({ state, recording, at: performance.now() });
    }
  };
  const watch = { subtree: true, childList: true, attributes: true, attributeFilter: ['data-state', 'data-recording'] };
  new MutationObserver(look).observe(document, watch);
}

/** A person in a demo call, who sees and does only what the page offers. */
export class Peer {
  /** Use `Peer.join`. */
  constructor(/** @type {import('playwright-core').Page} */ page) {
    this.page = page;
  }

  /**
   * Opens the link to a call.
   * @param {import('playwright-core').Browser} browser
   * @param {string} link
   * @param {import('./media.mjs').Looks} looks
   */
  static async join(browser, link, looks) {
    const context = await browser.newContext();
    await context.addInitScript(installDevices, looks);
    await context.addInitScript(rememberRecordingStates);
    await context.addInitScript(rememberConnections);
    const peer = new Peer(await context.newPage());
    await peer.page.goto(link);
    await peer.reaches('joined');
    return peer;
  }

  /** Waits for a state of the call. @param {string} state */
  async reaches(state) {
    await this.page.locator(`#demo[data-state=${state}]`).waitFor();
  }

  /** The link this page offers to share. */
  shareLink() {
    return this.page.getByTestId('share-link').inputValue();
  }

  /** Waits until the picture of the only other peer has run for so many more seconds. @param {number} seconds */
  async watches(seconds) {
    await this.page.locator('[data-testid=remote-video]').first().waitFor();
    await this.page.waitForFunction((least) => {
      const video = /** @type {HTMLVideoElement & { watchedFrom?: number } | null} */ (document.querySelector('[data-testid=remote-video]'));
      if (!video || video.videoWidth === 0 || video.currentTime === 0) return false;
      video.watchedFrom ??= video.currentTime;
      if (video.currentTime - video.watchedFrom < least) return false;
      delete video.watchedFrom;
      return true;
    }, seconds);
  }

  /** Presses the button and waits until the call is recorded. @returns {Promise<string>} the recording */
  async startRecording() {
    const before = (await this.#moments()).length;
    await this.page.getByRole('button', { name: 'Start recording' }).click();
    return this.#recordingSince(before);
  }

  /** Waits until somebody has the call recorded. @returns {Promise<string>} the recording */
  seesRecording() {
    return this.#recordingSince(0);
  }

  /** @param {number} position in the moments */
  async #recordingSince(position) {
    const found = await this.page.waitForFunction((from) => {
      const moments = /** @type {any} */ (window).recordingMoments.slice(from);
      return moments.findLast((/** @type {Moment} */ { state }) => state === 'recording')?.recording;
    }, position);
    return /** @type {Promise<string>} */ (found.jsonValue());
  }

  /** Presses the button and waits until the recording has ended. @param {string} recording */
  async stopRecording(recording) {
    await this.page.getByRole('button', { name: 'Stop recording' }).click();
    await this.seesStop(recording);
  }

  /** Waits until the recording has ended. @param {string} recording @param {number} [limit] in milliseconds */
  async seesStop(recording, limit) {
    const ended = (/** @type {string} */ id) =>
      /** @type {any} */ (window).recordingMoments.some((/** @type {Moment} */ moment) => moment.recording === id && moment.state === 'mixing');
    await this.page.waitForFunction(ended, recording, { timeout: limit });
  }

  /** Presses the button although it will not help. @returns {Promise<string | null>} the code of the refusal */
  async isRefusedRecording() {
    await this.page.getByRole('button', { name: 'Start recording' }).click();
    const error = this.page.getByTestId('recording-error');
    await error.waitFor();
    assert.notEqual((await error.innerText()).trim(), '', 'the refusal is explained');
    return error.getAttribute('data-code');
  }

  /** Waits for the link to the finished file. @param {string} recording */
  async receivesLink(recording) {
    const link = this.page.locator(`[data-testid=recording-link][data-recording="${recording}"]`);
    await link.waitFor({ timeout: DELIVERY });
    const address = await link.getAttribute('href');
    assert.ok(address, 'the link leads somewhere');
    return address;
  }

  /** @returns {Promise<Moment[]>} */
  #moments() {
    return this.page.evaluate(() => /** @type {any} */ (window).recordingMoments);
  }

  async leave() {
    await this.page.getByTestId('leave').click();
    await this.reaches('left');
  }

  close() {
    return this.page.context().close();
  }
}

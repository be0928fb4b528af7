/** One running installation with its owner for all tests of a file, and what it logged when one of them fails. */

import { after, before, test } from 'node:test';
import { launchBrowser } from './browser.mjs';
import { Owner } from './owner.mjs';
import { Peer } from './peer.mjs';
import { Stack } from './stack.mjs';
import { DELIVERY } from './wait.mjs';

/** Longest time a test may take, in milliseconds: two deliveries, and what led to them. */
const TEST_TIME = 2 * DELIVERY + 120_000;

export class Installation {
  /** @type {Stack} */ stack = /** @type {any} */ (undefined);
  /** @type {import('playwright-core').Browser} */ browser = /** @type {any} */ (undefined);
  /** @type {Owner} */ owner = /** @type {any} */ (undefined);
  /** The application every installation begins with. */
  demo = '';
  /** Reads recordings. @type {Promise<string> | undefined} */
  #key;

  /**
   * Declares an installation that lives as long as the tests of the file.
   * @param {NodeJS.ProcessEnv} [settings]
   */
  constructor(settings = {}) {
    /** Hooks of a file do not wait for one another; those that need the installation wait for this. */
    this.ready = this.#enter(settings);
    before(() => this.ready);
    after(async () => {
      await this.browser?.close();
      await this.stack?.end();
    });
  }

  /** @param {NodeJS.ProcessEnv} settings */
  async #enter(settings) {
    this.stack = await Stack.start(settings);
    this.browser = await launchBrowser();
    this.owner = await Owner.enter(this.browser, this.stack.address);
    await this.owner.setUp(this.stack.setUpLink ?? '');
    this.demo = await this.owner.applicationId('Demo');
  }

  /** Link to a call of the demo application. @param {string} room */
  call(room) {
    return `${this.stack.address}/demo/${this.demo}?room=${room}`;
  }

  /** @param {string} room @param {import('./media.mjs').Looks} looks */
  join(room, looks) {
    return Peer.join(this.browser, this.call(room), looks);
  }

  /**
   * For how long something was recorded, by the clock of the node: a page that has much to do hears of both ends late.
   * @param {string} recording
   * @returns {Promise<number>} seconds
   */
  async recordedSeconds(recording) {
    this.#key ??= this.owner.makeApiKey(['recordings:read']);
    const headers = { authorization: `Bearer ${await this.#key}` };
    const response = await fetch(`${this.stack.address}/api/v1/recordings/${recording}`, { headers });
    const { startedAt, stoppedAt } = await response.json();
    return (Date.parse(stoppedAt) - Date.parse(startedAt)) / 1000;
  }

  /**
   * Declares a test; pages it opened are closed afterwards.
   * @param {string} name
   * @param {(context: import('node:test').TestContext) => Promise<void>} body
   */
  test(name, body) {
    test(name, { timeout: TEST_TIME }, async (context) => {
      const logged = this.stack.log.length;
      const open = new Set(this.browser.contexts());
      try {
        await body(context);
      } catch (error) {
        console.error(`── log of the installation during “${name}”`, this.stack.log.slice(logged).join('\n'), '──', '\n');
        throw error;
      } finally {
        await Promise.all(this.browser.contexts().filter((made) => !open.has(made)).map((made) => made.close()));
      }
    });
  }
}

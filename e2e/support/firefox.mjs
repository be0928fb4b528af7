/**
 * The system's Firefox, driven over WebDriver BiDi, in as much of the shape of playwright's browsers as people at a
 * customer's page need. Playwright itself drives only a Firefox of its own making.
 */

import { accessSync, constants } from 'node:fs';
import puppeteer from 'puppeteer-core';

const CANDIDATES = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];
const PREFERENCES = {
  // A synthetic camera and microphone for whoever asks.
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  // The node is on this machine.
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
};

/** The system's Firefox, without a window. */
export async function launchFirefox() {
  const executablePath = process.env.FIREFOX ?? CANDIDATES.find(exists);
  return new Firefox(await puppeteer.launch({ browser: 'firefox', executablePath, extraPrefsFirefox: PREFERENCES }));
}

/** @param {string} path */
function exists(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

class Firefox {
  #browser;

  constructor(/** @type {import('puppeteer-core').Browser} */ browser) {
    this.#browser = browser;
  }

  async newContext() {
    return new Context(await this.#browser.createBrowserContext());
  }

  close() {
    return this.#browser.close();
  }
}

class Context {
  #context;
  /** @type {[(argument: any) => void, any][]} */ #scripts = [];

  constructor(/** @type {import('puppeteer-core').BrowserContext} */ context) {
    this.#context = context;
  }

  /** @param {(argument: any) => void} script @param {any} [argument] */
  async addInitScript(script, argument) {
    this.#scripts.push([script, argument]);
  }

  async newPage() {
    const page = await this.#context.newPage();
    for (const [script, argument] of this.#scripts) await page.evaluateOnNewDocument(script, argument);
    return new Page(this, page);
  }

  close() {
    return this.#context.close();
  }
}

class Page {
  #context;
  #page;

  constructor(/** @type {Context} */ context, /** @type {import('puppeteer-core').Page} */ page) {
    this.#context = context;
    this.#page = page;
  }

  context() {
    return this.#context;
  }

  /** @param {string} address */
  async goto(address) {
    await this.#page.goto(address);
  }

  /** @param {(argument: any) => any} look @param {any} [argument] */
  evaluate(look, argument) {
    return this.#page.evaluate(look, argument);
  }

  /** @param {(argument: any) => any} look @param {any} [argument] @param {{ timeout?: number }} [options] */
  waitForFunction(look, argument, { timeout } = {}) {
    return this.#page.waitForFunction(look, { timeout }, argument);
  }
}

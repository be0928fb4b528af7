/** A customer's site that embeds genuine Skylink clients, unmodified as they come from the registry. */

import { build } from 'esbuild';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** @typedef {'0.6.37' | '0.9.3' | '2.7.2' | 'façade'} Version the last is Mixdown's own, in the shape of the first */

/** What a page loads for each version, in order. */
const SCRIPTS = /** @type {Record<Version, string[]>} */ ({
  '0.6.37': ['skylinkjs-0.6.37/publish/skylink.complete.js'],
  '0.9.3': ['socket.io-client-1.4.8/socket.io.js', 'skylinkjs-0.9.3/publish/skylink.complete.js'],
  '2.7.2': ['skylinkjs'],
  façade: [],
});

export class Site {
  #server = createServer((request, response) => this.#answer(request.url ?? '/', response));
  /** @type {Promise<string> | undefined} */ #modern;
  /** Address of Mixdown. */
  mixdown = '';

  static async open() {
    const site = new Site();
    site.#server.listen(0, '127.0.0.1');
    await once(site.#server, 'listening');
    return site;
  }

  get origin() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://localhost:${port}`;
  }

  /** @param {Version} version */
  page(version) {
    return `${this.origin}/${encodeURIComponent(version)}`;
  }

  /** @param {string} path @param {import('node:http').ServerResponse} response */
  async #answer(path, response) {
    const version = /** @type {Version} */ (decodeURIComponent(path.slice(1)));
    if (path.startsWith('/scripts/')) {
      response.setHeader('content-type', 'text/javascript; charset=utf-8');
      response.end(await this.#script(path.slice('/scripts/'.length)));
    } else if (SCRIPTS[version]) {
      const own = version === 'façade' ? [`${this.mixdown}/sdk/skylink.js`] : [];
      const sources = [...SCRIPTS[version].map((script) => `/scripts/${script}`), ...own];
      const scripts = sources.map((source) => `<script src="${source}"></script>`).join('');
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><meta charset="utf-8"><title>${version}</title>${scripts}<main></main>`);
    } else {
      response.writeHead(404).end();
    }
  }

  /** @param {string} name @returns {Promise<string | Buffer>} */
  #script(name) {
    if (name !== 'skylinkjs') return readFile(require.resolve(name));
    this.#modern ??= bundled();
    return this.#modern;
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** 2.x comes as modules, for the customer's own bundler. */
async function bundled() {
  const { outputFiles } = await build({
    entryPoints: [require.resolve('skylinkjs')],
    bundle: true,
    format: 'iife',
    globalName: 'SkylinkModule',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}

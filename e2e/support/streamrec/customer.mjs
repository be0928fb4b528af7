/** A customer with everything it has: backend, site, and where its files go. */

import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { ALICE } from '../media.mjs';
import { Backend } from './backend.mjs';
import { Destination } from './destination.mjs';
import { Person } from './person.mjs';
import { Site } from './site.mjs';

export const READY_FIELDS = [
  'client_id', 'msg', 'rec_id', 'recording_file_duration_ms', 'recording_file_size_bytes', 'recording_first_frame_written_at',
  'recording_first_peerframe_captured_at', 'recording_started_at', 'recording_stopped_at', 'status',
];

export class Customer {
  #here;
  /** @type {Backend} */ backend = /** @type {any} */ (undefined);
  /** @type {Site} */ site = /** @type {any} */ (undefined);
  /** @type {Destination} */ destination = /** @type {any} */ (undefined);

  /** Declares a customer of an installation, who lives as long as the tests of the file. @param {import('../installation.mjs').Installation} here */
  constructor(here) {
    this.#here = here;
    before(async () => {
      await here.ready;
      const key = await here.owner.makeApiKey(['streamrec'], here.demo);
      [this.destination, this.backend, this.site] = await Promise.all([
        Destination.open(), Backend.open(here.stack.address, key), Site.open(here.stack.address),
      ]);
    });
    after(() => {
      for (const each of [this.destination, this.backend, this.site]) each?.close();
    });
  }

  /** Somebody at a page of the site. @param {'client' | 'supervisor' | 'early' | 'scripted'} page @param {Parameters<typeof Person.at>[2]} [looks] @param {Parameters<typeof Person.at>[3]} [more] */
  at(page, looks, more) {
    return Person.at(this.#here.browser, this.site.page(page), looks, more);
  }

  /** A client whose media flows. @param {string} id @param {Parameters<typeof Person.at>[3]} [more] */
  async connected(id, more) {
    const person = await this.at('client', ALICE, more);
    assert.equal(await person.does('connect', id, await this.backend.clientToken(id), this.backend.webhook), undefined);
    await person.hears({ type: 'connected' });
    return person;
  }

  /** Somebody who sees a client's picture. @param {string} id @param {string} client @param {Parameters<typeof Person.at>[3]} [more] */
  async watching(id, client, more) {
    const person = await this.at('supervisor', undefined, more);
    const token = await this.backend.supervisorToken(id, client);
    const seen = await person.does('connect', id, token, client, this.backend.webhook);
    assert.equal(typeof seen, 'number', `${id} sees no picture: ${JSON.stringify(seen)}`);
    return person;
  }

  /** Has a stream recorded to an address. @param {Person} person @param {string} url @returns {Promise<string>} the recording */
  async starts(person, url) {
    const recording = await person.does('startRecording', url, this.backend.webhook);
    assert.match(String(recording), /^[0-9a-f-]{36}$/, JSON.stringify(recording));
    return recording;
  }

  /** Records some seconds to an address. @param {Person} person @param {string} url @param {number} seconds */
  async records(person, url, seconds) {
    const recording = await this.starts(person, url);
    await person.watches(seconds);
    assert.equal(await person.does('stopRecording'), undefined);
    return recording;
  }
}

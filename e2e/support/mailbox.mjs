/** A mail server that keeps what arrives: the one that the Rust tests use too, in Python. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from './wait.mjs';

const REPOSITORY = resolve(fileURLToPath(new URL('../..', import.meta.url)));
const PYTHON = join(REPOSITORY, 'target/aiosmtpd/bin/python');
const PROGRAM = join(REPOSITORY, 'server/domain/tests/smtp_server');
const LOGIN = ['mixdown', 'password of the mail server'];

/** @typedef {{ to: string[], headers: [string, string][], text: string, html: string }} Mail */

export class Mailbox {
  #child;
  #answers;
  #port = 0;

  /** Use `Mailbox.start`. */
  constructor() {
    this.#child = spawn(PYTHON, ['-B', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  static async start() {
    const mailbox = new Mailbox();
    mailbox.#port = (await mailbox.#ask('open_port', { security: 'none', login: LOGIN })).port;
    return mailbox;
  }

  /** How an installation reaches it. */
  get settings() {
    return {
      MIXDOWN_SMTP_HOST: 'localhost',
      MIXDOWN_SMTP_PORT: String(this.#port),
      MIXDOWN_SMTP_SECURITY: 'none',
      MIXDOWN_SMTP_USER: LOGIN[0],
      MIXDOWN_SMTP_PASSWORD: LOGIN[1],
      MIXDOWN_SMTP_FROM: 'Mixdown <mixdown@example.com>',
    };
  }

  /** @param {string} command @param {object} values */
  async #ask(command, values) {
    this.#child.stdin.write(`${JSON.stringify([command, values])}\n`);
    const { value } = await this.#answers.next();
    const { done, problem } = JSON.parse(value);
    assert.equal(problem, undefined, command);
    return done;
  }

  /**
   * Waits for a mail.
   * @param {string} recipient
   * @param {RegExp} subject
   * @returns {Promise<string>} the first link in it
   */
  async link(recipient, subject) {
    const mail = await eventually(`a mail “${subject}” to ${recipient}`, async () => {
      /** @type {Mail[]} */
      const mails = await this.#ask('mails', { port: this.#port });
      return mails.findLast(({ to, headers }) => to.includes(recipient) && headers.some(([name, value]) => name === 'Subject' && subject.test(value)));
    });
    const link = /https?:\/\/\S+/.exec(mail.text)?.[0];
    assert.ok(link, mail.text);
    return link;
  }

  end() {
    this.#child.stdin.end();
  }
}

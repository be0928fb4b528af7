import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { fetchFootage } from '../support/delivery.mjs';
import { expectParticipant, expectSoundFile } from '../support/expect.mjs';
import { Installation } from '../support/installation.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { Caller } from '../support/caller.mjs';

const here = new Installation();
const LARGEST_MESSAGE = 256 * 1024;

/** A program that speaks to the front doors directly. */
async function caller() {
  const context = await here.browser.newContext({ bypassCSP: true });
  return new Caller(here.stack.address, await context.newPage(), await here.owner.appKey(here.demo));
}

here.test('bad joins get a code and an explanation', async () => {
  const stranger = await caller();
  const { appKey } = stranger;
  const unknown = appKey.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  const cases = /** @type {const} */ ([
    [{ appKey: unknown, room: 'a' }, 404, 'unknown_app_key'],
    [{ appKey: 'key_', room: 'a' }, 404, 'unknown_app_key'],
    [{ appKey, room: '' }, 400, 'invalid_body'],
    [{ appKey, room: 'x'.repeat(129) }, 400, 'invalid_body'],
    [{ appKey, room: 'a', name: '\u0000' }, 400, 'invalid_body'],
    [{ appKey }, 400, 'invalid_body'],
    [[], 400, 'invalid_body'],
  ]);
  for (const [body, status, code] of cases) {
    const { answer, problem } = await stranger.asksToJoin(JSON.stringify(body));
    assert.deepEqual([answer, problem.code], [status, code], JSON.stringify(body));
    assert.ok(problem.detail ?? problem.title, 'an explanation');
  }
  const broken = await stranger.asksToJoin('{"appKey":');
  assert.deepEqual([broken.answer, broken.problem.code], [400, 'invalid_body']);
  const huge = await stranger.asksToJoin(JSON.stringify({ appKey, room: 'a', name: 'x'.repeat(3_000_000) }));
  assert.ok([400, 413].includes(huge.answer), String(huge.answer));
});

here.test('pages of foreign origins are turned away at both doors', async () => {
  const stranger = await caller();
  const { appKey } = stranger;
  await here.owner.setOrigins(here.demo, ['https://shop.example']);
  const refused = await stranger.asksToJoin(JSON.stringify({ appKey, room: 'origins' }), { origin: 'https://evil.example' });
  assert.deepEqual([refused.answer, refused.problem.code], [403, 'origin_not_allowed']);
  assert.equal((await stranger.asksToJoin(JSON.stringify({ appKey, room: 'origins' }), { origin: 'https://shop.example' })).answer, 200);
  // A program got the token; the page that uses it says its own origin.
  const grant = await stranger.joins('origins');
  const messages = await stranger.talks(grant.signalingUrl, stranger.hello(grant.token));
  assert.deepEqual(messages.map(({ type, code, fatal }) => [type, code, fatal]), [['error', 'origin_not_allowed', true]]);
  await here.owner.setOrigins(here.demo, []);
  assert.equal((await stranger.asksToJoin(JSON.stringify({ appKey, room: 'origins' }), { origin: 'https://evil.example' })).answer, 200);
});

here.test('hostile clients hear why they are refused, and a recorded call beside them is unharmed', async () => {
  const [alice, bob] = await Promise.all([here.join('calm', ALICE), here.join('calm', BOB)]);
  await Promise.all([alice.watches(0.5), bob.watches(0.5)]);
  const recording = await alice.startRecording();
  const stranger = await caller();

  /** Says what is given after a right hello in the same room; what the node answers with. */
  const says = async (/** @type {string[]} */ ...texts) => {
    const { token, signalingUrl } = await stranger.joins('calm');
    const [welcome, ...rest] = await stranger.talks(signalingUrl, stranger.hello(token), texts);
    assert.equal(welcome?.type, 'welcome');
    return rest.filter(({ type }) => type === 'error').map(({ code, message }) => (message ? code : 'no explanation'));
  };
  const garbage = (/** @type {string} */ sdp) => JSON.stringify({ type: 'offer', sdp });
  assert.deepEqual(await says('{'), ['malformed_message']);
  assert.deepEqual(await says('{"type":"nope"}'), ['malformed_message']);
  assert.deepEqual(await says(`"${'x'.repeat(LARGEST_MESSAGE)}"`), ['message_too_large']);
  assert.deepEqual(await says(garbage('v=0\r\ngarbage')), ['invalid_description']);
  assert.deepEqual(await says(garbage(`v=0\r\n${'m=video 9 UDP/TLS/RTP/SAVPF 96\r\n'.repeat(2000)}`)), ['invalid_description']);
  assert.deepEqual(await says(...Array(200).fill('{"type":"startRecording"}')).then((codes) => codes.at(-1)), 'too_many_messages');

  const { token, signalingUrl } = await stranger.joins('calm');
  const first = async (/** @type {string} */ text) => {
    const messages = await stranger.talks(signalingUrl, text);
    return messages.map(({ type, code, fatal }) => [type, code, fatal]);
  };
  const [head, claims, signature] = token.split('.');
  const other = Buffer.from(Buffer.from(claims, 'base64url').toString().replace('"calm"', '"other"')).toString('base64url');
  assert.notEqual(other, claims);
  assert.deepEqual(await first(stranger.hello([head, other, signature].join('.'))), [['error', 'invalid_token', true]]);
  assert.deepEqual(await first(stranger.hello('')), [['error', 'invalid_token', true]]);
  assert.deepEqual(await first('{"type":"startRecording"}'), [['error', 'hello_expected', true]]);
  assert.deepEqual(await first(JSON.stringify({ type: 'hello', protocol: 99, token })), [['error', 'unsupported_protocol', true]]);

  const socket = createSocket('udp4');
  for (let count = 0; count < 500; count++) {
    const datagram = randomBytes(1 + (count * 7) % 1400);
    // First bytes of STUN, DTLS and RTP, and anything.
    datagram[0] = [0, 22, 128, datagram[0]][count % 4];
    await new Promise((sent) => socket.send(datagram, here.stack.ports.udp, '127.0.0.1', () => sent(null)));
  }
  socket.close();

  await alice.watches(2);
  await alice.stopRecording(recording);
  const footage = await fetchFootage(await bob.receivesLink(recording));
  expectSoundFile(footage, await here.recordedSeconds(recording));
  for (const looks of [ALICE, BOB]) expectParticipant(footage, looks);
});

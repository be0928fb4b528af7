import assert from 'node:assert/strict';
import { Installation } from '../support/installation.mjs';
import { ALICE } from '../support/media.mjs';
import { Customer } from '../support/streamrec/customer.mjs';
import { footageOf } from '../support/streamrec/destination.mjs';
import { WeakNetwork } from '../support/streamrec/weak_network.mjs';

const here = new Installation();
const customer = new Customer(here);

/** Stops a recording as a program does. @param {string} recording */
async function stopByApi(recording) {
  const authorization = `Bearer ${await here.owner.makeApiKey(['recordings:write'], here.demo)}`;
  const id = `rec_${recording.replaceAll('-', '')}`;
  const { status } = await fetch(`${here.stack.address}/api/v1/recordings/${id}/stop`, { method: 'POST', headers: { authorization } });
  assert.ok(status < 300, `${status}`);
}

here.test('destinations that refuse, fail, hang and close are treated as they deserve', async () => {
  const person = await customer.connected('c-faults');
  const refused = await customer.records(person, customer.destination.url('refused.webm', [403]), 1);
  const recovering = await customer.records(person, customer.destination.url('recovers.webm', [500, 'close', 200]), 1);
  const failed = await customer.backend.hears('upload_failed', 'c-faults');
  assert.deepEqual([failed.rec_id, failed.upload_status_code], [refused, 403]);
  assert.equal(customer.destination.puts.filter(({ path }) => path === '/refused.webm').length, 1, 'a refusal is not tried again');
  const ready = await customer.backend.hears('upload_ready', 'c-faults');
  assert.equal(ready.rec_id, recovering);
  const whole = await customer.destination.received('recovers.webm', 3);
  assert.equal((await footageOf(whole)).complaints, '');
  await person.does('disconnect');
});

here.test('a destination that hangs holds up neither the session nor the next recording', async () => {
  const person = await customer.connected('c-hangs');
  await customer.records(person, customer.destination.url('hangs.webm', ['hang']), 1);
  const next = await customer.records(person, customer.destination.url('next.webm'), 1);
  await customer.destination.received('hangs.webm');
  const ready = await customer.backend.hears('upload_ready', 'c-hangs');
  assert.equal(ready.rec_id, next);
  await person.does('disconnect');
});

here.test('a file that its address refused goes to another one that is named later', async () => {
  const person = await customer.connected('c-late');
  const recording = await customer.records(person, customer.destination.url('late-refused.webm', [403]), 2);
  await customer.backend.hears('upload_failed', 'c-late');
  const { backend, destination } = customer;
  assert.equal(await backend.replaceAddress(recording, destination.url('late.webm'), await backend.clientToken('c-late')), 204);
  assert.equal((await footageOf(await customer.destination.received('late.webm'))).complaints, '');
  assert.equal((await customer.backend.hears('upload_ready', 'c-late')).rec_id, recording);
  await person.does('disconnect');
});

here.test('a private address is refused before anything is recorded', async () => {
  const person = await customer.connected('c-private');
  const answer = await person.does('startRecording', 'https://10.1.2.3/file.webm', customer.backend.webhook);
  assert.match(answer.message, /public https address/);
  assert.match((await person.does('stopRecording')).message, /Nothing is being recorded/);
  await person.does('disconnect');
});

here.test('a second session of a client is refused, and the first is unharmed', async () => {
  const first = await customer.connected('c-twice');
  const second = await customer.at('client', ALICE);
  const answer = await second.does('connect', 'c-twice', await customer.backend.clientToken('c-twice'));
  assert.equal(answer.refused, 'TWO_TIMER');
  await customer.records(first, customer.destination.url('twice.webm'), 1);
  await customer.backend.hears('upload_ready', 'c-twice');
  await first.does('disconnect');
});

here.test('three supervisors see the picture, a fourth is refused, and all hear of the end', async () => {
  const idle = await customer.backend.asks('/api/v2/supervisor_session', { client_id: 's-0', client_id_to_monitor: 'c-watched' }, {
    authorization: `Bearer ${await customer.backend.supervisorToken('s-0', 'c-watched')}`,
  });
  assert.deepEqual([idle.status, idle.answer.termination_cause], [404, 'NO_ACTIVE_AGENT']);

  const client = await customer.connected('c-watched');
  const supervisors = [];
  for (const id of ['s-1', 's-2', 's-3']) {
    const supervisor = await customer.at('supervisor');
    const token = await customer.backend.supervisorToken(id, 'c-watched');
    const words = id === 's-2' ? ['c-watched', token] : [token, 'c-watched'];
    const seen = await supervisor.does('connect', id, ...words, customer.backend.webhook);
    assert.equal(typeof seen, 'number', `${id} sees no picture: ${JSON.stringify(seen)}`);
    supervisors.push(supervisor);
  }
  const fourth = await customer.at('supervisor');
  const answer = await fourth.does('connect', 's-4', await customer.backend.supervisorToken('s-4', 'c-watched'), 'c-watched');
  assert.equal(answer.refused, 'MAX_SUPERVISORS_PER_AGENT');

  await client.does('disconnect');
  for (const [index, supervisor] of supervisors.entries()) {
    await supervisor.hears({ type: 'disconnected', termination_cause: 'AGENT_SESSION_TERM' });
    const finished = await customer.backend.hears('supervisor_session_finished', `s-${index + 1}`);
    assert.equal(finished.termination_cause, 'AGENT_SESSION_TERM');
  }
});

here.test('a socket that is lost for a while costs neither the recording nor its news', async () => {
  const person = await customer.connected('c-socket');
  const recording = await customer.starts(person, customer.destination.url('socket.webm'));
  await person.watches(2);
  await person.losesSocket();
  await person.watches(4);
  const stopping = person.does('stopRecording');
  await person.getsSocketBack();
  assert.equal(await stopping, undefined, 'what was said meanwhile is heard');
  await person.hears({ type: 'recording_state', state: 'UPLOADED', rec_id: recording });
  const footage = await footageOf(await customer.destination.received('socket.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 5 && footage.toneShare(ALICE.tone) > 0.95, `${footage.duration} s without a gap`);

  const second = await customer.starts(person, customer.destination.url('socket-2.webm'));
  await person.losesSocket();
  await stopByApi(second);
  await customer.destination.received('socket-2.webm');
  await person.getsSocketBack();
  await person.hears({ type: 'recording_state', state: 'UPLOADED', rec_id: second });
  await customer.records(person, customer.destination.url('socket-3.webm'), 1);
  await person.does('disconnect');
});

here.test('Recording switched off during a recording ends and delivers it, and then there is none', async () => {
  const person = await customer.connected('c-off');
  const recording = await customer.starts(person, customer.destination.url('off.webm'));
  await person.watches(2);
  await here.owner.turn(here.demo, 'Recording', false);
  await person.hears({ type: 'recording_state', state: 'UPLOADED', rec_id: recording });
  assert.equal((await footageOf(await customer.destination.received('off.webm'))).complaints, '');
  await customer.backend.hears('upload_ready', 'c-off');
  const refused = await person.does('startRecording', customer.destination.url('never.webm'), customer.backend.webhook);
  assert.match(refused.message, /switched off/);
  await person.does('disconnect');
  const next = await customer.at('client', ALICE);
  assert.match((await next.does('connect', 'c-off', await customer.backend.clientToken('c-off'))).message, /switched off/);
  await here.owner.turn(here.demo, 'Recording', true);
});

here.test('the console shows sessions with their recordings, and what became of their webhooks', async () => {
  const person = await customer.connected('c-shown');
  await customer.records(person, customer.destination.url('shown.webm', [403]), 1);
  await customer.backend.hears('upload_failed', 'c-shown');
  const { page } = here.owner;
  await page.goto(`/applications/${here.demo}`);
  const card = page.locator('#streamrec');
  const session = card.locator('[data-session]').filter({ hasText: 'c-shown' });
  assert.match(await session.innerText(), /Active[\s\S]*Not taken[\s\S]*Stream 1 to 127\.0\.0\.1[\s\S]*answered 403/);
  const row = page.locator('#recordings [data-recording]').filter({ hasText: 'c-shown' });
  assert.match(await row.innerText(), /StreamRec, stream 1 to 127\.0\.0\.1/);
  await card.getByText('How to use it').click();
  await card.getByText('sdk/streamrec.js').first().waitFor();

  await card.getByRole('link', { name: 'All sessions' }).click();
  await page.locator('#sessions [data-session]').filter({ hasText: 'c-shown' }).waitFor();
  await page.locator('#webhooks').getByRole('link', { name: customer.backend.webhook }).click();
  await page.locator('#log tr').filter({ hasText: 'upload_failed' }).filter({ hasText: 'Delivered' }).first().waitFor();
  await person.does('disconnect');
});

here.test('what cannot be negotiated and what stops coming ends with its cause', async () => {
  const { answer } = await customer.backend.asks('/api/v2/session', { client_id: 'c-garbage' }, {
    authorization: `Bearer ${await customer.backend.clientToken('c-garbage')}`,
  });
  const person = await customer.at('client', ALICE);
  const cause = await person.page.evaluate(
    ([address, token, session]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(`${address.replace(/^http/, 'ws')}?auth_token=${token}`);
        const message = (/** @type {string} */ type, /** @type {object} */ data) => JSON.stringify({ type, client_id: 'c-garbage', session_id: session, data });
        socket.onopen = () => {
          socket.send(message('weather', {}));
          socket.send(message('candidate', { candidate: null }));
          socket.send(message('session_start', { sdp: { type: 'offer', sdp: 'v=0 rubbish' } }));
        };
        socket.onmessage = ({ data }) => resolve(JSON.parse(data).data.termination_cause);
        socket.onclose = () => resolve('closed');
      }),
    [answer.ws_endpoint, await customer.backend.clientToken('c-garbage'), answer.session_id],
  );
  assert.equal(cause, 'SDP_ERROR');
});

here.test('a session whose media stops ends by itself, and what it recorded is delivered', async () => {
  const person = await customer.connected('c-silent');
  await person.does('startRecording', customer.destination.url('silent.webm'), customer.backend.webhook);
  await person.watches(1);
  await person.does('stopMedia');
  await person.hears({ type: 'disconnected', termination_cause: 'NO_PACKET_RECEIVED' }, 60_000);
  assert.equal((await footageOf(await customer.destination.received('silent.webm'))).complaints, '');
});

here.test('a client whose network goes away ends with its cause, and what it recorded is delivered', async () => {
  const network = await WeakNetwork.open(here.stack.ports.udp, { loss: 0, kilobits: 10_000 });
  const person = await customer.connected('c-away', { network });
  await customer.starts(person, customer.destination.url('away.webm'));
  await person.watches(3);
  network.close();
  await person.hears({ type: 'disconnected', termination_cause: 'PEERCONN_FAILED' }, 60_000);
  const footage = await footageOf(await customer.destination.received('away.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 2 && footage.tileOf(ALICE.colour), `${footage.duration} s`);
  assert.equal((await customer.backend.hears('session_finished', 'c-away')).termination_cause, 'PEERCONN_FAILED');
});

here.test('an orderly end of the node delivers what is being recorded', async () => {
  const person = await customer.connected('c-stop');
  await person.does('startRecording', customer.destination.url('stop.webm'), customer.backend.webhook);
  await person.watches(3);
  await here.stack.restart();
  await person.hears({ type: 'disconnected', termination_cause: 'SERVICE_SHUTDOWN' });
  const footage = await footageOf(await customer.destination.received('stop.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 2, `${footage.duration} s`);
  await customer.backend.hears('upload_ready', 'c-stop');
});

here.test('a killed node delivers what it had', async () => {
  const person = await customer.connected('c-crash');
  await person.does('startRecording', customer.destination.url('crash.webm'), customer.backend.webhook);
  await person.watches(4);
  await here.stack.crashMedia();
  const footage = await footageOf(await customer.destination.received('crash.webm'));
  assert.equal(footage.complaints, '');
  assert.ok(footage.duration > 2, `${footage.duration} s`);
  await customer.backend.hears('upload_ready', 'c-crash');
});

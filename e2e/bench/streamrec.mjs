/**
 * Prints how long StreamRec's clients and supervisors wait: from a supervisor's call to its first picture, and from the
 * end of a recording of one minute to the word that its file has arrived. Everything on this machine.
 */

import { launchBrowser } from '../support/browser.mjs';
import { ALICE } from '../support/media.mjs';
import { Owner } from '../support/owner.mjs';
import { Stack } from '../support/stack.mjs';
import { Backend } from '../support/streamrec/backend.mjs';
import { Destination } from '../support/streamrec/destination.mjs';
import { Person } from '../support/streamrec/person.mjs';
import { Site } from '../support/streamrec/site.mjs';

const VIEWS = 20;
const VIEW_MUST = 700;
const SECONDS = 60;

const [stack, browser, destination] = await Promise.all([Stack.start({ RUST_LOG: 'warn' }), launchBrowser(), Destination.open()]);
const site = await Site.open(stack.address);
/** @type {Backend | undefined} */
let backend;
try {
  const owner = await Owner.enter(browser, stack.address);
  await owner.setUp(stack.setUpLink ?? '');
  backend = await Backend.open(stack.address, await owner.makeApiKey(['streamrec'], await owner.applicationId('Demo')));
  const client = await Person.at(browser, site.page('client'), ALICE);
  await client.does('connect', 'bench', await backend.clientToken('bench'));
  await client.does('startRecording', destination.url('bench.webm'), backend.webhook);
  const recorded = client.watches(SECONDS);

  const times = [];
  for (let view = 0; view < VIEWS; view += 1) {
    const supervisor = await Person.at(browser, site.page('supervisor'));
    times.push(await supervisor.does('connect', `view-${view}`, await backend.supervisorToken(`view-${view}`, 'bench'), 'bench'));
    await supervisor.does('disconnect');
    await supervisor.hears({ type: 'disconnected' });
    await supervisor.close();
  }
  times.sort((a, b) => a - b);
  const [median, p95] = [0.5, 0.95].map((share) => times[Math.ceil(share * VIEWS) - 1].toFixed(0));
  console.log(`supervisor's first picture, ${VIEWS} times: median ${median} ms, p95 ${p95} ms (must ${VIEW_MUST})`);

  await recorded;
  const stopped = performance.now();
  await client.does('stopRecording');
  const ready = await backend.hears('upload_ready', 'bench');
  const waited = (performance.now() - stopped).toFixed(0);
  console.log(`stop to upload_ready: ${waited} ms for ${ready.recording_file_duration_ms} ms, ${ready.recording_file_size_bytes} bytes`);
} finally {
  for (const each of [site, destination, backend]) each?.close();
  await browser.close();
  await stack.end();
}

/**
 * Prints what it costs to take one stream of a client and record it as it is, beside Janus, which gets the same tracks
 * from the same page at the same time.
 */

import { readFile } from 'node:fs/promises';
import { launchBrowser } from '../support/browser.mjs';
import { ALICE } from '../support/media.mjs';
import { Owner } from '../support/owner.mjs';
import { Stack } from '../support/stack.mjs';
import { Backend } from '../support/streamrec/backend.mjs';
import { Destination } from '../support/streamrec/destination.mjs';
import { Person } from '../support/streamrec/person.mjs';
import { Site } from '../support/streamrec/site.mjs';
import { Janus } from './support/janus.mjs';

const KILOBITS = 1500;
/** Until both have found what the way to them carries. */
const WARM_UP = 20;
const SECONDS = 60;
/** Clock ticks per second in /proc (USER_HZ). */
const TICKS = 100;

/** CPU seconds of a process so far. @param {number} pid */
async function cpu(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Megabytes that a process has in memory. @param {number} pid */
async function memory(pid) {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

const [stack, browser, destination, janus] = await Promise.all([
  Stack.start({ RUST_LOG: 'warn' }), launchBrowser(), Destination.open(), Janus.start(KILOBITS),
]);
const site = await Site.open(stack.address);
/** @type {Backend | undefined} */
let backend;
try {
  if (!janus) console.log('Janus is not installed, so nothing stands beside: `apt-get install janus janus-tools`.');
  const owner = await Owner.enter(browser, stack.address);
  await owner.setUp(stack.setUpLink ?? '');
  backend = await Backend.open(stack.address, await owner.makeApiKey(['streamrec'], await owner.applicationId('Demo')));
  const own = Number(await stack.mediaProcess());
  const pids = janus ? [own, janus.pid] : [own];
  const empty = await Promise.all(pids.map(memory));

  const client = await Person.at(browser, site.page('client'), { ...ALICE, grain: true });
  await client.does('setOptionMaxBitrate', KILOBITS);
  await client.does('connect', 'bench', await backend.clientToken('bench'));
  await client.does('startRecording', destination.url('bench.webm'), backend.webhook);
  await janus?.records(client.page, KILOBITS);
  await client.watches(WARM_UP);
  const before = await Promise.all(pids.map(cpu));
  await client.watches(SECONDS);
  const used = (await Promise.all(pids.map(cpu))).map((seconds, index) => seconds - before[index]);
  const grown = (await Promise.all(pids.map(memory))).map((megabytes, index) => megabytes - empty[index]);
  const captured = await cpu(own);
  await client.does('stopRecording');
  const ready = await backend.hears('upload_ready', 'bench');
  const made = [(await cpu(own)) - captured];
  if (janus) made.push(await janus.makesFiles(client.page));

  const rate = (ready.recording_file_size_bytes * 8) / ready.recording_file_duration_ms;
  console.log(`one stream for ${SECONDS} s, ${rate.toFixed(0)} kbit/s in the file`);
  for (const [index, name] of ['Mixdown', 'Janus'].slice(0, pids.length).entries()) {
    const share = ((used[index] * 100) / SECONDS).toFixed(2);
    console.log(`${name.padEnd(8)} relay and capture ${share} % of a core, ${grown[index].toFixed(1)} MB more; making the file ${made[index].toFixed(2)} CPU s`);
  }
  if (janus) console.log(`Mixdown beside Janus: CPU ${(used[0] / used[1]).toFixed(2)}×, memory ${(grown[0] / grown[1]).toFixed(2)}×`);
  console.log('must: 2 % of a core and 10 MB per stream; bench_relay says what one costs among many');
} finally {
  for (const each of [site, destination, backend]) each?.close();
  await browser.close();
  await Promise.all([stack.end(), janus?.end()]);
}

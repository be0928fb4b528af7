/**
 * Prints how long genuine Skylink clients take from joining to the first picture of somebody else: all of it, the room
 * server's answer, camera, signaling, connection and keyframe. Synthetic cameras, everything on this machine.
 */

import { launchBrowser } from '../support/browser.mjs';
import { ALICE, BOB } from '../support/media.mjs';
import { Owner } from '../support/owner.mjs';
import { SkylinkPerson } from '../support/skylink/person.mjs';
import { Site } from '../support/skylink/site.mjs';
import { Stack } from '../support/stack.mjs';

const JOINS = 20;
const MUST = 1500;

const [stack, browser, site] = await Promise.all([Stack.start({ RUST_LOG: 'warn' }), launchBrowser(), Site.open()]);
try {
  const owner = await Owner.enter(browser, stack.address);
  await owner.setUp(stack.setUpLink ?? '');
  const appKey = await owner.appKey(await owner.applicationId('Demo'));
  for (const version of /** @type {const} */ (['2.7.2', '0.9.3'])) {
    const setting = { server: stack.address, appKey, room: `bench ${version}` };
    await SkylinkPerson.join(browser, site, version, { ...setting, looks: ALICE });
    const times = [];
    for (let join = 0; join < JOINS; join++) {
      const bob = await SkylinkPerson.arrive(browser, site, version, { ...setting, looks: BOB });
      const began = await bob.page.evaluate(() => performance.now());
      await bob.does('join');
      times.push((await bob.hears('FIRST_FRAME')).at - began);
      await bob.close();
    }
    times.sort((a, b) => a - b);
    const [median, p95] = [0.5, 0.95].map((share) => times[Math.ceil(share * JOINS) - 1].toFixed(0));
    console.log(`SkylinkJS ${version}, ${JOINS} joins: median ${median} ms, p95 ${p95} ms (must ${MUST})`);
  }
} finally {
  site.close();
  await browser.close();
  await stack.end();
}

import assert from 'node:assert/strict';
import { Installation } from '../support/installation.mjs';
import { EMAIL, Owner } from '../support/owner.mjs';

/** The owner of every installation works without JavaScript; that the set-up worked is part of what is tested. */
const here = new Installation();

here.test('without JavaScript: sign out and in, make an application, switch it', async () => {
  const owner = here.owner;
  const { page } = owner;
  await page.goto('/applications');
  await page.getByText(EMAIL).waitFor();
  await owner.signOut();
  await page.goto('/applications');
  await page.waitForURL('**/sign-in');

  await owner.signIn('not the password at all');
  await page.getByRole('alert').waitFor();
  assert.match(page.url(), /\/sign-in/);
  await owner.signIn();
  await page.waitForURL('**/applications');

  await page.getByLabel('Name').fill('Support calls');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.waitForURL('**/applications/app_*');
  await page.getByRole('heading', { name: 'Support calls' }).waitFor();
  const made = await owner.applicationId('Support calls');
  assert.match(await owner.appKey(made), /^key_/);
  await owner.turn(made, 'Recording', true);
  await owner.turn(made, 'Media Relay', false);
  assert.equal(await page.getByRole('switch', { name: 'Recording' }).getAttribute('aria-checked'), 'false');
  await owner.turn(made, 'Media Relay', true);
});

here.test('the set-up link works once', async () => {
  const stranger = await Owner.enter(here.browser, here.stack.address);
  await stranger.page.goto(here.stack.setUpLink ?? '');
  await stranger.page.getByText('expired or has been used').waitFor();
});

here.test('with JavaScript: sign in, make an application, switch it', async () => {
  const owner = await Owner.enter(here.browser, here.stack.address, { scripts: true });
  const { page } = owner;
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await owner.signIn();
  await page.waitForURL('**/applications');
  await page.getByLabel('Name').fill('Hydrated');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.waitForURL('**/applications/app_*');
  await page.getByRole('button', { name: 'Copy' }).first().waitFor();
  await page.getByRole('switch', { name: 'Recording' }).click();
  await page.locator('[role=switch][aria-labelledby=recording-label][aria-checked=true]').waitFor();
  await page.reload();
  await page.locator('[role=switch][aria-labelledby=recording-label][aria-checked=true]').waitFor();
  assert.deepEqual(problems, []);
});

here.test('a second start finds everything again', async () => {
  await here.stack.restart();
  assert.equal(here.stack.setUpLink, undefined, 'no set-up link once there is an owner');
  const visitor = await Owner.enter(here.browser, here.stack.address);
  await visitor.signIn();
  await visitor.page.waitForURL('**/applications');
  assert.equal(await visitor.applicationId('Demo'), here.demo);
});

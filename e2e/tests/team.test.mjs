import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Installation } from '../support/installation.mjs';
import { Mailbox } from '../support/mailbox.mjs';
import { EMAIL, Owner } from '../support/owner.mjs';

const BEN = 'ben@example.com';
const FIRST = 'seven purple anvils';
const SECOND = 'eleven sleepy herons';

const mailbox = await Mailbox.start();
after(() => mailbox.end());
/** Mails leave by a real mail server; nobody needs JavaScript. */
const here = new Installation(mailbox.settings);

/** @param {import('playwright-core').Page} page @param {string} password @param {string} button */
async function choosePassword(page, password, button) {
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(password);
  await page.getByRole('button', { name: button }).click();
}

/** @param {import('playwright-core').Page} page @param {string} email @param {string} password */
async function signIn(page, email, password) {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

here.test('somebody is invited, joins, and signs in again with a new password', async () => {
  const { page } = here.owner;
  await page.goto('/account/team');
  const invite = page.locator('#invite');
  await invite.getByLabel('E-mail').fill(BEN);
  await invite.getByLabel('Role').selectOption('viewer');
  await invite.getByRole('button', { name: 'Send the invitation' }).click();
  await page.getByText('The invitation is on its way.').waitFor();

  const ben = (await Owner.enter(here.browser, here.stack.address)).page;
  await ben.goto(await mailbox.link(BEN, /^Invitation to/));
  await choosePassword(ben, FIRST, 'Join');
  await ben.waitForURL('**/applications');
  await ben.goto('/account/team');
  await ben.locator('#members').getByText(EMAIL).waitFor();
  assert.equal(await ben.locator('#invite').count(), 0, 'a viewer invites nobody');

  const elsewhere = (await Owner.enter(here.browser, here.stack.address)).page;
  await elsewhere.goto('/sign-in');
  await elsewhere.getByRole('link', { name: 'Forgot the password?' }).click();
  await elsewhere.getByLabel('E-mail').fill(BEN);
  await elsewhere.getByRole('button', { name: 'Send the link' }).click();
  await elsewhere.getByText('a link is on its way').waitFor();
  await elsewhere.goto(await mailbox.link(BEN, /^A new password$/));
  await choosePassword(elsewhere, SECOND, 'Set the password');
  await elsewhere.getByText('The new password is set').waitFor();

  await ben.goto('/applications');
  await ben.waitForURL('**/sign-in');
  await signIn(ben, BEN, FIRST);
  await ben.getByRole('alert').waitFor();
  await signIn(ben, BEN, SECOND);
  await ben.waitForURL('**/applications');
});

here.test('the owner confirms the address, and the outbox shows what was sent', async () => {
  const { page } = here.owner;
  await page.goto(await mailbox.link(EMAIL, /^Confirm your address$/));
  await page.getByRole('button', { name: 'Confirm the address' }).click();
  await page.getByText('The address is confirmed.').waitFor();
  await page.goto('/account/outbox');
  const sent = page.locator('.mail').filter({ hasText: 'Invitation to' });
  await sent.getByText('Sent', { exact: true }).waitFor();
  await sent.locator('summary').click();
  await sent.getByText('It has a link that only its reader may see.').waitFor();
});

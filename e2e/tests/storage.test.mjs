import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Installation } from '../support/installation.mjs';
import { Owner } from '../support/owner.mjs';

/** The store that runs inside Mixdown stands for a customer's own: it speaks S3 and knows its keys. */
const here = new Installation();
const SECRET = 'not-the-secret-of-anybody';

/** @returns {Promise<{ accessKey: string, secret: string }>} */
async function storeKeys() {
  return JSON.parse(await readFile(join(here.stack.dataDirectory, 'keys/store.json'), 'utf8'));
}

/**
 * Fills in the form for an S3-compatible store.
 * @param {import('playwright-core').Page} page
 * @param {{ bucket?: string, secret?: string, name?: string }} [values]
 */
async function fillIn(page, { bucket = 'recordings', secret = SECRET, name = 'Elsewhere' } = {}) {
  const { accessKey } = await storeKeys();
  await page.getByLabel('Endpoint').fill(`http://127.0.0.1:${here.stack.ports.store}`);
  await page.getByLabel('Bucket', { exact: true }).fill(bucket);
  await page.getByLabel('Region').fill('us-east-1');
  await page.getByLabel('Prefix').fill('calls');
  await page.getByLabel('Access key ID').fill(accessKey);
  await page.getByLabel('Secret access key').fill(secret);
  await page.getByLabel('Name', { exact: true }).fill(name);
}

here.test('without JavaScript: add a store with a wrong secret, read what to do, repair it, use it', async () => {
  const { page } = here.owner;
  await page.goto('/account/recordings');
  await page.locator('#primary').getByText('Working').waitFor();
  await page.getByRole('link', { name: 'Add storage' }).click();
  await page.getByRole('link', { name: 'S3-compatible store' }).click();

  await fillIn(page, { bucket: 'Not A Bucket' });
  await page.getByRole('button', { name: 'Add and check' }).click();
  await page.locator('#bucket[aria-invalid=true]').waitFor();
  assert.equal(await page.getByLabel('Prefix').inputValue(), 'calls');
  assert.equal(await page.getByLabel('Secret access key').inputValue(), '');

  await fillIn(page);
  await page.getByRole('button', { name: 'Add and check' }).click();
  await page.waitForURL('**/account/recordings/sto_*');
  // The page looks again by itself until the check has ended.
  const failed = page.locator('[data-validation=failed] [data-outcome=failed]');
  await failed.waitFor();
  assert.match(await failed.innerText(), /secret/i);
  assert.ok(!(await page.content()).includes(SECRET));
  assert.match(await page.locator('#paste').innerHTML(), /arn:aws:s3:::recordings\/calls\/\*/);

  const { secret } = await storeKeys();
  await page.getByLabel('Secret access key').fill(secret);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.locator('[data-validation=passed]').waitFor();
  await page.locator('#history').getByText('Failed').waitFor();

  await page.getByRole('button', { name: 'Use as second' }).click();
  await page.locator('#use').getByText('while the primary storage does not work').waitFor();
  await page.goto('/account/recordings');
  await page.locator('#second').getByRole('link', { name: 'Elsewhere' }).first().click();
  await page.getByText('Remove…').click();
  await page.getByRole('button', { name: 'Remove this storage' }).click();
  await page.waitForURL('**/account/recordings');
  await page.getByText('No second storage').waitFor();
});

here.test('without JavaScript: what a role needs is shown before anything is created', async () => {
  const { page } = here.owner;
  await page.goto('/account/recordings/add/aws_role');
  const externalId = (await page.locator('#paste .copy-value').innerText()).trim();
  assert.notEqual(externalId, '');
  await page.getByLabel('Bucket', { exact: true }).fill('acme-calls');
  await page.getByLabel('Region').fill('eu-central-1');
  await page.getByLabel('Prefix').fill('calls');
  await page.getByRole('button', { name: 'Show what to paste' }).click();
  await page.locator('#add').getByLabel('Role ARN').waitFor();
  const text = await page.locator('#paste').innerHTML();
  assert.match(text, /arn:aws:s3:::acme-calls\/calls\/\*/);
  await page.goto('/account/recordings/add/aws_role');
  assert.equal((await page.locator('#paste .copy-value').innerText()).trim(), externalId, 'the external ID never changes');
});

here.test('with JavaScript: the steps of a check appear on the open page', async () => {
  const owner = await Owner.enter(here.browser, here.stack.address, { scripts: true });
  const { page } = owner;
  /** @type {string[]} */
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await owner.signIn();
  await page.waitForURL('**/applications');
  await page.goto('/account/recordings/add/s3_compatible');
  await fillIn(page, { name: 'Live' });
  await page.getByRole('button', { name: 'Add and check' }).click();
  await page.waitForURL('**/account/recordings/sto_*');
  let loads = 0;
  page.on('load', () => (loads += 1));
  await page.locator('[data-validation=failed] [data-outcome=failed]').waitFor();
  assert.ok(loads <= 1, 'the page is not loaded again');

  const { secret } = await storeKeys();
  await page.getByLabel('Secret access key').fill(secret);
  await page.getByRole('button', { name: 'Save and check' }).click();
  await page.locator('[data-validation=passed]').waitFor();
  await here.owner.open(here.demo);
  await here.owner.page.locator('#destination').getByLabel('Storage').selectOption('Live');
  await here.owner.page.locator('#destination').getByRole('button', { name: 'Save' }).click();
  await here.owner.page.locator('#destination').getByText('chosen for this application').waitFor();
  assert.deepEqual(problems, []);
});

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { WebhookReceiver } from '../support/delivery.mjs';
import { Installation } from '../support/installation.mjs';

const here = new Installation();
const receiver = await WebhookReceiver.listen();
after(() => receiver.close());

/** Sends a test from the page of the endpoint, and waits until the first attempt is shown. */
async function sendTest() {
  const { page } = here.owner;
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.waitForURL('**/deliveries?delivery=dlv_*');
  // Without JavaScript the page loads itself again.
  await page.locator('#delivery').getByText('Attempt 1').waitFor();
  return page.locator('#delivery');
}

here.test('an endpoint is added, tested, gets another secret, and is removed', async () => {
  const { owner } = here;
  const { page } = owner;
  await owner.open(here.demo);
  await page.locator('#notifications').getByRole('link', { name: 'Add an endpoint' }).click();
  await page.getByText('No webhook endpoints yet').waitFor();
  await page.getByLabel('Address').fill('https://10.0.0.1/hook');
  await page.getByRole('button', { name: 'Add the endpoint' }).click();
  await page.getByRole('alert').waitFor();
  assert.equal(await page.getByLabel('Address').inputValue(), 'https://10.0.0.1/hook');

  const secret = await owner.setWebhook(here.demo, receiver.url);
  assert.match(secret, /^whsec_/);
  await page.reload();
  assert.ok(!(await page.content()).includes(secret), 'a secret is shown once');
  const endpoint = page.locator('#endpoints').getByRole('link');
  await endpoint.click();

  let delivery = await sendTest();
  assert.equal(await delivery.locator('[data-state]').getAttribute('data-state'), 'delivered');
  const message = WebhookReceiver.verified(await receiver.delivery(0), secret);
  assert.equal(message.type, 'test');
  assert.match(await delivery.locator('pre').first().innerText(), /"type":\s*"test"/);

  await page.goto(`/applications/${here.demo}/notifications`);
  await endpoint.click();
  await page.getByRole('button', { name: 'Make another secret' }).click();
  const another = (await page.locator('#secret .copy-value').innerText()).trim();
  assert.notEqual(another, secret);
  receiver.failNext(1);
  delivery = await sendTest();
  assert.equal(await delivery.locator('[data-state]').getAttribute('data-state'), 'waiting');
  await delivery.getByText('500').waitFor();
  await delivery.getByRole('button', { name: 'Send again' }).click();
  const [failed, replayed] = [await receiver.delivery(1), await receiver.delivery(2)];
  assert.deepEqual([failed.answered, replayed.answered], [500, 204]);
  assert.equal(failed.headers['webhook-id'], replayed.headers['webhook-id']);
  for (const known of [secret, another]) WebhookReceiver.verified(replayed, known);

  await page.goto(`/applications/${here.demo}/deliveries?state=delivered`);
  await page.locator('[data-delivery]').nth(1).waitFor();
  await page.goto(`/applications/${here.demo}/notifications`);
  await endpoint.click();
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.locator('#state').getByText('Disabled', { exact: true }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Send a test' }).count(), 0);
  await page.getByText('Remove…').click();
  await page.getByRole('button', { name: 'Remove this endpoint' }).click();
  await page.getByText('No webhook endpoints yet').waitFor();
});

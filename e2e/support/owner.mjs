import assert from 'node:assert/strict';

export const EMAIL = 'owner@example.com';
const PASSWORD = 'three quiet otters sing';

/** While one page fades into the next, clicks go to neither. */
const STILL = /** @type {const} */ ({ reducedMotion: 'reduce' });

/** The person who runs an installation, at the console. */
export class Owner {
  /** Use `Owner.enter`. */
  constructor(/** @type {import('playwright-core').Page} */ page, /** @type {string} */ address) {
    this.page = page;
    this.address = address;
  }

  /**
   * @param {import('playwright-core').Browser} browser
   * @param {string} address of the console
   * @param {{ scripts?: boolean }} [options] whether JavaScript is on; without it every click is one plain request
   */
  static async enter(browser, address, { scripts = false } = {}) {
    const context = await browser.newContext({ javaScriptEnabled: scripts, baseURL: address, ...STILL });
    return new Owner(await context.newPage(), address);
  }

  /** Opens the same session in a page with JavaScript, and waits until its scripts are at work. @param {string} path */
  async openWithScripts(path) {
    const browser = this.page.context().browser();
    assert.ok(browser);
    const context = await browser.newContext({ baseURL: this.address, ...STILL, storageState: await this.page.context().storageState() });
    const page = await context.newPage();
    await page.goto(path);
    await page.getByRole('button', { name: 'Copy' }).first().waitFor();
    return page;
  }

  /** Makes the first account. @param {string} link */
  async setUp(link) {
    await this.page.goto(link);
    await this.page.getByLabel('E-mail').fill(EMAIL);
    await this.page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await this.page.getByLabel('Password again').fill(PASSWORD);
    await this.page.getByRole('button', { name: 'Create the account' }).click();
    await this.page.waitForURL('**/applications');
  }

  /** @param {string} [password] */
  async signIn(password = PASSWORD) {
    await this.page.goto('/sign-in');
    await this.page.getByLabel('E-mail').fill(EMAIL);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  async signOut() {
    await this.page.getByRole('button', { name: 'Sign out' }).click();
    await this.page.waitForURL('**/sign-in');
  }

  /** @param {string} name @returns {Promise<string>} id of the application */
  async applicationId(name) {
    await this.page.goto('/applications');
    const address = await this.page.getByRole('link', { name, exact: true }).getAttribute('href');
    const id = address?.split('/').at(-1);
    assert.match(id ?? '', /^app_/);
    return /** @type {string} */ (id);
  }

  /** @param {string} application */
  async open(application) {
    await this.page.goto(`/applications/${application}`);
  }

  /** @param {string} application @returns {Promise<string>} its first key */
  async appKey(application) {
    await this.open(application);
    return (await this.page.locator('#keys .copy-value').first().innerText()).trim();
  }

  /**
   * Makes another key with these boxes ticked, by their first words, and no others.
   * @param {string} application
   * @param {string[]} ticked
   * @returns {Promise<string>} the key
   */
  async makeKey(application, ticked) {
    await this.open(application);
    await this.page.getByRole('button', { name: 'Make another key' }).click();
    const key = await this.appKey(application);
    const row = this.page.locator('#keys li').filter({ hasText: key });
    await row.getByText('Skylink…').click();
    for (const box of await row.getByRole('checkbox').all()) {
      const label = (await box.locator('..').innerText()).trim();
      await box.setChecked(ticked.some((words) => label.startsWith(words)));
    }
    await row.getByRole('button', { name: 'Save' }).click();
    await this.page.locator('#keys').getByText('Saved.').waitFor();
    return key;
  }

  /**
   * @param {string} application
   * @param {'Media Relay' | 'Recording'} name
   * @param {boolean} on
   */
  async turn(application, name, on) {
    await this.open(application);
    const button = this.page.getByRole('switch', { name });
    assert.equal(await button.getAttribute('aria-checked'), String(!on), `${name} is not ${on ? 'on' : 'off'} yet`);
    await button.click();
    await this.page.locator(`[role=switch][aria-labelledby=${name === 'Recording' ? 'recording' : 'relay'}-label][aria-checked=${on}]`).waitFor();
  }

  /** @param {string} application @param {string} url @returns {Promise<string>} the signing secret */
  async setWebhook(application, url) {
    await this.page.goto(`/applications/${application}/notifications`);
    await this.page.getByLabel('Address').fill(url);
    await this.page.getByRole('button', { name: 'Add the endpoint' }).click();
    return (await this.page.locator('.notice .copy-value').innerText()).trim();
  }

  /** @param {string} application @param {string[]} origins */
  async setOrigins(application, origins) {
    await this.open(application);
    const card = this.page.locator('#origins');
    await card.getByLabel('Web origins').fill(origins.join('\n'));
    await card.getByRole('button', { name: 'Save' }).click();
    await card.getByText('Saved.').waitFor();
  }

  /** Makes a bucket the place where recordings go. @param {import('./bucket.mjs').CustomerBucket} bucket */
  async useBucket(bucket) {
    await this.page.goto('/account/recordings/add/s3_compatible');
    const form = this.page.locator('#add');
    await form.getByLabel('Endpoint').fill(bucket.endpoint);
    await form.getByLabel('Bucket', { exact: true }).fill(bucket.name);
    await form.getByLabel('Region').fill(bucket.region);
    await form.getByLabel('Access key ID').fill(bucket.keys.accessKey);
    await form.getByLabel('Secret access key').fill(bucket.keys.secret);
    await form.getByRole('button', { name: 'Add and check' }).click();
    await this.page.locator('[data-validation=passed]').waitFor();
    await this.page.getByRole('button', { name: 'Use as primary' }).click();
    await this.page.getByText('Recordings go here. To have them go elsewhere').waitFor();
  }

  /** Makes an API key with these scopes. @param {string[]} scopes @param {string} [application] the only one it reaches @returns {Promise<string>} */
  async makeApiKey(scopes, application) {
    await this.page.goto('/account/api-keys');
    const form = this.page.locator('#create');
    await form.getByLabel('Name', { exact: true }).fill('Backend');
    for (const scope of scopes) await form.getByLabel(scope, { exact: true }).check();
    if (application) await form.getByLabel('Reaches').selectOption(application);
    await form.getByRole('button', { name: 'Make the key' }).click();
    return (await this.page.locator('.notice .copy-value').innerText()).trim();
  }

  /** What the list says about a recording. @param {string} application @param {string} recording */
  async recordingRow(application, recording) {
    await this.open(application);
    const row = this.page.locator(`[data-recording="${recording}"]`);
    const state = await row.locator('[data-state]').getAttribute('data-state');
    return { state, text: await row.innerText() };
  }

  close() {
    return this.page.context().close();
  }
}

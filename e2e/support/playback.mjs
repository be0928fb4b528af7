/**
 * Has a browser play a file to its end from near it.
 * @param {{ newContext(): Promise<any> }} browser
 * @param {Buffer} file
 * @returns {Promise<{ duration: number, error: string | null }>} seconds, and what the browser complained about
 */
export async function plays(browser, file) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    return await page.evaluate(playToTheEnd, file.toString('base64'));
  } finally {
    await context.close();
  }
}

/** Runs in the page. @param {string} base64 */
async function playToTheEnd(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const video = Object.assign(document.createElement('video'), { muted: true, src: URL.createObjectURL(new Blob([bytes])) });
  await new Promise((ready) => Object.assign(video, { onloadedmetadata: ready, onerror: ready }));
  const { duration } = video;
  await new Promise((ready) => Object.assign(video, { onseeked: ready, onerror: ready, currentTime: Math.max(duration - 1, 0) }));
  const ended = new Promise((ready) => Object.assign(video, { onended: ready, onerror: ready }));
  await video.play();
  await ended;
  return { duration, error: video.error?.message ?? null };
}

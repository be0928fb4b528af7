import { accessSync, constants } from 'node:fs';
import { chromium } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
  '--use-fake-ui-for-media-stream',
  '--use-fake-device-for-media-stream',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  // Calls without the relay connect on this machine, where nobody answers names of the local network.
  '--disable-features=WebRtcHideLocalIpsWithMdns',
];

/** The system's Chromium, without a window. */
export function launchBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? CANDIDATES.find(exists), args: ARGUMENTS });
}

/** @param {string} path */
function exists(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

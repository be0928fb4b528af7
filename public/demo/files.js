/** The finished files, newest first. */
import { element } from './view.js';

export function finishedFiles() {
  const list = element('ol', { class: 'files', 'aria-label': 'Finished recordings' });
  return {
    list,
    /** @param {string} recording @param {string} url */
    add(recording, url) {
      if (list.querySelector(`[data-recording="${recording}"]`)) return;
      const address = { href: url, target: '_blank', rel: 'noopener' };
      const hooks = { 'data-testid': 'recording-link', 'data-recording': recording };
      const link = element('a', { ...address, ...hooks }, 'Open the file');
      const player = element('video', { controls: '', preload: 'metadata', src: url, 'aria-label': 'The recording' });
      // Where this page may not play from the bucket, the link still leads there.
      player.addEventListener('error', () => player.remove());
      const save = element('a', { ...address, href: `${url}?download` }, 'Download');
      const hint = element('span', { class: 'hint' }, 'The link works for a limited time; the file stays in the bucket.');
      list.prepend(element('li', {}, player, link, save, hint));
    },
  };
}

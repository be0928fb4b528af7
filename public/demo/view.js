/** The parts of the page, built without inline styles or markup from strings. */

/**
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** @param {HTMLElement} root */
export function view(root) {
  const localVideo = element('video', { autoplay: '', playsinline: '', 'data-testid': 'local-video' });
  localVideo.muted = true;
  const localTile = element('figure', { class: 'tile local', hidden: '' }, localVideo, element('figcaption', {}, 'You'));
  const grid = element('section', { class: 'grid', 'aria-label': 'People in the call' }, localTile);
  const count = element('span', { class: 'count', 'data-testid': 'peer-count' });
  const status = element('p', { class: 'status', role: 'status', 'aria-live': 'polite' });
  const notice = element('p', { class: 'notice', role: 'alert', hidden: '' });
  const joinButton = element('button', { class: 'button', hidden: '', 'data-testid': 'join' }, 'Join again');
  const leaveButton = element('button', { class: 'button quiet', hidden: '', 'data-testid': 'leave' }, 'Leave');
  const link = element('input', { id: 'share', readonly: '', 'data-testid': 'share-link' });
  link.value = location.href;
  link.onfocus = () => link.select();
  const copy = element('button', { class: 'button quiet', type: 'button' }, 'Copy');
  copy.onclick = async () => {
    await navigator.clipboard.writeText(link.value).catch(() => link.select());
    copy.textContent = 'Copied';
  };
  const recording = element('section', { class: 'panel', 'aria-label': 'Recording' });
  root.replaceChildren(
    element('header', {},
      element('div', {}, element('h1', {}, root.dataset.applicationName ?? 'Demo call'),
        element('p', { class: 'room' }, `Room ${root.dataset.room} · `, count)),
      element('div', { class: 'actions' }, joinButton, leaveButton)),
    status,
    notice,
    grid,
    recording,
    element('section', { class: 'panel share', 'aria-label': 'Invite' },
      element('label', { for: 'share' }, 'Open this link in another window or send it to somebody'),
      element('div', { class: 'row' }, link, copy)),
  );
  return {
    grid, localVideo, localTile, joinButton, leaveButton, recording,
    /** @param {number} people */
    count(people) {
      count.textContent = people === 1 ? 'only you' : `${people} people`;
    },
    /**
     * @param {string} state
     * @param {string} text
     */
    state(state, text) {
      root.dataset.state = state;
      status.textContent = text;
    },
    /** @param {string} text */
    notice(text) {
      notice.textContent = text;
      notice.hidden = false;
    },
  };
}

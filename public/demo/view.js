/** The parts of the page, built without inline styles or markup from strings. */

/**
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** The link to share and the button that copies it. */
function sharePanel() {
  const link = element('input', { id: 'share', readonly: '', 'data-testid': 'share-link' });
  link.value = location.href;
  link.addEventListener('focus', () => link.select());
  const copy = element('button', { class: 'button quiet', type: 'button' }, 'Copy');
  const copied = element('span', { class: 'copied', role: 'status' });
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      copied.textContent = 'Copied.';
    } catch {
      link.focus();
      copied.textContent = 'Press Ctrl+C to copy.';
    }
  });
  link.addEventListener('blur', () => (copied.textContent = ''));
  copy.addEventListener('blur', () => (copied.textContent = ''));
  return element('section', { class: 'panel', 'aria-label': 'Invite' },
    element('label', { for: 'share' }, 'Open this link in another window or send it to somebody'),
    element('div', { class: 'row' }, link, copy, copied));
}

/** A sentence that asks for attention, with something to do about it. */
function noticeBar() {
  const text = element('span');
  const action = element('button', { class: 'button quiet', type: 'button', hidden: '' });
  const bar = element('div', { class: 'notice row', role: 'alert', hidden: '', 'data-testid': 'notice' }, text, action);
  return {
    bar,
    /**
     * @param {string} sentence empty for none
     * @param {{ label: string, act: () => void }} [offer]
     */
    notice(sentence, offer) {
      text.textContent = sentence;
      bar.hidden = sentence === '';
      action.hidden = !offer;
      action.textContent = offer?.label ?? '';
      action.onclick = offer?.act ?? null;
    },
  };
}

/** @param {HTMLElement} root */
export function view(root) {
  const localVideo = element('video', { autoplay: '', playsinline: '', 'data-testid': 'local-video' });
  localVideo.muted = true;
  const localTile = element('figure', { class: 'tile local', hidden: '' }, localVideo, element('figcaption', {}, 'You'));
  const grid = element('section', { class: 'grid', 'aria-label': 'People in the call' }, localTile);
  const count = element('span', { 'data-testid': 'peer-count', role: 'status' });
  const status = element('p', { class: 'status', role: 'status', 'data-testid': 'status' });
  const { bar, notice } = noticeBar();
  const joinButton = element('button', { class: 'button', type: 'button', hidden: '', 'data-testid': 'join' }, 'Join again');
  const leaveButton = element('button', { class: 'button quiet', type: 'button', hidden: '', 'data-testid': 'leave' }, 'Leave');
  const recording = element('section', { class: 'panel', 'aria-label': 'Recording' });
  root.replaceChildren(
    element('header', {},
      element('div', {},
        element('h1', {}, root.dataset.applicationName ?? 'Demo call'),
        element('p', { class: 'room' }, `Room ${root.dataset.room} · `, count)),
      element('div', { class: 'row' }, joinButton, leaveButton)),
    status, bar, grid, recording, sharePanel());
  return {
    grid, joinButton, leaveButton, recording, notice,
    /** @param {MediaStream | undefined} stream what this visitor publishes */
    showOwn(stream) {
      localVideo.srcObject = stream ?? null;
      localTile.hidden = !stream?.getVideoTracks().length;
    },
    /** @param {number} people this visitor included; none when not in the room */
    count(people) {
      count.textContent = people === 0 ? 'not in the call' : people === 1 ? 'only you' : `${people} people`;
    },
    /**
     * @param {'joining' | 'joined' | 'reconnecting' | 'left' | 'failed'} state
     * @param {string} text
     */
    state(state, text) {
      root.dataset.state = state;
      status.textContent = text;
      leaveButton.hidden = state !== 'joined' && state !== 'reconnecting';
      joinButton.hidden = state !== 'left' && state !== 'failed';
      if (!joinButton.hidden) joinButton.focus();
    },
  };
}

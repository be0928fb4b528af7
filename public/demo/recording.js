/** The recording panel: one button, what is going on, and the file in the end. */
import { element } from './view.js';

/** @param {number} milliseconds */
function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/**
 * @param {any} page
 * @param {import('../sdk/room.js').Room} room
 */
export function recordingPanel(page, room) {
  const button = element('button', { class: 'button record', 'data-testid': 'record', type: 'button' });
  const state = element('p', { class: 'recording-state', 'data-testid': 'recording-state', 'aria-live': 'polite' });
  const error = element('p', { class: 'notice', role: 'alert', hidden: '', 'data-testid': 'recording-error' });
  const files = element('ol', { class: 'files', reversed: '' });
  page.recording.replaceChildren(element('div', { class: 'row' }, button, state), error, files);
  let ticking = 0;

  /**
   * @param {string} name
   * @param {string} text
   * @param {string} [recording]
   */
  function show(name, text, recording) {
    clearInterval(ticking);
    state.dataset.state = name;
    state.dataset.recording = recording ?? '';
    state.textContent = text;
    button.textContent = name === 'recording' ? 'Stop recording' : 'Start recording';
    button.classList.toggle('live', name === 'recording');
    button.disabled = name === 'starting';
  }

  /** @param {string} recording */
  function started(recording) {
    const since = performance.now();
    show('recording', 'REC 0:00', recording);
    ticking = setInterval(() => (state.textContent = `REC ${clock(performance.now() - since)}`), 1000);
    error.hidden = true;
  }

  function refused({ code, message }) {
    error.dataset.code = code;
    error.textContent = message;
    error.hidden = false;
  }

  button.onclick = async () => {
    try {
      if (room.recording) {
        await room.stopRecording();
      } else {
        show('starting', 'Starting…');
        await room.startRecording();
      }
    } catch (failure) {
      if (!room.recording) show('error', 'Not recording.');
      refused(failure);
    }
  };

  room.on('recordingState', (name, recording, url, failure) => {
    if (name === 'START') started(recording);
    if (name === 'STOP') show('mixing', 'Mixing: the file appears here when it is in the bucket.', recording);
    if (name === 'LINK') {
      if (state.dataset.recording === recording) show('ready', 'The recording is in the bucket.', recording);
      const player = element('video', { controls: '', preload: 'metadata', src: url });
      const link = element('a', { href: url, 'data-testid': 'recording-link', 'data-recording': recording }, 'Open the file');
      files.prepend(element('li', {}, player, link));
    }
    if (name === 'ERROR' && recording) {
      if (state.dataset.recording === recording) show('error', 'This recording failed.', recording);
      refused(failure);
    }
  });

  const current = () => (room.recording ? started(room.recording) : show('idle', 'Not recording.'));
  current();
  return {
    /** The node may have forgotten a recording while the connection was away. */
    rejoined() {
      if (room.recording) started(room.recording);
      else if (state.dataset.state === 'recording') show('mixing', 'The recording ended with the connection; it is being delivered.');
    },
    close() {
      clearInterval(ticking);
      button.disabled = true;
    },
  };
}

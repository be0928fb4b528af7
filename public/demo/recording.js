/** The recording panel: one button, what is going on, and the files in the end. */
import { finishedFiles } from './files.js';
import { element } from './view.js';

/** @typedef {import('../sdk/index.js').Room} Room */
/** @typedef {'idle' | 'starting' | 'recording' | 'mixing' | 'ready' | 'error'} State */

const DELIVERY = 'the file appears here once it is in the bucket.';

/** @param {number} milliseconds */
function clock(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Outlives the stays of a visitor, and so do the files. */
export class RecordingPanel {
  #button = element('button', { class: 'button', type: 'button', disabled: '', 'data-testid': 'record' }, 'Start recording');
  #line = element('span', { class: 'recording-state', role: 'status', 'data-testid': 'recording-state' });
  #elapsed = element('span', { class: 'elapsed', role: 'timer', 'data-testid': 'elapsed' });
  #problem = element('p', { class: 'notice', role: 'alert', hidden: '', 'data-testid': 'recording-error' });
  #files = finishedFiles();
  /** @type {Room | null} */
  #room = null;
  #ticking = 0;
  /** @type {State} */
  #state = 'idle';
  #recording = '';

  /** @param {HTMLElement} panel */
  constructor(panel) {
    const row = element('div', { class: 'row' }, this.#button, this.#line, this.#elapsed);
    panel.replaceChildren(row, this.#problem, this.#files.list);
    this.#button.addEventListener('click', () => this.#pressed());
  }

  /** @param {Room} room */
  attach(room) {
    this.#room = room;
    room.on('recordingState', (...change) => this.#changed(...change));
    this.refresh();
  }

  detach() {
    this.#room = null;
    this.#show('idle', '');
  }

  /** Shows the room as it is after joining, which may be after a connection was lost. */
  refresh() {
    const running = this.#room?.recording;
    if (running) {
      if (this.#state !== 'recording' || this.#recording !== running) this.#running(running);
    } else if (this.#state === 'recording') {
      this.#show('mixing', `The recording ended with the connection; ${DELIVERY}`, this.#recording);
    } else {
      this.#show('idle', 'Not recording.');
    }
  }

  async #pressed() {
    const room = this.#room;
    if (!room) return;
    this.#problem.hidden = true;
    try {
      if (room.recording) {
        await room.stopRecording();
      } else {
        this.#show('starting', 'Starting…');
        await room.startRecording();
      }
    } catch (failure) {
      if (room === this.#room && !room.recording) this.#show('error', 'Not recording.');
      this.#complain(/** @type {import('../sdk/index.js').MixdownError} */ (failure));
    }
  }

  /** @param {import('../sdk/index.js').RoomEvents['recordingState']} change */
  #changed(...[name, recording = '', url = '', failure]) {
    const isShown = this.#recording === recording;
    if (name === 'START') {
      this.#running(recording);
      this.#count();
    } else if (name === 'STOP') {
      this.#show('mixing', `Mixing… ${DELIVERY}`, recording);
    } else if (name === 'LINK') {
      if (isShown) this.#show('ready', 'The recording is in the bucket.', recording);
      this.#files.add(recording, url);
    } else if (recording && failure) {
      if (isShown) this.#show('error', 'This recording failed.', recording);
      this.#complain(failure);
    }
  }

  /** @param {string} recording */
  #running(recording) {
    this.#problem.hidden = true;
    this.#show('recording', 'REC', recording);
  }

  /** Shows the time that passes from now on. */
  #count() {
    const since = performance.now();
    const tick = () => (this.#elapsed.textContent = clock(performance.now() - since));
    tick();
    this.#ticking = window.setInterval(tick, 1000);
  }

  /**
   * @param {State} state
   * @param {string} text
   * @param {string} [recording]
   */
  #show(state, text, recording = '') {
    clearInterval(this.#ticking);
    this.#elapsed.textContent = '';
    this.#state = this.#line.dataset.state = state;
    this.#recording = this.#line.dataset.recording = recording;
    this.#line.textContent = text;
    this.#button.textContent = state === 'recording' ? 'Stop recording' : 'Start recording';
    this.#button.classList.toggle('live', state === 'recording');
    this.#button.disabled = state === 'starting' || !this.#room;
  }

  /** @param {{ code: string, message: string }} failure */
  #complain({ code, message }) {
    this.#problem.dataset.code = code;
    this.#problem.textContent = message;
    this.#problem.hidden = false;
  }
}

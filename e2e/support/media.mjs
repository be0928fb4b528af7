/** Synthetic camera and microphone: what each participant shows and sounds like is unmistakable in a recording. */

/**
 * @typedef {object} Looks
 * @property {string} name
 * @property {import('./judge.mjs').Colour} colour of the background
 * @property {number} tone constant, in hertz
 * @property {number} beep in hertz, together with each flash
 * @property {number} period of flash and beep, in seconds
 * @property {import('./judge.mjs').Colour} [screen] what is on their screen, should they share it
 * @property {boolean} [grain] the lower half is as hard to encode as a picture can be
 */

/** Periods have no common multiple within a test, so a tile with the other's sound is noticed. */
export const ALICE = /** @type {Looks} */ ({ name: 'Alice', colour: [200, 40, 40], tone: 400, beep: 2000, period: 1 });
export const BOB = /** @type {Looks} */ ({ name: 'Bob', colour: [40, 60, 200], tone: 600, beep: 3000, period: 1.3 });

/**
 * Runs in the page before its scripts: the devices become synthetic.
 * One clock, that of the sound, drives both sound and picture.
 * @param {Looks} looks
 */
export function installDevices({ colour, tone, beep, period, screen, grain }) {
  const FLASH = 0.12;
  const WIDTH = 640;
  const HEIGHT = 360;

  /** @param {AudioContext} context @param {number} begin */
  function microphone(context, begin) {
    const rate = context.sampleRate;
    const buffer = context.createBuffer(1, Math.round(period * rate), rate);
    const samples = buffer.getChannelData(0);
    for (let index = 0; index < FLASH * rate; index++) samples[index] = 0.35 * Math.sin((2 * Math.PI * beep * index) / rate);
    const pulses = new AudioBufferSourceNode(context, { buffer, loop: true });
    const constant = new OscillatorNode(context, { frequency: tone });
    const level = new GainNode(context, { gain: 0.08 });
    const destination = context.createMediaStreamDestination();
    pulses.connect(destination);
    constant.connect(level).connect(destination);
    pulses.start(begin);
    constant.start();
    return destination.stream.getAudioTracks();
  }

  function noise() {
    const image = new ImageData(WIDTH, HEIGHT * 0.4);
    for (let at = 0; at < image.data.length; at += 4) {
      image.data.fill(Math.random() * 256, at, at + 3);
      image.data[at + 3] = 255;
    }
    return image;
  }

  /** @param {AudioContext} context @param {number} begin @param {import('./judge.mjs').Colour} colour */
  function picture(context, begin, colour) {
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    const grains = grain ? Array.from({ length: 8 }, noise) : [];
    let drawn = 0;
    const draw = () => {
      const time = context.currentTime - begin;
      const flashing = time >= 0 && time % period < FLASH;
      drawing.fillStyle = flashing ? 'white' : `rgb(${colour.join()})`;
      drawing.fillRect(0, 0, WIDTH, HEIGHT);
      drawing.fillStyle = flashing ? 'black' : 'white';
      drawing.fillRect(((Math.max(time, 0) / 2) % 1) * WIDTH, HEIGHT * 0.75, WIDTH / 8, HEIGHT / 8);
      if (grain) drawing.putImageData(grains[(drawn += 1) % grains.length], 0, HEIGHT * 0.6);
      requestAnimationFrame(draw);
    };
    draw();
    return canvas.captureStream(30).getVideoTracks();
  }

  navigator.mediaDevices.getUserMedia = async (constraints = {}) => {
    const context = new AudioContext();
    await context.resume();
    const begin = context.currentTime + 0.5;
    const sound = constraints.audio ? microphone(context, begin) : [];
    const camera = constraints.video ? picture(context, begin, colour) : [];
    return new MediaStream([...sound, ...camera]);
  };
  if (!screen) return;
  navigator.mediaDevices.getDisplayMedia = async () => {
    const context = new AudioContext();
    await context.resume();
    return new MediaStream(picture(context, context.currentTime, screen));
  };
}

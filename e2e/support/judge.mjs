/** What is really in a recorded file: its structure, its picture, its sound, and how the two fit together. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { boxNames } from './boxes.mjs';
import { amplitudes, median, pulseStarts, SAMPLE_RATE } from './tones.mjs';

const run = promisify(execFile);
/** Frames are judged at this size; tiles of a grid of four are still 80 pixels wide. */
const WIDTH = 160;
const HEIGHT = 90;
const FRAME_BYTES = WIDTH * HEIGHT * 3;
/** Largest distance of a colour after lossy coding, per channel. */
const COLOUR_TOLERANCE = 45;
const LARGEST_OUTPUT = 2 ** 30;

/**
 * @typedef {[red: number, green: number, blue: number]} Colour
 * @typedef {{ left: number, top: number, right: number, bottom: number }} Region in pixels of the judged size, right and bottom excluded
 */

/** One decoded file. */
export class Footage {
  #frames;
  #times;
  #samples;

  /** Use `Footage.of`. */
  constructor(/** @type {any} */ parts) {
    /** Seconds, as the container says. @type {number} */
    this.duration = parts.duration;
    /** Codec names by kind of stream. @type {{ video?: any, audio?: any }} */
    this.streams = parts.streams;
    /** Outermost boxes of an MP4 file. @type {string[]} */
    this.boxes = parts.boxes;
    /** What the decoder complained about. @type {string} */
    this.complaints = parts.complaints;
    this.#frames = parts.frames;
    this.#times = parts.times;
    /** What the pictures take in the file. @type {number} */
    this.pictureBytes = parts.pictureBytes;
    this.#samples = parts.samples;
  }

  /**
   * Reads and decodes a file.
   * @param {string} path
   */
  static async of(path) {
    const boxed = path.endsWith('.mp4') ? boxNames(path) : [];
    const [probe, boxes, complaints] = await Promise.all([probeFile(path), boxed, decodingComplaints(path)]);
    const sound = probe.streams.audio ? decodeSound(path) : new Float32Array();
    const [frames, packets, samples] = await Promise.all([decodePicture(path), framePackets(path), sound]);
    return new Footage({ ...probe, boxes, complaints, frames, ...packets, samples });
  }

  /** Whether a browser can start playing before it has all of the file. */
  get startsFast() {
    const index = this.boxes.indexOf('moov');
    return this.boxes[0] === 'ftyp' && index > 0 && index < this.boxes.indexOf('mdat') && !this.boxes.includes('moof');
  }

  get frameCount() {
    return Math.min(this.#times.length, Math.floor(this.#frames.length / FRAME_BYTES));
  }

  /**
   * Where a participant's background colour is shown.
   * @param {Colour} colour
   * @param {number} [share] of the frames that show it
   * @returns {Region | null}
   */
  tileOf(colour, share = 0.3) {
    const seen = new Uint32Array(WIDTH * HEIGHT);
    const step = 3;
    let looked = 0;
    for (let frame = 0; frame < this.frameCount; frame += step, looked++) {
      for (let pixel = 0; pixel < seen.length; pixel++) {
        if (this.#isColour(frame, pixel, colour)) seen[pixel]++;
      }
    }
    const shown = [...seen.keys()].filter((pixel) => seen[pixel] >= looked * share);
    if (shown.length < 50) return null;
    const columns = shown.map((pixel) => pixel % WIDTH);
    const rows = shown.map((pixel) => Math.floor(pixel / WIDTH));
    const extent = (/** @type {number[]} */ values, /** @type {'min' | 'max'} */ end) => values.reduce((a, b) => Math[end](a, b));
    return { left: extent(columns, 'min'), right: extent(columns, 'max') + 1, top: extent(rows, 'min'), bottom: extent(rows, 'max') + 1 };
  }

  /**
   * Share of consecutive frames that differ visibly in the region.
   * @param {Region} region
   */
  motion(region) {
    let moved = 0;
    for (let frame = 1; frame < this.frameCount; frame++) {
      let changed = 0;
      for (const pixel of pixelsOf(region)) {
        const here = frame * FRAME_BYTES + pixel * 3;
        const difference = Math.abs(this.#frames[here] - this.#frames[here - FRAME_BYTES]);
        const other = Math.abs(this.#frames[here + 2] - this.#frames[here + 2 - FRAME_BYTES]);
        if (Math.max(difference, other) > 25) changed++;
      }
      if (changed >= 8) moved++;
    }
    return this.frameCount > 1 ? moved / (this.frameCount - 1) : 0;
  }

  /**
   * Times at which the upper half of the region turns white.
   * @param {Region} region
   * @returns {number[]} seconds
   */
  flashes(region) {
    const upper = { ...region, bottom: Math.floor((region.top + region.bottom) / 2) };
    const starts = [];
    let wasWhite = true;
    for (let frame = 0; frame < this.frameCount; frame++) {
      const isWhite = this.#brightness(frame, upper) > 190;
      if (isWhite && !wasWhite) starts.push(this.#times[frame]);
      wasWhite = isWhite;
    }
    return starts;
  }

  /**
   * Times at which the pulses of a frequency begin.
   * @param {number} frequency a multiple of 200 Hz
   */
  beeps(frequency) {
    return pulseStarts(this.#samples, frequency);
  }

  /**
   * Share of the sound, in quarter seconds, in which a constant tone is heard.
   * @param {number} frequency a multiple of 4 Hz
   */
  toneShare(frequency) {
    const levels = amplitudes(this.#samples, frequency, SAMPLE_RATE / 4);
    return levels.length === 0 ? 0 : levels.filter((level) => level > 0.01).length / levels.length;
  }

  /**
   * How much later than its flashes the beeps of a participant are heard, as a median.
   * @param {Region} region
   * @param {number} frequency
   * @returns {{ pairs: number, milliseconds: number }}
   */
  lateness(region, frequency) {
    const beeps = this.beeps(frequency);
    const pairs = this.flashes(region).flatMap((flash) => {
      const nearest = beeps.reduce((best, beep) => (Math.abs(beep - flash) < Math.abs(best - flash) ? beep : best), Infinity);
      return Math.abs(nearest - flash) < 0.4 ? [(nearest - flash) * 1000] : [];
    });
    return { pairs: pairs.length, milliseconds: pairs.length === 0 ? NaN : median(pairs) };
  }

  #isColour(/** @type {number} */ frame, /** @type {number} */ pixel, /** @type {Colour} */ colour) {
    const here = frame * FRAME_BYTES + pixel * 3;
    return colour.every((channel, index) => Math.abs(this.#frames[here + index] - channel) <= COLOUR_TOLERANCE);
  }

  #brightness(/** @type {number} */ frame, /** @type {Region} */ region) {
    let sum = 0;
    let count = 0;
    for (const pixel of pixelsOf(region)) {
      const here = frame * FRAME_BYTES + pixel * 3;
      sum += 0.299 * this.#frames[here] + 0.587 * this.#frames[here + 1] + 0.114 * this.#frames[here + 2];
      count++;
    }
    return count === 0 ? 0 : sum / count;
  }
}

/** @param {Region} region */
function* pixelsOf(region) {
  for (let row = region.top; row < region.bottom; row++) {
    for (let column = region.left; column < region.right; column++) yield row * WIDTH + column;
  }
}

/** @param {string} path */
async function probeFile(path) {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_format', '-show_streams', '-of', 'json', path]);
  const { format, streams } = JSON.parse(stdout);
  const kinds = Object.fromEntries(streams.map((/** @type {any} */ stream) => [stream.codec_type, stream]));
  return { duration: Number(format.duration), streams: kinds };
}

/** Frames keep their own times: those of a browser's camera come irregularly. @param {string} path */
async function decodingComplaints(path) {
  try {
    const { stderr } = await run('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-enc_time_base:v', '-1', '-f', 'null', '-']);
    return stderr;
  } catch (/** @type {any} */ error) {
    return error.stderr || String(error);
  }
}

/** @param {string} path */
async function decodePicture(path) {
  const filter = `scale=${WIDTH}:${HEIGHT}:flags=area`;
  return output(['-i', path, '-map', '0:v:0', '-vsync', 'passthrough', '-vf', filter, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-']);
}

/** When frames are shown, in order, and what they take. @param {string} path */
async function framePackets(path) {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'packet=pts_time,size', '-of', 'json', path], { maxBuffer: LARGEST_OUTPUT });
  /** @type {{ pts_time: string, size: string }[]} */
  const packets = JSON.parse(stdout).packets;
  const times = packets.map(({ pts_time }) => Number(pts_time)).sort((a, b) => a - b);
  return { times, pictureBytes: packets.reduce((sum, { size }) => sum + Number(size), 0) };
}

/** Samples whose index is their time, gaps filled: left alone, those of less than 100 ms would pull the rest forward. @param {string} path */
async function decodeSound(path) {
  const filter = 'aresample=async=1:min_hard_comp=0.01:first_pts=0';
  const bytes = await output(['-i', path, '-map', '0:a:0', '-af', filter, '-ac', '1', '-ar', String(SAMPLE_RATE), '-f', 'f32le', '-']);
  return new Float32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 4));
}

/** @param {string[]} options */
async function output(options) {
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...options], { encoding: 'buffer', maxBuffer: LARGEST_OUTPUT });
  return stdout;
}

/** Strength of single frequencies in sound. Pure. */

/** Samples per second of everything that is judged. */
export const SAMPLE_RATE = 48_000;

/**
 * Amplitude of one frequency in each block of the samples (Goertzel's algorithm).
 * A block should hold a whole number of periods, or neighbouring frequencies leak into it.
 * @param {Float32Array} samples
 * @param {number} frequency in hertz
 * @param {number} blockSize in samples
 * @returns {number[]} one amplitude per whole block, 1 for a full-scale sine
 */
export function amplitudes(samples, frequency, blockSize) {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  const result = [];
  for (let start = 0; start + blockSize <= samples.length; start += blockSize) {
    let previous = 0;
    let beforePrevious = 0;
    for (let index = start; index < start + blockSize; index++) {
      const current = samples[index] + coefficient * previous - beforePrevious;
      beforePrevious = previous;
      previous = current;
    }
    const power = previous ** 2 + beforePrevious ** 2 - coefficient * previous * beforePrevious;
    result.push((2 * Math.sqrt(Math.max(power, 0))) / blockSize);
  }
  return result;
}

/**
 * Times at which a pulsed tone begins.
 * @param {Float32Array} samples
 * @param {number} frequency a multiple of 200 Hz
 * @returns {number[]} seconds
 */
export function pulseStarts(samples, frequency) {
  const blockSize = SAMPLE_RATE / 200;
  const levels = amplitudes(samples, frequency, blockSize);
  // A pulse is there a tenth of the time; what is louder still is the decoder's, where sound was lost.
  const loud = Float32Array.from(levels).sort()[Math.floor(levels.length * 0.95)] ?? 0;
  const on = Math.max(loud / 2, 0.02);
  const quietBefore = 20;
  const starts = [];
  let quiet = quietBefore;
  for (const [index, level] of levels.entries()) {
    if (level < on) {
      quiet++;
      continue;
    }
    if (quiet >= quietBefore && index > 0) starts.push((index * blockSize) / SAMPLE_RATE);
    quiet = 0;
  }
  return starts;
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

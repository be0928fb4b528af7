/** What media leaves behind on a disk: files, and bytes in them that only media has. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Structures of finished files and of captures. Each is longer than chance makes of some megabytes. */
const STRUCTURES = /** @type {const} */ ({
  'the brand of an MP4': /ftyp(isom|iso[2-6]|mp4[12]|avc1)/,
  'the index of an MP4': /moov[^]{4}mvhd/,
  'the fragment of an MP4': /moof[^]{4}mfhd/,
  'the head of a WebM or Matroska': /\x1a\x45\xdf\xa3[^]{1,12}\x42\x86/,
  'the head of a capture': /MIXDOWN\x01/,
});

/** Beginning of a VP8 key frame: start code, width and height (RFC 6386, 9.1). */
const KEY_FRAME = /\x9d\x01\x2a([^]{2})([^]{2})/g;

/**
 * Every file under a directory, as it is now; what disappears meanwhile is left out.
 * @param {string} directory
 * @returns {Promise<{ path: string, bytes: Buffer }[]>} paths relative to the directory, in order
 */
export async function filesUnder(directory) {
  const found = [];
  for (const path of await readdir(directory, { recursive: true })) {
    // A directory cannot be read.
    const bytes = await readFile(join(directory, path)).catch(() => null);
    if (bytes) found.push({ path, bytes });
  }
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/**
 * Media structures in some bytes.
 * @param {Buffer} bytes
 * @returns {string[]} what was found
 */
export function mediaIn(bytes) {
  const text = bytes.toString('latin1');
  return Object.entries(STRUCTURES).filter(([, pattern]) => pattern.test(text)).map(([what]) => what);
}

/**
 * Whether pictures or what describes them can be read, as in packets that were not encrypted.
 * @param {Buffer} bytes
 */
export function isReadable(bytes) {
  const text = bytes.toString('latin1');
  const keyFrames = [...text.matchAll(KEY_FRAME)].filter(([, width, height]) => {
    const [columns, rows] = [width, height].map((field) => Buffer.from(field, 'latin1').readUInt16LE() & 0x3fff);
    return columns >= 64 && columns <= 1920 && Math.abs(columns * 9 - rows * 16) <= 16;
  });
  return keyFrames.length > 0 || /"codec"|video\/|audio\//i.test(text);
}

import { open } from 'node:fs/promises';

/**
 * Names of the outermost boxes of an MP4 file, in order (ISO/IEC 14496-12, 4.2).
 * @param {string} path
 * @returns {Promise<string[]>}
 */
export async function boxNames(path) {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const header = Buffer.alloc(16);
    const names = [];
    for (let position = 0; position < size; ) {
      const { bytesRead } = await file.read(header, 0, 16, position);
      if (bytesRead < 8) throw new Error(`the file ends inside a box header at ${position}`);
      const short = header.readUInt32BE(0);
      const length = short === 1 ? Number(header.readBigUInt64BE(8)) : short === 0 ? size - position : short;
      if (length < 8 || position + length > size) throw new Error(`the box at ${position} has the impossible length ${length}`);
      names.push(header.toString('latin1', 4, 8));
      position += length;
    }
    return names;
  } finally {
    await file.close();
  }
}

/** Camera and microphone of this visitor, or whatever of them there is. */

const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 } };
/** What to ask for, and what to say when it is all there is. */
const ATTEMPTS = [
  { constraints: { audio: true, video: PICTURE }, lacking: '' },
  { constraints: { audio: true }, lacking: 'No camera could be used, so the others only hear you.' },
  { constraints: { video: PICTURE }, lacking: 'No microphone could be used, so the others only see you.' },
];

/** @type {Record<string, string>} */
const REASONS = {
  NotAllowedError: 'Camera and microphone are blocked for this page, so you only watch. Allow them in the address bar to be seen and heard.',
  NotFoundError: 'No camera or microphone was found, so you only watch.',
  NotReadableError: 'Camera and microphone are in use by another program, so you only watch.',
};

/** @returns {Promise<{ stream?: MediaStream, remark: string }>} the remark is empty when nothing is missing */
export async function openDevices() {
  if (!navigator.mediaDevices) {
    return { remark: 'Camera and microphone need a page on https or localhost, so you only watch.' };
  }
  let name = '';
  for (const { constraints, lacking } of ATTEMPTS) {
    try {
      return { stream: await navigator.mediaDevices.getUserMedia(constraints), remark: lacking };
    } catch (error) {
      // The first reason is about both devices; later ones only repeat it for one.
      name ||= error instanceof DOMException ? error.name : 'unknown';
    }
  }
  return { remark: REASONS[name] ?? 'Camera and microphone could not be used, so you only watch.' };
}

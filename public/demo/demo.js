/** The demo call: everything a page needs to do with the SDK, and nothing else. */
import { Mixdown } from '/sdk/index.js';
import { recordingPanel } from './recording.js';
import { element, view } from './view.js';

const root = /** @type {HTMLElement} */ (document.getElementById('demo'));
const { appKey, endpoint, room: roomName } = /** @type {Record<string, string>} */ (root.dataset);
const page = view(root);
const tiles = new Map();

/** Camera and microphone, or whatever of them there is. */
async function openMedia() {
  const attempts = [{ audio: true, video: { width: 1280, height: 720 } }, { audio: true }, { video: true }];
  let failure;
  for (const constraints of attempts) {
    try {
      return await navigator.mediaDevices.getUserMedia(constraints);
    } catch (error) {
      failure = error;
    }
  }
  const name = failure instanceof DOMException ? failure.name : '';
  page.notice(name === 'NotAllowedError'
    ? 'Camera and microphone are blocked for this page. You can watch; allow them in the address bar to be seen and heard.'
    : 'No camera or microphone was found. You can watch the others.');
  return undefined;
}

function addTile(peer, stream, name) {
  removeTile(peer);
  const video = element('video', { autoplay: '', playsinline: '', 'data-testid': 'remote-video', 'data-peer': peer });
  video.srcObject = stream;
  const tile = element('figure', { class: 'tile' }, video, element('figcaption', {}, name || 'Guest'));
  tiles.set(peer, tile);
  page.grid.append(tile);
  video.play().catch(() => page.notice('Click anywhere to hear the others.'));
}

function removeTile(peer) {
  tiles.get(peer)?.remove();
  tiles.delete(peer);
}

function connect(room) {
  const count = () => page.count(room.peers.size + 1);
  const panel = recordingPanel(page, room);
  room.on('peerJoined', count);
  room.on('peerLeft', count);
  room.on('stream', (peer, stream) => addTile(peer, stream, room.peers.get(peer)?.name));
  room.on('streamEnded', removeTile);
  room.on('error', (error) => page.notice(error.message));
  room.on('reconnecting', () => page.state('reconnecting', 'Connection lost, coming back…'));
  room.on('reconnected', () => {
    page.state('joined', '');
    count();
    panel.rejoined();
  });
  room.on('left', (reason) => {
    page.state('left', LEFT[reason] ?? 'You have left the room.');
    page.joinButton.hidden = false;
    page.leaveButton.hidden = true;
    panel.close();
  });
  count();
}

const LEFT = {
  key_revoked: 'The app key of this page was revoked.',
  replaced: 'This place was taken over by another window.',
  unreachable: 'The connection could not be restored.',
  room_full: 'The room is full.',
};

async function join() {
  page.joinButton.hidden = true;
  page.state('joining', 'Joining…');
  const stream = page.localVideo.srcObject ?? (await openMedia());
  page.localVideo.srcObject = stream ?? null;
  page.localTile.hidden = !stream;
  try {
    const room = await Mixdown.join({ endpoint, appKey, room: roomName, stream });
    connect(room);
    page.leaveButton.hidden = false;
    page.leaveButton.onclick = () => room.leave();
    page.state('joined', '');
  } catch (error) {
    page.state('failed', error.message);
    root.dataset.code = error.code;
    page.joinButton.hidden = false;
  }
}

page.joinButton.onclick = join;
document.addEventListener('click', () => {
  for (const video of page.grid.querySelectorAll('video')) video.play().catch(() => {});
});
join();

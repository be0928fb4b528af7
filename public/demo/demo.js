/** The demo call: everything a page needs to do with the SDK, and nothing else. */
import { Mixdown } from '../sdk/index.js';
import { openDevices } from './devices.js';
import { RecordingPanel } from './recording.js';
import { remoteTiles } from './tiles.js';
import { view } from './view.js';

const SOUND_BLOCKED = 'Click anywhere to see and hear the others.';
/** @type {Record<string, string>} */
const REASONS = {
  left: 'You have left the call.',
  key_revoked: 'The app key of this page was revoked.',
  unknown_app_key: 'The app key of this page was revoked.',
  origin_not_allowed: 'Pages of this address may no longer join.',
  room_ended: 'The call was ended.',
  removed: 'You were removed from the call.',
  replaced: 'This place was taken over by another window.',
  unreachable: 'The connection could not be restored.',
  media_unreachable: 'No audio or video reaches the media node from this network; its UDP port may be blocked.',
  room_full: 'The room is full.',
  room_locked: 'The room is locked.',
};

const root = /** @type {HTMLElement} */ (document.getElementById('demo'));
const { appKey, endpoint, room: roomName } = /** @type {Record<'appKey' | 'endpoint' | 'room', string>} */ (/** @type {unknown} */ (root.dataset));
const page = view(root);
const panel = new RecordingPanel(page.recording);
let soundBlocked = false;
const tiles = remoteTiles(page.grid, (blocked) => {
  if (blocked !== soundBlocked) page.notice(blocked ? SOUND_BLOCKED : '');
  soundBlocked = blocked;
});

/**
 * Follows a stay from the join to its end.
 * @param {import('../sdk/index.js').Room} room
 * @param {MediaStream | undefined} stream
 */
function follow(room, stream) {
  const count = () => page.count(room.peers.size + 1);
  room.on('peerJoined', count);
  room.on('peerLeft', count);
  room.on('stream', (peer, media) => tiles.show(peer, media, room.peers.get(peer)?.name ?? 'Guest'));
  room.on('streamEnded', tiles.remove);
  room.on('error', (error) => page.notice(error.message));
  room.on('reconnecting', () => page.state('reconnecting', 'Connection lost, coming back…'));
  room.on('reconnected', () => {
    page.state('joined', '');
    count();
    panel.refresh();
  });
  room.on('left', (reason) => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    page.showOwn(undefined);
    page.count(0);
    page.notice('');
    panel.detach();
    page.state('left', REASONS[reason] ?? 'The call has ended for you.');
  });
  page.leaveButton.onclick = () => room.leave();
  count();
  panel.attach(room);
}

async function join() {
  page.state('joining', 'Joining…');
  const { stream, remark } = await openDevices();
  page.showOwn(stream);
  try {
    const room = await Mixdown.join({ endpoint, appKey, room: roomName, stream });
    follow(room, stream);
    const again = () => {
      room.leave();
      join();
    };
    page.notice(remark, remark ? { label: 'Try again', act: again } : undefined);
    page.state('joined', '');
  } catch (failure) {
    const { code, message } = /** @type {import('../sdk/index.js').MixdownError} */ (failure);
    for (const track of stream?.getTracks() ?? []) track.stop();
    page.showOwn(undefined);
    root.dataset.code = code;
    page.state('failed', message);
  }
}

page.joinButton.onclick = join;
page.count(0);
join();

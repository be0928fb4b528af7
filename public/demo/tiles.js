/** The others' pictures, one tile each. */
import { element } from './view.js';

/**
 * @param {HTMLElement} grid
 * @param {(blocked: boolean) => void} onSound the browser keeps the sound back until the page is clicked, or no longer does
 */
export function remoteTiles(grid, onSound) {
  /** @type {Map<string, { tile: HTMLElement, video: HTMLVideoElement }>} */
  const tiles = new Map();

  /** @param {HTMLVideoElement} video */
  const play = (video) => video.play().then(() => onSound(false), () => video.isConnected && onSound(true));

  document.addEventListener('click', () => {
    for (const { video } of tiles.values()) if (video.paused) play(video);
  });

  /** @param {string} peer */
  function remove(peer) {
    tiles.get(peer)?.tile.remove();
    tiles.delete(peer);
  }

  return {
    /**
     * @param {string} peer
     * @param {MediaStream} stream
     * @param {string} name
     */
    show(peer, stream, name) {
      remove(peer);
      const video = element('video', { playsinline: '', 'data-testid': 'remote-video', 'data-peer': peer });
      video.srcObject = stream;
      const tile = element('figure', { class: 'tile' }, video, element('figcaption', {}, name));
      tiles.set(peer, { tile, video });
      grid.append(tile);
      play(video);
    },
    remove,
  };
}

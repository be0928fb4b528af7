/** How many pictures pages send: one that has more to do than its machine can makes few, and files cannot show more. */

/** Runs in the page before its scripts: keeps its connections, for what they know of themselves. */
export function rememberConnections() {
  const connections = /** @type {RTCPeerConnection[]} */ ([]);
  const { RTCPeerConnection } = window;
  Object.assign(window, {
    connections,
    RTCPeerConnection: class extends RTCPeerConnection {
      /** @param {RTCConfiguration} [configuration] */
      constructor(configuration) {
        super(configuration);
        connections.push(this);
      }
    },
  });
}

/** Runs in the page: pictures of its camera that it has sent so far. What else it sends, it began later. */
async function sentPictures() {
  const reports = await Promise.all(/** @type {any} */ (window).connections.map((/** @type {RTCPeerConnection} */ each) => each.getStats()));
  const sent = reports.flatMap((report) => [...report.values()]).filter(({ type, kind }) => type === 'outbound-rtp' && kind === 'video');
  return Math.max(0, ...sent.map(({ framesSent }) => framesSent));
}

/**
 * Pictures that each of these people sends while something is done.
 * @param {{ page: { evaluate<T>(look: () => Promise<T>): Promise<T> } }[]} people
 * @param {() => Promise<unknown>} act
 */
export async function sentDuring(people, act) {
  const look = () => Promise.all(people.map(({ page }) => page.evaluate(sentPictures)));
  const before = await look();
  await act();
  const after = await look();
  return after.map((sent, index) => sent - before[index]);
}

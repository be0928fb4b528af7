/** A network between a client and the media port that is slow and loses packets, in both directions. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Longest that a packet waits for its turn, in milliseconds; those behind it are dropped, as routers do. */
const LONGEST_QUEUE = 400;

export class WeakNetwork {
  #outside = createSocket('udp4');
  /** The way to the node of each client's address. @type {Map<string, import('node:dgram').Socket>} */
  #ways = new Map();
  #random = 88_675_123;
  #free = 0;
  #open = true;
  /** Packets of clients that came and that were not passed on. */
  counts = { came: 0, lost: 0 };

  /** Use `WeakNetwork.open`. @param {number} target port @param {{ loss: number, kilobits: number }} conditions */
  constructor(target, conditions) {
    this.conditions = conditions;
    this.#outside.on('message', (packet, { address, port }) => {
      const way = this.#wayOf(address, port, target);
      this.counts.came += 1;
      const wait = this.#wait(packet.length);
      if (this.#isLost() || wait > LONGEST_QUEUE) this.counts.lost += 1;
      else setTimeout(() => this.#open && way.send(packet, target, '127.0.0.1'), wait);
    });
  }

  /** @param {number} target port of the node @param {{ loss: number, kilobits: number }} conditions */
  static async open(target, conditions) {
    const network = new WeakNetwork(target, conditions);
    network.#outside.bind(0, '127.0.0.1');
    await once(network.#outside, 'listening');
    return network;
  }

  get port() {
    return this.#outside.address().port;
  }

  /** @param {string} address @param {number} port @param {number} target */
  #wayOf(address, port, target) {
    const name = `${address}:${port}`;
    const known = this.#ways.get(name);
    if (known) return known;
    const way = createSocket('udp4');
    way.on('message', (packet, from) => {
      if (from.port === target && !this.#isLost()) this.#outside.send(packet, port, address);
    });
    this.#ways.set(name, way);
    return way;
  }

  /** When a packet of so many bytes is through, in milliseconds from now. @param {number} bytes */
  #wait(bytes) {
    const now = performance.now();
    const through = Math.max(now, this.#free) + (bytes * 8) / this.conditions.kilobits;
    if (through - now <= LONGEST_QUEUE) this.#free = through;
    return through - now;
  }

  #isLost() {
    this.#random ^= this.#random << 13;
    this.#random ^= this.#random >>> 17;
    this.#random ^= this.#random << 5;
    return (this.#random >>> 0) / 2 ** 32 < this.conditions.loss;
  }

  close() {
    this.#open = false;
    for (const socket of [this.#outside, ...this.#ways.values()]) socket.close();
  }
}

/** Runs in the page: the other side is reached at this port. @param {number} port */
export function reachThrough(port) {
  /** @type {(description: RTCSessionDescriptionInit) => Promise<void>} */
  const setRemoteDescription = RTCPeerConnection.prototype.setRemoteDescription;
  Object.assign(RTCPeerConnection.prototype, {
    /** @this {RTCPeerConnection} @param {RTCSessionDescriptionInit} description */
    setRemoteDescription({ type, sdp }) {
      const rerouted = sdp?.replace(/^(a=candidate:\S+ \d udp \d+) \S+ \d+ /gim, `$1 127.0.0.1 ${port} `);
      return setRemoteDescription.call(this, { type, sdp: rerouted });
    },
  });
}

/** Runs in the page: nothing but TCP gets through to the other side. */
export function onlyTcp() {
  /** @type {(description: RTCSessionDescriptionInit) => Promise<void>} */
  const setRemoteDescription = RTCPeerConnection.prototype.setRemoteDescription;
  Object.assign(RTCPeerConnection.prototype, {
    /** @this {RTCPeerConnection} @param {RTCSessionDescriptionInit} description */
    setRemoteDescription({ type, sdp }) {
      return setRemoteDescription.call(this, { type, sdp: sdp?.replace(/^a=candidate:\S+ \d udp .*\r\n/gim, '') });
    },
  });
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports of this machine that nobody uses. */
export async function freePorts() {
  const listeners = [createServer(), createServer(), createServer(), createServer()];
  const datagrams = createSocket('udp4');
  for (const listener of listeners) listener.listen(0, '127.0.0.1');
  datagrams.bind(0);
  await Promise.all([...listeners, datagrams].map((socket) => once(socket, 'listening')));
  const [web, signaling, store, media, udp] = [...listeners, datagrams].map((socket) => /** @type {{ port: number }} */ (socket.address()).port);
  await Promise.all([...listeners, datagrams].map((socket) => new Promise((closed) => socket.close(() => closed(null)))));
  return { web, signaling, store, media, udp };
}

// Compiled, never run: the declarations promise what the modules have.
import type * as promised from '../index.d.ts';
import type { Room } from '../room.js';
import type { MixdownError } from '../errors.js';
import type { RoomEvents } from '../room.js';

type Has<Real extends Promised, Promised> = Real;

export type Checked = [
  Has<Room, Omit<promised.Room, 'on'>>,
  Has<MixdownError, promised.MixdownError>,
  Has<RoomEvents, promised.RoomEvents>,
  Has<promised.RoomEvents, RoomEvents>,
];

/** Something that did not work, with a code that will not change. */
export class MixdownError extends Error {
  constructor(code: string, message: string);
  /** For programs, for example `recording_off`. */
  readonly code: string;
}

export interface JoinOptions {
  /** Address of the control plane, for example `https://mixdown.example.com`. */
  endpoint: string;
  /** Public key of the application. */
  appKey: string;
  room: string;
  /** Shown to the others. */
  name?: string;
  /** What to publish; leave it out to only watch. */
  stream?: MediaStream;
}

export interface Peer {
  id: string;
  name: string | null;
}

export type RecordingState = 'START' | 'STOP' | 'LINK' | 'ERROR';

export interface RoomEvents {
  peerJoined: [peer: Peer];
  peerLeft: [peer: string];
  /** Media of a peer begins. */
  stream: [peer: string, stream: MediaStream];
  streamEnded: [peer: string];
  /** The URL comes with `LINK`, the error with `ERROR`. */
  recordingState: [
    state: RecordingState,
    recording: string | undefined,
    url: string | undefined,
    error: MixdownError | undefined,
  ];
  /** Something went wrong; the stay goes on. */
  error: [error: MixdownError];
  reconnecting: [];
  /** Back, as a new peer with a new `id`. */
  reconnected: [];
  /** The stay is over. */
  left: [reason: string];
}

/** A stay in a room. */
export class Room {
  private constructor();
  /** This side's own id in the room. */
  readonly id: string;
  /** Whether media goes through the node. */
  readonly relay: boolean;
  /** Everyone else, by id. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** Media of everyone else, by id. */
  readonly streams: ReadonlyMap<string, MediaStream>;
  /** Id of the recording in progress. */
  readonly recording: string | null;

  /** Returns what stops listening. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (...details: RoomEvents[Name]) => void): () => void;
  /** Resolves with the recording's id once media is being captured; rejects with a `MixdownError`. */
  startRecording(): Promise<string>;
  /** Stops the recording in progress, whoever started it; the file follows as `LINK`. */
  stopRecording(): Promise<string>;
  /** Leaves for good. */
  leave(): void;
}

/** Joins a room; rejects with a `MixdownError`. Attach listeners right after. */
export function join(options: JoinOptions): Promise<Room>;

export const Mixdown: { join: typeof join };

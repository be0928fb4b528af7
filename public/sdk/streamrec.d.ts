/** Something that did not work, with the reason in the words of the protocol, for example `TWO_TIMER`. */
export interface StreamrecError extends Error {
  readonly termination_cause?: string;
}

/** How the recording of one stream stands. */
export interface RecordingStateEvent {
  type: 'recording_state';
  state: 'RECORDING' | 'UPLOADING' | 'UPLOADED' | 'FAILED';
  stream_index: number;
  rec_id?: string;
  /** Unix milliseconds. */
  started_at?: number;
  /** Unix milliseconds; after that the upload address takes nothing, as far as it says itself. */
  upload_url_expires_at?: number;
  /** Why it failed, or what may become of it. */
  msg?: string;
}

export interface DisconnectedEvent {
  type: 'disconnected';
  termination_cause: string;
}

/** A client's media, under every name that a page may look for. */
export interface WatchedMedia {
  stream: MediaStream;
  remoteStream: MediaStream;
  streams: MediaStream[];
}

export type ClientEvent = { type: 'connected' } | DisconnectedEvent | RecordingStateEvent;
export type SupervisorEvent = ({ type: 'connected' | 'stream' | 'streams' } & WatchedMedia) | DisconnectedEvent;

/** Watches one client. */
export class Supervisor {
  /** Resolves to the client's first stream. The token may also come after the client's id. */
  connect(supervisorId: string, authToken: string, clientId: string, webhookUrl?: string): Promise<MediaStream>;
  disconnect(): Promise<void>;
  addEventListener(listener: (event: SupervisorEvent) => void): void;
  removeEventListener(listener: (event: SupervisorEvent) => void): void;
  static connect(supervisorId: string, authToken: string, clientId: string, webhookUrl?: string): Promise<MediaStream>;
  static disconnect(): Promise<void>;
  static addEventListener(listener: (event: SupervisorEvent) => void): void;
  static removeEventListener(listener: (event: SupervisorEvent) => void): void;
}

declare const eyeson: {
  readonly version: string;
  readonly maxStreamCount: number;
  Supervisor: typeof Supervisor;
  addEventListener(listener: (event: ClientEvent) => void): void;
  removeEventListener(listener: (event: ClientEvent) => void): void;
  /** Where the service is, when it is not where the module comes from. */
  setEndpoint(url: string): void;
  /** Kilobits per second for each stream, 150 to 4000; `null` leaves it to the browser. Before `connect`. */
  setOptionMaxBitrate(kilobits: number | null): void;
  /** Resolves when media flows. */
  connect(clientId: string, authToken: string, stream: MediaStream | MediaStream[], webhookUrl?: string): Promise<void>;
  /** Of the first generation: only notes both. */
  connect(authToken: string, endpoint?: string): undefined;
  /** Resolves to the recording's id once media is captured. */
  startRecording(uploadUrl: string, webhookUrl?: string): Promise<string>;
  /** One address per stream; a gap leaves a stream out. Resolves to their ids. */
  startRecording(
    uploadUrls: (string | null | undefined)[],
    webhookUrl?: string | (string | undefined)[],
  ): Promise<(string | undefined)[]>;
  /** Of the first generation. */
  startRecording(stream: MediaStream, clientId: string, uploadUrl: string, webhookUrl?: string): Promise<string>;
  switchStream(stream: MediaStream | MediaStream[], index?: number): Promise<void>;
  /** Rejects when nothing is being recorded. */
  stopRecording(): Promise<void>;
  disconnect(): Promise<void>;
  /** Of the first generation. */
  onDisconnect(listener: (event: DisconnectedEvent) => void): void;
};
export default eyeson;

//! Shared maxima. Everything that arrives from outside is checked against one of these.

/// Longest room name, in characters.
pub const ROOM_NAME_CHARS: usize = 128;
/// Longest display name of a peer or an application, in characters.
pub const DISPLAY_NAME_CHARS: usize = 64;
/// Longest name of a StreamRec client, in characters.
pub const CLIENT_NAME_CHARS: usize = 128;
/// Largest signaling message, in bytes; a session description of 64 peers fits.
pub const SIGNALING_MESSAGE_BYTES: usize = 256 * 1024;
/// Signaling messages a client may send in a burst, and per second afterwards.
pub const SIGNALING_BURST: u32 = 100;
/// Refill of the signaling allowance, messages per second.
pub const SIGNALING_PER_SECOND: u32 = 20;
/// Messages waiting for one client; a client that reads more slowly is disconnected.
pub const CLIENT_QUEUE: usize = 256;
/// Peers in one room.
pub const ROOM_PEERS: usize = 32;
/// Tracks one peer may publish.
pub const PEER_TRACKS: usize = 8;
/// Largest message on the link between node and control plane, in bytes.
pub const LINK_MESSAGE_BYTES: usize = 4 * 1024 * 1024;
/// Largest number of part URLs signed in one request.
pub const PARTS_PER_REQUEST: usize = 16;
/// Smallest size of every part but the last (S3 multipart limits), in bytes.
pub const PART_BYTES: usize = 5 * 1024 * 1024;
/// Largest part number S3 accepts.
pub const MAX_PARTS: u16 = 10_000;
/// Seconds a join token may be used to open the signaling socket.
pub const JOIN_TOKEN_SECONDS: u64 = 120;
/// Seconds without a report after which a node's lease on its recordings has run out.
pub const LEASE_SECONDS: u64 = 20;

//! How a socket ends: so that its client hears the last words.

use axum::{Error, extract::ws::Message};
use futures_util::{Stream, StreamExt as _, future::ready};
use std::time::Duration;
use tokio::time::timeout;

/// Time and messages a client has for noticing the end.
pub(super) const LAST_WORDS: Duration = Duration::from_secs(2);
const LAST_MESSAGES: usize = 10_000;

/// After the closing frame. What the client still sends is read and thrown away for a moment: a socket closed with
/// unread bytes is reset, and a client that is sending sees the reset before what was said to it.
pub(super) async fn hear_out(stream: &mut (impl Stream<Item = Result<Message, Error>> + Unpin)) {
    let rest = stream.take(LAST_MESSAGES).take_while(|message| ready(message.is_ok())).for_each(|_| ready(()));
    // A client that goes on sending is cut off.
    let _ = timeout(LAST_WORDS, rest).await;
}

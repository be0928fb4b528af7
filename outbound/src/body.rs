//! What a request carries.

use bytes::Bytes;
use futures_util::{TryStreamExt as _, stream};
use reqwest::{RequestBuilder, header::CONTENT_LENGTH};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::mpsc;

/// The content of a request, whole or made while it is sent.
#[derive(Debug)]
pub enum Body {
    Whole(Bytes),
    /// Pieces that are so many bytes together. An error among them, or too few, breaks the request off. `taken` counts the
    /// bytes that the connection has taken: an answer may come before it has them all.
    Pieces {
        bytes: u64,
        pieces: mpsc::Receiver<io::Result<Bytes>>,
        taken: Arc<AtomicU64>,
    },
}

impl Default for Body {
    fn default() -> Self {
        Self::Whole(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Whole(bytes.into())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Whole(text.into())
    }
}

impl Body {
    pub(crate) fn attach(self, builder: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Whole(bytes) => builder.body(bytes),
            Self::Pieces { bytes, mut pieces, taken } => {
                let pieces = stream::poll_fn(move |context| pieces.poll_recv(context));
                let pieces = pieces.inspect_ok(move |piece| {
                    taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
                });
                builder.header(CONTENT_LENGTH, bytes).body(reqwest::Body::wrap_stream(pieces))
            }
        }
    }
}

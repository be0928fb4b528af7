//! What a request carries.

use bytes::Bytes;
use futures_util::stream;
use reqwest::{RequestBuilder, header::CONTENT_LENGTH};
use std::io;
use tokio::sync::mpsc;

/// The content of a request, whole or made while it is sent.
#[derive(Debug)]
pub enum Body {
    Whole(Bytes),
    /// Pieces that are so many bytes together. An error among them, or too few, breaks the request off.
    Pieces {
        bytes: u64,
        pieces: mpsc::Receiver<io::Result<Bytes>>,
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
            Self::Pieces { bytes, mut pieces } => {
                let pieces = stream::poll_fn(move |context| pieces.poll_recv(context));
                builder.header(CONTENT_LENGTH, bytes).body(reqwest::Body::wrap_stream(pieces))
            }
        }
    }
}

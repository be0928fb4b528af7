//! What requests carry, read strictly: unknown fields, other media types and malformed text are refused.

use crate::http::Problem;
use axum::{
    body::Bytes,
    extract::{self, FromRequest, FromRequestParts, Request},
};
use http::{HeaderMap, StatusCode, header, request::Parts};
use protocol::{
    ids::{ApplicationId, PeerId},
    names::RoomName,
};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use std::str::FromStr;

/// A JSON body.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The content type must be application/json.",
            ));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large.")
            }
            _ => Problem::invalid_body("The body could not be read."),
        })?;
        read(&bytes).map(Self)
    }
}

/// Says of a wrong body which field is wrong.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| Problem::invalid_field(pointer(error.path()), error.inner().to_string()))?;
    json.end().map_err(|error| Problem::invalid_field(String::new(), error.to_string()))?;
    Ok(body)
}

/// A place in a body as RFC 6901 writes it.
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.replace('~', "~0").replace('/', "~1"),
            Segment::Enum { .. } | Segment::Unknown => return pointer,
        };
        format!("{pointer}/{name}")
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
    })
}

/// The parameters after the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        extract::Query::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|rejection| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_query", format!("The query is wrong: {rejection}."))
        })
    }
}

/// Two identifiers in the path, one within the other.
#[derive(Debug)]
pub struct Ids<T, U>(pub T, pub U);

impl<T: FromStr, U: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<T, U> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let extract::Path((outer, inner)) = extract::Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|_| Problem::not_found())?;
        match (outer.parse(), inner.parse()) {
            (Ok(outer), Ok(inner)) => Ok(Self(outer, inner)),
            _ => Err(Problem::not_found()),
        }
    }
}

/// A room in the path, perhaps with one of its peers.
#[derive(Debug)]
pub struct RoomAddress<P = ()> {
    pub application: ApplicationId,
    pub room: RoomName,
    pub peer: P,
}

impl RoomAddress {
    fn of(application: &str, room: String) -> Option<Self> {
        let (application, room) = (application.parse().ok()?, RoomName::try_from(room).ok()?);
        Some(Self { application, room, peer: () })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RoomAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        let extract::Path((application, room)) = path.map_err(|_| Problem::not_found())?;
        Self::of(&application, room).ok_or_else(Problem::not_found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for RoomAddress<PeerId> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = extract::Path::<(String, String, PeerId)>::from_request_parts(parts, state).await;
        let extract::Path((application, room, peer)) = path.map_err(|_| Problem::not_found())?;
        let RoomAddress { application, room, .. } =
            RoomAddress::of(&application, room).ok_or_else(Problem::not_found)?;
        Ok(Self { application, room, peer })
    }
}

/// The identifier in the path. Text that is none names nothing.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let extract::Path(text) =
            extract::Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

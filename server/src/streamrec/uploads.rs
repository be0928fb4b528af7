//! `PUT /api/v2/recordings/{id}/upload_url`: another address for a file that was not taken, or is not sent yet.

use super::{admit, answered, bearer, body, program, refusal};
use crate::http::{ClientAddress, Problem, Web};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::Response,
};
use domain::streamrec::uploads::{self, Replacer};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// How keys of the API begin; other tokens are those of clients.
const API_KEY_PREFIX: &str = "mdk_";

#[derive(Deserialize)]
struct UrlBody {
    upload_url: String,
}

/// Takes the address; the file is sent there at once if it waits.
pub async fn replace_url(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Path(recording): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let token = bearer(&headers)?;
        let UrlBody { upload_url } = body::read(&body)?;
        let replaced = if token.starts_with(API_KEY_PREFIX) {
            let access = program(&web, address, token).await?;
            uploads::replace_url(&web.services, Replacer::Program(&access), &recording, &upload_url).await
        } else {
            uploads::replace_url(&web.services, Replacer::Client(token), &recording, &upload_url).await
        };
        replaced.map_err(refusal)?;
        Ok::<_, Problem>((StatusCode::NO_CONTENT, Value::Null))
    };
    answered(&headers, answer.await)
}

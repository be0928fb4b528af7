//! `/api/v2/stats/{api_id}/…`: sessions and recordings of a month, part by part.

use super::{Answer, admit, answered, bearer, refusal};
use crate::http::{ClientAddress, Problem, Web};
use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::Response,
};
use domain::streamrec::statistics::{self, Selection, Statistics};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize)]
pub struct Asked {
    year: Option<i32>,
    month: Option<u32>,
    limit: Option<u32>,
    next_token: Option<String>,
}

impl From<Asked> for Selection {
    fn from(asked: Asked) -> Self {
        let Asked { year, month, limit, next_token } = asked;
        Self { year, month, limit, next_token }
    }
}

/// Sessions of clients.
pub async fn sessions(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Path(api_id): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let (token, selection) = (bearer(&headers)?, selection(query)?);
        let page = statistics::sessions(&web.services, token, &api_id, &selection).await.map_err(refusal)?;
        document("sessions", &page)
    };
    answered(&headers, answer.await)
}

/// Recordings of clients.
pub async fn recordings(
    State(web): State<Web>,
    Extension(address): Extension<ClientAddress>,
    Path(api_id): Path<String>,
    query: Result<Query<Asked>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let answer = async {
        admit(&web, address)?;
        let (token, selection) = (bearer(&headers)?, selection(query)?);
        let page = statistics::recordings(&web.services, token, &api_id, &selection).await.map_err(refusal)?;
        document("recordings", &page)
    };
    answered(&headers, answer.await)
}

fn selection(query: Result<Query<Asked>, QueryRejection>) -> Result<Selection, Problem> {
    let said = "year, month and limit are numbers.";
    let invalid = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", said);
    query.map(|Query(asked)| asked.into()).map_err(invalid)
}

fn document<T: Serialize>(name: &str, page: &Statistics<T>) -> Answer {
    Ok((StatusCode::OK, json!({ "api_id": page.application, "next_token": page.next_token, name: page.items })))
}

//! Lists that come in pages.

use crate::http::Problem;
use http::StatusCode;
use serde::Deserialize;
use std::str::FromStr;
use utoipa::IntoParams;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

impl PageQuery {
    /// Where the page begins.
    pub fn cursor<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        self.cursor.as_deref().map(str::parse).transpose().map_err(|_| {
            Problem::new(StatusCode::BAD_REQUEST, "invalid_cursor", "The cursor is not one that a page ended with.")
        })
    }
}

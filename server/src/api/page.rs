//! Lists that come in pages.

use super::request::Query;
use crate::http::{Problem, Web};
use axum::extract::FromRequestParts;
use domain::{Access, cursor::List};
use http::request::Parts;
use serde::Deserialize;
use std::{fmt::Display, str::FromStr};
use utoipa::IntoParams;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// The page that was asked for.
#[derive(Debug)]
pub struct Page(PageQuery);

impl<S: Send + Sync> FromRequestParts<S> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state).await.map(|Query(query)| Self(query))
    }
}

impl Page {
    /// As a page of the list of this name; `of` names what the list was chosen by.
    pub fn of<'a>(self, web: &'a Web, access: &Access, name: &str, of: &impl Display) -> PageOf<'a> {
        PageOf { list: List::new(&web.services, access, name, of), query: self.0 }
    }
}

/// A page of one list.
#[derive(Debug)]
pub struct PageOf<'a> {
    list: List<'a>,
    query: PageQuery,
}

impl PageOf<'_> {
    /// Where the page begins; `None` at the beginning of the list.
    pub async fn begins<T: FromStr>(&self) -> Result<Option<T>, Problem> {
        match &self.query.cursor {
            Some(cursor) => Ok(Some(self.list.position(cursor).await?)),
            None => Ok(None),
        }
    }

    /// The cursor of the page that begins there.
    pub async fn next(&self, position: Option<impl Display>) -> Result<Option<String>, Problem> {
        match position {
            Some(position) => Ok(Some(self.list.cursor(&position).await?)),
            None => Ok(None),
        }
    }
}

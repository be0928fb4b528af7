//! Sessions and recordings of a month, for programs with a token for that.

use super::{
    forbidden,
    sessions::lacking,
    tokens::{self, Bearer, Grant},
    webhooks::{iso, wire},
};
use crate::{
    error::{Error, Kind, Result},
    services::Services,
    store::{StatisticRow, StreamrecSessionRow, unsigned},
};
use chrono::{Datelike as _, Months, NaiveDate};
use protocol::{
    ids::{ApplicationId, RecordingId, SessionId},
    recording::RecordingState,
    streamrec::{SessionKind, SessionState},
};
use serde::Serialize;

const DEFAULT_LIMIT: u32 = 100;
const LARGEST_LIMIT: u32 = 1000;

/// Which of them.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    pub year: Option<i32>,
    pub month: Option<u32>,
    pub limit: Option<u32>,
    /// From the page before.
    pub next_token: Option<String>,
}

/// One session.
#[derive(Debug, Serialize)]
pub struct SessionStatistic {
    api_id: ApplicationId,
    session_id: String,
    client_id: String,
    state: SessionState,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_cause: Option<String>,
}

/// One recording.
#[derive(Debug, Serialize)]
pub struct RecordingStatistic {
    api_id: ApplicationId,
    recording_id: String,
    client_id: String,
    session_id: String,
    state: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upload_status_code: Option<u64>,
}

/// Part of a list, newest first.
#[derive(Debug)]
pub struct Statistics<T> {
    pub application: ApplicationId,
    pub items: Vec<T>,
    /// Asks for the next part; `None` at the end.
    pub next_token: Option<String>,
}

/// Sessions of clients.
pub async fn sessions(
    services: &Services,
    token: &str,
    api_id: &str,
    selection: &Selection,
) -> Result<Statistics<SessionStatistic>> {
    let bearer = admit(services, token, api_id).await?;
    let (span, limit) = (span(selection)?, limit(selection)?);
    let before = selection.next_token.as_deref().map(|text| text.parse::<SessionId>().map_err(|_| unknown_token()));
    let (application, kind) = (bearer.application, Some(SessionKind::Client));
    let mut tx = services.read().await?;
    let rows = tx.org(bearer.org).sessions(application, kind, span, before.transpose()?, limit + 1).await?;
    let (rows, more) = cut(rows, limit);
    let next_token = rows.last().filter(|_| more).map(|row| row.id().to_string());
    Ok(Statistics { application, items: rows.iter().map(session).collect(), next_token })
}

/// Recordings of clients.
pub async fn recordings(
    services: &Services,
    token: &str,
    api_id: &str,
    selection: &Selection,
) -> Result<Statistics<RecordingStatistic>> {
    let bearer = admit(services, token, api_id).await?;
    let (span, limit) = (span(selection)?, limit(selection)?);
    let before = selection.next_token.as_deref().map(|text| text.parse::<RecordingId>().map_err(|_| unknown_token()));
    let application = bearer.application;
    let mut tx = services.read().await?;
    let rows = tx.org(bearer.org).upload_statistics(application, span, before.transpose()?, limit + 1).await?;
    let (rows, more) = cut(rows, limit);
    let next_token = rows.last().filter(|_| more).map(|row| row.recording().to_string());
    let items = rows.iter().map(|row| recording(application, row)).collect();
    Ok(Statistics { application, items, next_token })
}

async fn admit(services: &Services, token: &str, api_id: &str) -> Result<Bearer> {
    let bearer = tokens::verify(services, token).await?;
    if bearer.grant != Grant::Stats {
        return Err(lacking());
    }
    if api_id != bearer.application.to_string() {
        return Err(forbidden("client_mismatch", "The token is for another api_id."));
    }
    Ok(bearer)
}

fn cut<T>(mut rows: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    (rows, more)
}

fn limit(selection: &Selection) -> Result<i64> {
    match selection.limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=LARGEST_LIMIT => Ok(limit.into()),
        _ => Err(unprocessable("limit_invalid", "limit is a number from 1 to 1000.")),
    }
}

/// From when until when, in Unix milliseconds.
fn span(selection: &Selection) -> Result<(u64, u64)> {
    let invalid = || unprocessable("month_invalid", "year and month are numbers such as 2026 and 11.");
    let (first, months) = match (selection.year, selection.month) {
        (None, None) => return Ok((0, unsigned(i64::MAX))),
        (Some(year), month) => (NaiveDate::from_ymd_opt(year, month.unwrap_or(1), 1), month.map_or(12, |_| 1)),
        (None, Some(_)) => return Err(invalid()),
    };
    let first = first.filter(|first| (1970..=9999).contains(&first.year())).ok_or_else(invalid)?;
    let end = first.checked_add_months(Months::new(months)).ok_or_else(invalid)?;
    let begin_of = |date: NaiveDate| unsigned(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis());
    Ok((begin_of(first), begin_of(end)))
}

fn session(row: &StreamrecSessionRow) -> SessionStatistic {
    SessionStatistic {
        api_id: row.application(),
        session_id: wire(row.id()),
        client_id: row.client().to_string(),
        state: row.state(),
        created_at: iso(row.created_at),
        stopped_at: row.stopped_at.map(iso),
        termination_cause: row.cause().map(|cause| cause.to_string()),
    }
}

fn recording(application: ApplicationId, row: &StatisticRow) -> RecordingStatistic {
    RecordingStatistic {
        api_id: application,
        recording_id: row.recording().uuid().to_string(),
        client_id: row.client().to_string(),
        session_id: wire(row.session()),
        state: match row.state() {
            RecordingState::Requested | RecordingState::Recording => "RECORDING",
            RecordingState::Stopping | RecordingState::Mixing | RecordingState::Uploading => "UPLOADING",
            RecordingState::Ready => "UPLOADED",
            RecordingState::Failed => "FAILED",
        },
        created_at: iso(row.created_at),
        started_at: row.started_at.map(iso),
        stopped_at: row.stopped_at.map(iso),
        duration_ms: row.duration_ms.map(unsigned),
        size_bytes: row.bytes.map(unsigned),
        upload_status_code: row.refused_status.map(unsigned),
    }
}

fn unknown_token() -> Error {
    unprocessable("next_token_invalid", "next_token is not one that a page ended with.")
}

fn unprocessable(code: &'static str, message: &'static str) -> Error {
    Error::new(Kind::Unprocessable, code, message)
}

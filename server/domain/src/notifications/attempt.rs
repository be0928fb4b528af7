//! One attempt to deliver a message to an endpoint.

use super::{
    signing::sign,
    suspension::{self, Standing},
};
use crate::{
    clock::millis,
    error::{Error, Result},
    jobs::schedule,
    secrets::SealedColumn,
    services::Services,
    store::{ClaimedRow, EndpointRow, NewAttempt, unsigned},
};
use chrono::DateTime;
use outbound::{
    Answer, Method, OutboundError, Request,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE},
};
use protocol::{
    ids::{MessageId, OrgId},
    webhook::AttemptProblem,
};
use std::{collections::BTreeMap, time::Duration};

/// What is kept of an answer.
const KEPT_BODY_CHARS: usize = 4000;
const KEPT_HEADERS: usize = 32;
const KEPT_HEADER_CHARS: usize = 256;
/// The receiver wants no more of anything.
const GONE: u16 = 410;

/// Everything an attempt needs.
pub(super) struct Attempt {
    pub org: OrgId,
    pub endpoint: EndpointRow,
    pub row: ClaimedRow,
    pub body: String,
}

impl Attempt {
    /// Sends, and stores how it went.
    pub(super) async fn make(self, services: &Services) -> Result<()> {
        let request = self.request(services)?;
        let began = services.now();
        let result = services.outbound().send(request).await;
        let latency_ms = services.now().saturating_sub(began);

        let problem = problem(&result);
        let next_at = problem.and_then(|problem| self.next_at(services, problem, &result));
        let standing = Standing::after(&self.endpoint, began, problem, services.now());
        let answer = result.as_ref().ok();
        let attempt = NewAttempt {
            delivery: self.row.id(),
            attempt: self.row.attempts,
            at: began,
            latency_ms,
            status: answer.map(|answer| answer.status),
            problem,
            headers: &answer.map(|answer| kept_headers(&answer.headers)).unwrap_or_default(),
            body: &answer.map(kept_body).unwrap_or_default(),
            next_at,
        };
        let mut tx = services.begin().await?;
        let mut org = tx.org(self.org);
        suspension::note(services, &mut org, &self.endpoint, &standing).await?;
        if let Some(next_at) = next_at {
            org.hasten_queue(self.endpoint.id(), next_at).await?;
        }
        if !org.finish_attempt(&attempt).await? {
            tracing::warn!(delivery = %self.row.id(), "an attempt at a webhook outlived its lease; someone else makes it");
        }
        Ok(tx.commit().await?)
    }

    fn request(&self, services: &Services) -> Result<Request> {
        let (message, timestamp) = (self.row.message(), services.now() / 1000);
        let signatures = self.signatures(services, message, timestamp)?;
        let header = |text: String| HeaderValue::try_from(text).map_err(Error::internal);
        Ok(Request {
            headers: vec![
                (CONTENT_TYPE, HeaderValue::from_static("application/json")),
                (HeaderName::from_static("webhook-id"), header(message.to_string())?),
                (HeaderName::from_static("webhook-timestamp"), header(timestamp.to_string())?),
                (HeaderName::from_static("webhook-signature"), header(signatures)?),
            ],
            body: self.body.clone().into(),
            ..Request::new(Method::POST, self.endpoint.url.parse().map_err(Error::internal)?)
        })
    }

    /// By the present secret, and by the one of before while both count.
    fn signatures(&self, services: &Services, message: MessageId, timestamp: u64) -> Result<String> {
        let endpoint = &self.endpoint;
        let previous_counts = endpoint.previous_until.is_some_and(|until| unsigned(until) > services.now());
        let previous = endpoint.previous_secret.as_deref().filter(|_| previous_counts);
        let secrets = [
            Some((SealedColumn::WebhookSecret, endpoint.secret())),
            previous.map(|sealed| (SealedColumn::WebhookPreviousSecret, sealed)),
        ];
        let mut signatures = Vec::new();
        for (column, sealed) in secrets.into_iter().flatten() {
            let place = column.of(self.org);
            let secret = services.envelope().open(place, endpoint.id(), sealed).map_err(Error::internal)?;
            let signature = sign(endpoint.signing(), &secret, &message.to_string(), timestamp, &self.body);
            signatures.push(signature.map_err(Error::internal)?);
        }
        Ok(signatures.join(" "))
    }

    /// When to try again; `None` when that has been done often enough.
    fn next_at(
        &self,
        services: &Services,
        problem: AttemptProblem,
        result: &Result<Answer, OutboundError>,
    ) -> Option<u64> {
        if problem == AttemptProblem::Gone {
            return None;
        }
        let attempts = unsigned(self.row.attempts - self.row.replayed_after);
        let asked = result.as_ref().ok().and_then(|answer| retry_after(&answer.headers, services.now()));
        let jitter = services.random().fraction().unwrap_or_default();
        let delay = schedule::webhook(attempts, asked, jitter)?;
        Some(services.now() + millis(delay))
    }
}

fn problem(result: &Result<Answer, OutboundError>) -> Option<AttemptProblem> {
    match result {
        Ok(answer) if answer.is_success() => None,
        Ok(answer) if answer.status == GONE => Some(AttemptProblem::Gone),
        Ok(answer) if (300..400).contains(&answer.status) => Some(AttemptProblem::Redirected),
        Ok(_) => Some(AttemptProblem::Refused),
        Err(OutboundError::TimedOut(_)) => Some(AttemptProblem::TimedOut),
        // The same for all others, so that it says nothing about our network.
        Err(_) => Some(AttemptProblem::Unreachable),
    }
}

/// How long the receiver asks to be left alone: seconds, or until a date.
fn retry_after(headers: &HeaderMap, now: u64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = DateTime::parse_from_rfc2822(text).ok()?.timestamp_millis();
    Some(Duration::from_millis(unsigned(until).saturating_sub(now)))
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().chars().take(KEPT_HEADER_CHARS).collect();
    let kept = headers.iter().filter(|(name, _)| *name != SET_COOKIE).take(KEPT_HEADERS);
    kept.map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// Without what a database or a page cannot hold.
fn kept_body(answer: &Answer) -> String {
    let shown = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    answer.text().chars().filter(shown).take(KEPT_BODY_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_may_name_seconds_or_a_date() {
        let asked = |text: &'static str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]);
            retry_after(&headers, 784_111_777_000)
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:59:37 GMT"), Some(Duration::from_secs(600)));
        assert_eq!(asked("Sun, 06 Nov 1994 08:40:37 GMT"), Some(Duration::ZERO));
        assert_eq!((asked("-1"), asked("soon")), (None, None));
    }
}

//! One attempt to deliver a message to the application's webhook.

use super::{runner::Outcome, schedule};
use crate::{
    error::{Error, Result},
    notifications::sign,
    secrets::SealedColumn,
    services::Services,
    store::{MessageRow, NewDelivery, signed},
};
use outbound::{
    Answer, Method, OutboundError, Request,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};
use protocol::ids::{MessageId, OrgId};
use std::time::Duration;
use url::Url;

/// What is kept of an answer.
const KEPT_CHARS: usize = 1000;
/// The receiver wants no more of this message.
const GONE: u16 = 410;

pub(super) async fn run(services: &Services, org: OrgId, id: MessageId, attempt: u64) -> Result<Outcome> {
    let message = services.read().await?.org(org).message(id).await?;
    let Some(message) = message.filter(|message| message.delivered_at.is_none()) else { return Ok(Outcome::Done) };
    // Without a webhook there is nobody to tell any more.
    let Some(request) = request(services, org, id, &message)? else { return Ok(Outcome::Done) };
    let began = services.now();
    let result = services.outbound().send(request).await;
    let latency_ms = services.now().saturating_sub(began);

    let delivered = result.as_ref().is_ok_and(Answer::is_success);
    let next = if delivered { None } else { next_delay(services, attempt, &result) };
    let delivery = NewDelivery {
        message: id,
        attempt: signed(attempt),
        at: began,
        delivered,
        status: result.as_ref().ok().map(|answer| answer.status),
        latency_ms,
        answer: &shown(&result),
        next_at: next.map(|delay| services.now() + u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
    };
    let mut tx = services.begin().await?;
    let mut scope = tx.org(org);
    scope.log_delivery(&delivery).await?;
    if delivered {
        scope.set_message_delivered(id, services.now()).await?;
    }
    tx.commit().await?;
    let error = || Error::unavailable("webhook_not_delivered", "The webhook did not accept the message.");
    Ok(match (delivered, next) {
        (true, _) => Outcome::Done,
        (false, Some(delay)) => Outcome::RetryAfter(delay, error()),
        (false, None) => Outcome::Dead(error()),
    })
}

fn request(services: &Services, org: OrgId, id: MessageId, message: &MessageRow) -> Result<Option<Request>> {
    let (Some(url), Some(sealed)) = (&message.webhook_url, &message.webhook_secret) else { return Ok(None) };
    let url: Url = url.parse().map_err(Error::internal)?;
    let place = SealedColumn::WebhookSecret.of(org);
    let secret = services.envelope().open(place, message.application(), sealed).map_err(Error::internal)?;
    let timestamp = services.now() / 1000;
    let signature = sign(&secret, &id.to_string(), timestamp, &message.body);
    let header = |text: String| HeaderValue::try_from(text).map_err(Error::internal);
    Ok(Some(Request {
        headers: vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("webhook-id"), header(id.to_string())?),
            (HeaderName::from_static("webhook-timestamp"), header(timestamp.to_string())?),
            (HeaderName::from_static("webhook-signature"), header(signature)?),
        ],
        body: message.body.clone().into(),
        ..Request::new(Method::POST, url)
    }))
}

fn next_delay(services: &Services, attempt: u64, result: &Result<Answer, OutboundError>) -> Option<Duration> {
    if result.as_ref().is_ok_and(|answer| answer.status == GONE) {
        return None;
    }
    let asked =
        result.as_ref().ok().and_then(|answer| answer.headers.get(RETRY_AFTER)).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
    schedule::webhook(attempt, asked, services.random().fraction().unwrap_or_default())
}

fn shown(result: &Result<Answer, OutboundError>) -> String {
    match result {
        Ok(answer) => answer.text().chars().filter(|c| !c.is_control()).take(KEPT_CHARS).collect(),
        Err(error) => error.public_message().to_owned(),
    }
}

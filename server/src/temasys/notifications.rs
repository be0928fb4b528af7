//! `/rest/recording/notifications`: whom to tell when a recording is ready, and where recordings go.

use super::{
    Account,
    answer::{Refusal, content},
};
use crate::http::Web;
use axum::{body::Bytes, extract::State, response::Response};
use domain::temasys::{self, Change, NewS3, Settings};
use http::{HeaderMap, header};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, json};

/// Instead of a secret, which nobody reads again.
const MASK: &str = "********";

/// The documented fields; others are passed over, as they always were.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    #[serde(deserialize_with = "flag")]
    notify: Option<bool>,
    url: Option<String>,
    #[serde(deserialize_with = "addresses")]
    email: Option<Vec<String>>,
    s3_arn: Option<String>,
    s3_access_key_id: Option<String>,
    s3_secret_access_key: Option<SecretString>,
}

/// Sets notifications for the first time.
pub async fn create(
    State(web): State<Web>,
    Account(access): Account,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let change = change(fields(&headers, &body)?)?;
    Ok(shown(access.name(), temasys::create(&web.services, &access, change).await?))
}

/// Shows what is set.
pub async fn read(State(web): State<Web>, Account(access): Account) -> Result<Response, Refusal> {
    Ok(shown(access.name(), temasys::get(&web.services, &access).await?))
}

/// Changes what is set; fields that are missing stay.
pub async fn update(
    State(web): State<Web>,
    Account(access): Account,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let change = change(fields(&headers, &body)?)?;
    Ok(shown(access.name(), temasys::update(&web.services, &access, change).await?))
}

fn shown(username: &str, settings: Settings) -> Response {
    let s3 =
        settings.s3.map(|s3| json!({ "s3Arn": s3.arn, "s3AccessKeyId": s3.access_key_id, "s3SecretAccessKey": MASK }));
    content(&json!({ "data": {
        "username": username,
        "notify": settings.notify,
        "url": settings.url.unwrap_or_default(),
        "email": settings.emails,
        "s3Settings": s3.unwrap_or_else(|| json!({})),
    } }))
}

fn change(fields: Fields) -> Result<Change, Refusal> {
    let s3 = match (fields.s3_arn, fields.s3_access_key_id, fields.s3_secret_access_key) {
        (None, None, None) => None,
        (Some(arn), Some(access_key_id), Some(secret_access_key)) => {
            Some(NewS3 { arn, access_key_id, secret_access_key })
        }
        _ => return Err(Refusal::body("s3Arn, s3AccessKeyId and s3SecretAccessKey belong together.".to_owned())),
    };
    Ok(Change { notify: fields.notify, url: fields.url, emails: fields.email, s3 })
}

/// The body as JSON, or as a form when it says so.
pub(super) fn fields<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value = if media.starts_with("application/x-www-form-urlencoded") {
        let pairs =
            url::form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned().into()));
        Value::Object(pairs.collect())
    } else {
        serde_json::from_slice(body).map_err(|error| Refusal::body(format!("The body is no JSON: {error}.")))?
    };
    serde_json::from_value(value).map_err(|error| Refusal::body(format!("The body cannot be used: {error}.")))
}

/// `true`, `false`, 1 or 0, also as text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(flag)),
        Value::Number(number) if number.as_u64() == Some(1) => Ok(Some(true)),
        Value::Number(number) if number.as_u64() == Some(0) => Ok(Some(false)),
        Value::String(text) if matches!(text.as_str(), "true" | "1") => Ok(Some(true)),
        Value::String(text) if matches!(text.as_str(), "false" | "0") => Ok(Some(false)),
        _ => Err(serde::de::Error::custom("notify is true, false, 1 or 0")),
    }
}

/// Separated by commas.
fn addresses<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let split = |text: String| {
        text.split(',').map(str::trim).filter(|address| !address.is_empty()).map(str::to_owned).collect()
    };
    Ok(text.map(split))
}

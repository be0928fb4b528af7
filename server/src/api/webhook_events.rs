//! What is sent to webhook endpoints, for the description of the API.

use domain::notifications;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use utoipa::openapi::OpenApi;

/// The description with what utoipa does not know of: requests that Mixdown makes.
#[derive(Serialize)]
pub struct WithWebhooks<'a> {
    #[serde(flatten)]
    description: &'a OpenApi,
    webhooks: BTreeMap<&'static str, Value>,
}

impl<'a> WithWebhooks<'a> {
    /// One webhook for each event, named as its `type`.
    pub fn of(description: &'a OpenApi) -> Self {
        let webhooks = notifications::schemas().into_iter().map(|(event, schema)| {
            let webhook = webhook(event.as_str(), notifications::summary(event), &schema);
            (event.as_str(), json!({ "post": webhook }))
        });
        Self { description, webhooks: webhooks.collect() }
    }
}

fn webhook(event: &str, summary: &str, schema: &Value) -> Value {
    let header = |name: &str, description: &str| {
        let schema = json!({ "type": "string" });
        json!({ "name": name, "in": "header", "required": true, "description": description, "schema": schema })
    };
    json!({
        "tags": ["Webhooks"],
        "summary": summary,
        "operationId": operation_id(event),
        "parameters": [
            header("webhook-id", "The same in every attempt and replay."),
            header("webhook-timestamp", "When this attempt was made, in Unix seconds."),
            header("webhook-signature", "Signatures by Standard Webhooks 1.0, separated by spaces."),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": schema } } },
        "responses": {
            "2XX": { "description": "It arrived; anything else is tried again." },
            "410": { "description": "Nothing is sent to this endpoint any more." },
        },
    })
}

/// `onRecordingReady` for `recording.ready`.
fn operation_id(event: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    event.split('.').map(capital).fold("on".to_owned(), |id, word| id + &word)
}

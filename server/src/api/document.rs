//! The description of the API: OpenAPI 3.1, made from the code.

use super::{openapi, repetition, revision, webhook_events::WithWebhooks};
use crate::http::Document as Problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use std::sync::Arc;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi as Description, Ref, RefOr, Response as Answer,
        ResponseBuilder, Type,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// Name of the security scheme; operations list the scopes they need.
const SCHEME: &str = "apiKey";
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const PROBLEM_TYPE: &str = "application/problem+json";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Mixdown",
        description = "Records the WebRTC calls of your applications into your bucket. Send an API key \
                       as `Authorization: Bearer mdk_…`. What a key may do, its scopes say; what another \
                       organization owns does not exist. Errors are problems as in RFC 9457, with a stable `code`.\n\n\
                       **Repeating.** A POST with an `Idempotency-Key`, a fresh UUID for each thing you want done, may be \
                       repeated for 24 hours: the work is done once, and the repetition gets the first answer, with \
                       `Idempotent-Replayed: true`.\n\n\
                       **Settings.** Reading settings gives an `ETag`; send it as `If-Match` with the change. `412` \
                       means that somebody was faster: read again. `If-Match: *` changes whatever is there.\n\n\
                       **Lists.** `next` is the `cursor` of the next page; `null` is the end. Cursors are opaque.\n\n\
                       **Limits.** Each key, and each organization, may make so many requests a minute. Every answer \
                       says how many are left, in `RateLimit-Policy` and `RateLimit` \
                       (draft-ietf-httpapi-ratelimit-headers-10); after too many comes `429` with `Retry-After`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This installation")),
    components(schemas(Problem)),
    modifiers(&Security),
)]
struct Frame;

struct Security;

impl Modify for Security {
    fn modify(&self, description: &mut Description) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, `mdk_…`. Operations list the scopes that it needs."))
            .build();
        if let Some(components) = description.components.as_mut() {
            components.add_security_scheme(SCHEME, SecurityScheme::Http(scheme));
        }
    }
}

/// Everything but the operations.
pub(super) fn frame() -> Description {
    Frame::openapi()
}

/// The whole description as JSON, as it is served and checked in.
#[must_use]
pub fn document() -> String {
    let mut description = openapi();
    for (path, item) in &mut description.paths.paths {
        add_repetition(item);
        add_versions(item);
        for operation in operations(item) {
            add_refusals(operation, path.contains('{'));
            add_quotas(operation);
        }
    }
    let mut text = serde_json::to_string_pretty(&WithWebhooks::of(&description)).unwrap_or_default();
    text.push('\n');
    text
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// Every POST makes or starts something, and may be repeated.
fn add_repetition(item: &mut PathItem) {
    let Some(operation) = &mut item.post else { return };
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some("A fresh UUID for each thing you want done; the same one when you repeat the request."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255)).build()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter));
    for answer in answers(operation) {
        add_header(answer, repetition::REPLAYED.as_str(), "`true` when this was answered before.");
    }
}

/// Who says which version a change is meant for read it from a tag.
fn add_versions(item: &mut PathItem) {
    let conditional = |operation: &Operation| parameters(operation).any(|name| name == revision::CONDITION);
    if !operations(item).any(|operation| conditional(operation)) {
        return;
    }
    for operation in operations(item) {
        for answer in answers(operation) {
            add_header(answer, "etag", "The version of the settings, for `If-Match`.");
        }
    }
}

/// What is said about quotas with every answer.
fn add_quotas(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if status.starts_with('2') || status == "429" {
            add_header(answer, "ratelimit", "What is left of each quota, and until when.");
            add_header(answer, "ratelimit-policy", "The quotas.");
        }
        if status == "429" {
            add_header(answer, "retry-after", "Seconds.");
        }
    }
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &str> {
    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter.name.as_str()),
        RefOr::Ref(_) => None,
    })
}

/// The answers of an operation that did what was asked.
fn answers(operation: &mut Operation) -> impl Iterator<Item = &mut Answer> {
    operation.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2')).filter_map(|(_, answer)| {
        match answer {
            RefOr::T(answer) => Some(answer),
            RefOr::Ref(_) => None,
        }
    })
}

fn add_header(answer: &mut Answer, name: &str, said: &str) {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    let header = HeaderBuilder::new().schema(Some(schema)).description(Some(said)).build();
    answer.headers.insert(name.to_owned(), RefOr::T(header));
}

/// Refusals that follow from what an operation takes, so that none is forgotten.
fn add_refusals(operation: &mut Operation, has_id: bool) {
    let takes_body = operation.request_body.is_some();
    let has_query = parameters(operation).count() > usize::from(has_id);
    let may_repeat = parameters(operation).any(|name| name == "Idempotency-Key");
    let conditional = parameters(operation).any(|name| name == revision::CONDITION);
    let refusals = [
        (takes_body || has_query, "400", "The request is not what this address takes."),
        (true, "401", "There is no API key, or it is unknown, revoked or expired."),
        (true, "403", "The key lacks a scope, which the problem names, or may not be used from this address."),
        (has_id, "404", "There is no such thing in the key's organization, or the key may not see it."),
        (
            may_repeat,
            "409",
            "`request_in_progress` or `answer_lost`: about the first request with the Idempotency-Key.",
        ),
        (conditional, "412", "`changed_meanwhile`: somebody changed it since you read it."),
        (takes_body || may_repeat, "413", "The body is too large."),
        (takes_body, "415", "The body is not application/json."),
        (may_repeat, "422", "`idempotency_key_reused`: the Idempotency-Key was sent with another request."),
        (conditional, "428", "`if_match_required`."),
        (true, "429", "Too many requests."),
        (true, "500", "Something went wrong on Mixdown's side; the log has the request's identifier."),
        (true, "503", "Something that is needed does not answer; try again."),
    ];
    for (_, status, said) in refusals.into_iter().filter(|(applies, ..)| *applies) {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let response = ResponseBuilder::new().description(said).content(PROBLEM_TYPE, content).build();
        operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
    }
}

/// Answers with the description; pages of any origin may read it.
pub async fn serve(document: Arc<str>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN),
    ];
    (headers, document.to_string()).into_response()
}

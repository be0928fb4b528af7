//! The description of the API: OpenAPI 3.1, made from the code.

use super::openapi;
use crate::http::Document as Problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use std::sync::Arc;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Description, Ref, RefOr, ResponseBuilder,
        path::Operation,
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
                       organization owns does not exist. Errors are problems as in RFC 9457, with a stable `code`.",
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
        let methods =
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten();
        for operation in methods {
            add_refusals(operation, path.contains('{'));
        }
    }
    let mut text = serde_json::to_string_pretty(&description).unwrap_or_default();
    text.push('\n');
    text
}

/// Refusals that follow from what an operation takes, so that none is forgotten.
fn add_refusals(operation: &mut Operation, has_id: bool) {
    let takes_body = operation.request_body.is_some();
    let has_query = operation.parameters.as_ref().is_some_and(|parameters| parameters.len() > usize::from(has_id));
    let refusals = [
        (takes_body || has_query, "400", "The request is not what this address takes."),
        (true, "401", "There is no API key, or it is unknown, revoked or expired."),
        (true, "403", "The key lacks a scope, which the problem names, or may not be used from this address."),
        (has_id, "404", "There is no such thing in the key's organization, or the key may not see it."),
        (takes_body, "413", "The body is too large."),
        (takes_body, "415", "The body is not application/json."),
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

//! `/api/docs`: the description of the API as a page. Made once, needs no script.

mod prose;
mod schemas;

use crate::http::{Problem, security_headers::REFERENCE_POLICY};
use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, header};
use prose::{Paragraph, Piece, paragraphs};
use schemas::{Field, Kind, Schema};
use serde_json::{Map, Value};
use std::sync::Arc;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const PAGE_TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

#[derive(Template)]
#[template(path = "reference.html")]
struct Page {
    introduction: Vec<Paragraph>,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

/// Operations on one kind of resource.
struct Group {
    name: String,
    anchor: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    description: Vec<Paragraph>,
    scope: String,
    parameters: Vec<Field>,
    body: Option<Kind>,
    /// The example of the body.
    example: Option<String>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    description: Vec<Paragraph>,
    body: Option<Kind>,
}

/// The page, from the description as it is served.
pub fn page(document: &str) -> Arc<str> {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let page = Page {
        introduction: paragraphs(text(&document["info"]["description"])),
        groups: groups(&document),
        schemas: members(&document["components"]["schemas"]).map(|(name, schema)| Schema::of(name, schema)).collect(),
    };
    page.render().unwrap_or_default().into()
}

/// Answers with the page.
pub async fn serve(page: Arc<str>) -> Response {
    if page.is_empty() {
        return Problem::internal().into_response();
    }
    let policy = HeaderValue::from_static(REFERENCE_POLICY);
    let headers = [(header::CONTENT_TYPE, PAGE_TYPE), (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, Html(page.to_string())).into_response()
}

/// In the order in which the operations are listed.
fn groups(document: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let name = text(&operation["tags"][0]);
            let operation = Operation::of(method, path, operation, document);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group {
                    name: name.to_owned(),
                    anchor: name.to_lowercase().replace(' ', "-"),
                    operations: vec![operation],
                }),
            }
        }
    }
    groups
}

impl Operation {
    fn of(method: &str, path: &str, operation: &Value, document: &Value) -> Self {
        let body = json_schema(&operation["requestBody"]);
        let example = body.and_then(|schema| {
            let pointer = schema["$ref"].as_str()?.strip_prefix('#')?;
            serde_json::to_string_pretty(document.pointer(pointer)?.get("example")?).ok()
        });
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        Self {
            id: text(&operation["operationId"]).to_owned(),
            method: method.to_uppercase(),
            path: path.to_owned(),
            summary: text(&operation["summary"]).to_owned(),
            description: paragraphs(text(&operation["description"])),
            scope: text(&operation["security"][0]["apiKey"][0]).to_owned(),
            parameters: parameters.map(Field::of_parameter).collect(),
            body: body.map(Kind::of),
            example,
            answers: members(&operation["responses"]).map(|(status, answer)| Answer::of(status, answer)).collect(),
        }
    }
}

impl Answer {
    fn of(status: &str, answer: &Value) -> Self {
        let body = json_schema(answer).map(Kind::of);
        Self { status: status.to_owned(), description: paragraphs(text(&answer["description"])), body }
    }
}

/// What a request or an answer carries, unless it is a problem, which is the same everywhere.
fn json_schema(of: &Value) -> Option<&Value> {
    of.get("content")?.get("application/json")?.get("schema")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::document;

    #[test]
    fn every_operation_and_every_schema_has_its_place() {
        let document = document();
        let page = page(&document);
        let described: Value = serde_json::from_str(&document).unwrap();
        for (path, item) in members(&described["paths"]) {
            for (_, operation) in members(item) {
                let id = text(&operation["operationId"]);
                assert!(page.contains(&format!("id=\"{id}\"")) && page.contains(path), "{id}");
            }
        }
        for link in page.split("href=\"#").skip(1) {
            let anchor = link.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{anchor}\"")), "nothing is at #{anchor}");
        }
        assert!(!page.contains("<script") && !page.contains("style=\""));
    }
}

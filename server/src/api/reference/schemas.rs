//! Bodies, answers and their fields, as people read them.

use super::{
    members,
    prose::{Paragraph, paragraphs},
    text,
};
use serde_json::Value;

/// What is sent or answered under one name.
pub struct Schema {
    pub name: String,
    pub description: Vec<Paragraph>,
    pub fields: Vec<Field>,
    /// When it has no fields: what it is.
    pub kind: Option<Kind>,
}

/// A field of a body, or a parameter.
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub required: bool,
    pub description: Vec<Paragraph>,
}

/// What a value is: words, or the name of a schema among them.
pub struct Kind {
    pub before: String,
    pub schema: Option<String>,
    pub after: String,
}

impl Schema {
    pub fn of(name: &str, schema: &Value) -> Self {
        let mut fields = Vec::new();
        collect_fields(schema, &mut fields);
        let kind = fields.is_empty().then(|| Kind::of(schema));
        Self { name: name.to_owned(), description: paragraphs(text(&schema["description"])), fields, kind }
    }
}

/// Those of the schema itself, and of all that it is made up of.
fn collect_fields(schema: &Value, fields: &mut Vec<Field>) {
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if let Some(name) = part["$ref"].as_str() {
            let kind = Kind::of(part);
            fields.push(Field {
                name: "…".to_owned(),
                kind,
                required: true,
                description: paragraphs(&format!("All fields of {}.", last(name))),
            });
        }
        collect_fields(part, fields);
    }
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in members(&schema["properties"]) {
        fields.push(Field {
            name: name.to_owned(),
            kind: Kind::of(field),
            required: required.contains(&name),
            description: paragraphs(text(&field["description"])),
        });
    }
}

impl Field {
    pub fn of_parameter(parameter: &Value) -> Self {
        let place = text(&parameter["in"]);
        let kind = Kind::of(&parameter["schema"]);
        Self {
            name: text(&parameter["name"]).to_owned(),
            kind: Kind { after: format!("{}, in the {place}", kind.after), ..kind },
            required: parameter["required"].as_bool().unwrap_or(false),
            description: paragraphs(text(&parameter["description"])),
        }
    }
}

impl Kind {
    pub fn of(schema: &Value) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            return Self { before: String::new(), schema: Some(last(reference).to_owned()), after: String::new() };
        }
        if let Some(items) = schema.get("items") {
            let of = Self::of(items);
            return Self {
                before: format!("list of {}", of.before),
                after: format!("{}{}", of.after, or_null(schema)),
                ..of
            };
        }
        for several in ["oneOf", "anyOf"] {
            let Some(choices) = schema[several].as_array() else { continue };
            let is_null = |choice: &&Value| choice["type"] == "null";
            let null = if choices.iter().any(|choice| is_null(&choice)) { " or null" } else { "" };
            if let Some(choice) = choices.iter().find(|choice| !is_null(choice) && choices.len() <= 2) {
                let of = Self::of(choice);
                return Self { after: format!("{}{null}", of.after), ..of };
            }
            return Self::words("one of several objects");
        }
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            return Self::words(words.join(", "));
        }
        let name = match &schema["type"] {
            Value::String(name) => name,
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("any"),
            _ => "any",
        };
        let name = if schema["format"] == "date-time" { "time (RFC 3339)" } else { name };
        Self::words(format!("{name}{}", or_null(schema)))
    }

    fn words(words: impl Into<String>) -> Self {
        Self { before: words.into(), schema: None, after: String::new() }
    }
}

fn or_null(schema: &Value) -> &'static str {
    let names = schema["type"].as_array();
    if names.is_some_and(|names| names.iter().any(|name| name == "null")) { " or null" } else { "" }
}

/// The name at the end of a reference.
fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}

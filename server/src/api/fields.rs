//! Fields that several bodies have in common.

use crate::http::Problem;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use std::{collections::BTreeMap, fmt::Write as _};

/// Tells a field that is `null` from one that is missing; with `#[serde(default)]`.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Named values as the lines that `domain` takes; refused when a name or a value would be read as something else.
pub fn lines(field: &'static str, pairs: &BTreeMap<String, String>) -> Result<String, Problem> {
    let mut lines = String::new();
    for (name, value) in pairs {
        if name.contains('=') || name.chars().chain(value.chars()).any(char::is_control) {
            let said = format!("A name or a value in {field} has characters that are not allowed.");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "invalid_body", said));
        }
        let _ = writeln!(lines, "{name}={value}");
    }
    Ok(lines)
}

//! Versions of settings, in `ETag` and `If-Match`: a change says which version it is meant for.

use crate::http::Problem;
use axum::extract::FromRequestParts;
use domain::revision::Expected;
use http::{HeaderName, HeaderValue, StatusCode, header, request::Parts};

/// What a change is conditional on, as the description of the API names it.
pub const CONDITION: &str = "If-Match";

/// What a change says about the versions it is meant for. Nobody changes settings without having said it.
#[derive(Debug)]
pub struct IfMatch(pub Expected);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let lines: Vec<_> = parts.headers.get_all(header::IF_MATCH).iter().map(|line| line.to_str().ok()).collect();
        if lines.is_empty() {
            return Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "if_match_required",
                "Send If-Match with the ETag that you read, so that nobody else's change is lost; or If-Match: *.",
            ));
        }
        Ok(Self(expected(lines.into_iter().map(Option::unwrap_or_default))))
    }
}

/// Text that is no strong entity tag matches nothing (RFC 9110, section 13.1.1).
fn expected<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Expected {
    if lines.clone().any(|line| line.trim() == "*") {
        return Expected::Any;
    }
    let tags = lines.flat_map(|line| line.split(','));
    let strong = tags.filter_map(|tag| tag.trim().strip_prefix('"')?.strip_suffix('"'));
    Expected::OneOf(strong.map(str::to_owned).collect())
}

/// The header that names a version; versions are letters, digits and points.
pub fn etag(version: &str) -> Result<[(HeaderName, HeaderValue); 1], Problem> {
    let value = HeaderValue::from_str(&format!("\"{version}\"")).map_err(|_| Problem::internal())?;
    Ok([(header::ETAG, value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_strong_tags_match() {
        let of = |lines: &[&str]| expected(lines.iter().copied());
        let versions = |versions: &[&str]| Expected::OneOf(versions.iter().map(ToString::to_string).collect());
        assert_eq!(of(&["*"]), Expected::Any);
        assert_eq!(of(&["\"3\""]), versions(&["3"]));
        assert_eq!(of(&["\"3\", \"4.spare\"", "\"5\""]), versions(&["3", "4.spare", "5"]));
        assert_eq!(of(&["W/\"3\""]), versions(&[]));
        assert_eq!(of(&["3", ""]), versions(&[]));
    }
}

//! The few fields we read out of answers of S3 and STS.

use quick_xml::{Reader, events::Event};

const CODE_CHARS: usize = 64;

/// The text of the first element of this name, wherever it is and whatever its namespace; `None` when there is none or
/// the text is no XML.
pub(crate) fn first_text(document: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if start.local_name().as_ref() == name.as_bytes() => {
                let text = reader.read_text(start.name()).ok()?;
                return quick_xml::escape::unescape(&text.decode().ok()?).ok().map(std::borrow::Cow::into_owned);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// The code of an error document; empty when it has none. It is shown to people, so it is only letters and digits.
pub(crate) fn code(document: &str) -> String {
    safe_code(&first_text(document, "Code").unwrap_or_default())
}

/// The text, if it looks like a code.
pub(crate) fn safe_code(text: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '.';
    if text.len() <= CODE_CHARS && text.chars().all(known) { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_are_found_whatever_surrounds_them() {
        let sts = r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
            <Code>AccessDenied</Code><Message>a &amp; b</Message></Error></ErrorResponse>"#;
        assert_eq!(code(sts), "AccessDenied");
        assert_eq!(first_text(sts, "Message").as_deref(), Some("a & b"));
        assert_eq!(
            first_text("<a:Error xmlns:a=\"x\"><a:Region>eu-west-1</a:Region></a:Error>", "Region").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!((code(""), code("<Code>no</Cod"), code("<Code>&lt;b&gt;</Code>")), Default::default());
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(text in ".{0,300}") {
            let _ = first_text(&text, "Code");
            let _ = code(&format!("<Error><Code>{text}</Code></Error>"));
        }
    }
}

//! What others wrote, made fit for our mails. Pure.

/// Longest subject, in characters.
const SUBJECT_CHARS: usize = 150;

/// One line, without what ends a line, turns its direction or cannot be seen; the rest of a long one is cut off.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let mut line: String =
        text.chars().map(|c| if c.is_control() || is_deceiving(c) { ' ' } else { c }).take(longest).collect();
    if text.chars().nth(longest).is_some() {
        line.pop();
        line.push('…');
    }
    line.trim().to_owned()
}

/// A subject that is one header and nothing else.
pub(super) fn subject(text: &str) -> String {
    one_line(text, SUBJECT_CHARS)
}

/// Ends of lines by another name, marks of direction, and characters without a width; joiners are part of words.
fn is_deceiving(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_stay_one_line() {
        assert_eq!(one_line("a\r\nBcc: b@example.com", 80), "a  Bcc: b@example.com");
        assert_eq!(one_line("invoice\u{202E}fdp.exe", 80), "invoice fdp.exe");
        assert_eq!(one_line("नमस्ते 👩‍🚀", 80), "नमस्ते 👩‍🚀");
        assert_eq!(one_line("abcdef", 6), "abcdef");
        assert_eq!(one_line("abcdefg", 6), "abcde…");
    }

    proptest! {
        #[test]
        fn whatever_somebody_writes_is_one_bounded_line(text in any::<String>(), longest in 1usize..300) {
            let line = one_line(&text, longest);
            prop_assert!(line.chars().count() <= longest);
            prop_assert!(!line.chars().any(|c| c.is_control() || c == '\u{2028}'), "{line:?}");
        }
    }
}

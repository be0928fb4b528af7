//! Joins the style sheets into one and removes what a browser does not need.

use crate::fingerprint::sorted_entries;
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// Sheets whose order matters; those of single components follow.
const FIRST: [&str; 3] = ["tokens.css", "base.css", "layout.css"];

/// All of `style/` as one sheet.
pub fn collect(folder: &Path) -> Result<String> {
    let mut sheets: Vec<_> = FIRST.iter().map(|name| folder.join(name)).collect();
    let components = sorted_entries(&folder.join("components"))?;
    sheets.extend(components.into_iter().filter(|path| path.extension().is_some_and(|e| e == "css")));
    let mut joined = String::new();
    for sheet in sheets {
        joined += &fs::read_to_string(&sheet).with_context(|| format!("cannot read {}", sheet.display()))?;
        joined.push('\n');
    }
    Ok(minify(&joined))
}

/// Drops comments and folds white space. Strings stay untouched; spaces around operators stay, since they are part
/// of `calc()` and of selectors.
fn minify(sheet: &str) -> String {
    let mut out = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '"' | '\'' => {
                let end = string_end(rest, next);
                out.push_str(&rest[..end]);
                end
            }
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            c if c.is_whitespace() => {
                if !out.is_empty() && !out.ends_with([' ', '{', '}', ';', ':', ',']) {
                    out.push(' ');
                }
                c.len_utf8()
            }
            '{' | '}' | ';' | ',' => {
                while out.ends_with(' ') || (next == '}' && out.ends_with(';')) {
                    out.pop();
                }
                out.push(next);
                1
            }
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    out.truncate(out.trim_end().len());
    out
}

/// Length of the quoted string `text` begins with; an unclosed one reaches to the end.
fn string_end(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meaning_survives() {
        let sheet = "/* note */\n.a > .b , .c {\n  margin: 0 calc(1px + 2px);\n  content: \" ; } \\\" \";\n}\n\n@media (min-width: 3rem) {\n a:hover { color: red; }\n}\n";
        assert_eq!(
            minify(sheet),
            ".a > .b,.c{margin:0 calc(1px + 2px);content:\" ; } \\\" \"}@media (min-width:3rem){a:hover{color:red}}"
        );
    }

    #[test]
    fn a_space_before_a_pseudo_class_is_a_selector() {
        assert_eq!(minify("nav :focus { top: 0 }"), "nav :focus{top:0}");
    }

    #[test]
    fn unclosed_input_ends() {
        assert_eq!(minify("a{}/* open"), "a{}");
        assert_eq!(minify("a{b:'x"), "a{b:'x");
    }
}

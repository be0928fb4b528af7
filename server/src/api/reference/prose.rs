//! Sentences of the description, with the little Markdown that they use: paragraphs, code, strong words.

/// A paragraph.
pub struct Paragraph(pub Vec<Piece>);

/// Text of one look.
pub enum Piece {
    Plain(String),
    Code(String),
    Strong(String),
}

/// Text as paragraphs.
pub fn paragraphs(text: &str) -> Vec<Paragraph> {
    text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(|text| Paragraph(pieces(text))).collect()
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            pieces.push(Piece::Code(part.to_owned()));
            continue;
        }
        for (index, part) in part.split("**").enumerate().filter(|(_, part)| !part.is_empty()) {
            let part = part.to_owned();
            pieces.push(if index % 2 == 1 { Piece::Strong(part) } else { Piece::Plain(part) });
        }
    }
    pieces
}

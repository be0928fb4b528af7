//! What a key looks like: `mdk_`, 30 random characters and 6 that follow from them. A scanner recognises a lost key, and
//! a mistyped one is refused without a look into the database.

use crate::{
    random::{NoRandomness, Random},
    secrets::hash_token,
};
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

const PREFIX: &str = "mdk_";
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 178 bits.
const RANDOM_CHARS: usize = 30;
/// A CRC-32 in base 62.
const CHECK_CHARS: usize = 6;
/// Bytes from here on would make the first letters of the alphabet likelier than the others.
const FAIR: u8 = 248;

/// A whole key; shown once.
#[derive(Debug)]
pub(super) struct Token(SecretString);

impl Token {
    pub(super) fn draw(random: &Random) -> Result<Self, NoRandomness> {
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + RANDOM_CHARS + CHECK_CHARS));
        text.push_str(PREFIX);
        while text.len() < PREFIX.len() + RANDOM_CHARS {
            let bytes = Zeroizing::new(random.bytes::<32>()?);
            let missing = PREFIX.len() + RANDOM_CHARS - text.len();
            let fair = bytes.iter().filter(|&&byte| byte < FAIR).take(missing);
            text.extend(fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
        }
        let check = check(&text);
        text.push_str(&check);
        Ok(Self(SecretString::from(text.as_str())))
    }

    /// The text, when it can be a key.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(PREFIX)?;
        let whole = random.len() == RANDOM_CHARS + CHECK_CHARS && random.bytes().all(|byte| ALPHABET.contains(&byte));
        if !whole {
            return None;
        }
        let (body, given) = text.split_at(PREFIX.len() + RANDOM_CHARS);
        (check(body) == given).then(|| Self(SecretString::from(text)))
    }

    /// What is stored.
    pub(super) fn hash(&self) -> String {
        hash_token(self.0.expose_secret())
    }

    /// The last characters, by which people tell their keys apart.
    pub(super) fn ending(&self) -> &str {
        let text = self.0.expose_secret();
        &text[text.len() - 4..]
    }

    pub(super) fn into_secret(self) -> SecretString {
        self.0
    }
}

fn check(body: &str) -> String {
    let mut number = crc32(body.as_bytes());
    let mut digits = [b'0'; CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(number % 62) as usize];
        number /= 62;
    }
    digits.iter().copied().map(char::from).collect()
}

/// CRC-32 as in zip and PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_key_is_recognised_and_a_mistyped_one_is_not() {
        let token = Token::draw(&Random::seeded(1)).unwrap();
        let text = token.0.expose_secret().to_owned();
        assert_eq!(text.len(), 40);
        assert!(text.starts_with("mdk_") && text.ends_with(token.ending()));
        assert_eq!(Token::parse(&text).unwrap().hash(), token.hash());
        for at in 0..text.len() {
            let mut mistyped = text.clone().into_bytes();
            mistyped[at] = if mistyped[at] == b'a' { b'b' } else { b'a' };
            assert!(Token::parse(&String::from_utf8(mistyped).unwrap()).is_none(), "{at}");
        }
        for other in ["", "mdk_", "mdk_äöü", &text[1..], &format!("{text}0")] {
            assert!(Token::parse(other).is_none(), "{other}");
        }
    }
}

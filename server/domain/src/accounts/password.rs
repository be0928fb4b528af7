//! Passwords: argon2id with OWASP's parameters, hashed off the async threads, a few at a time.

use crate::{
    error::{Error, Result},
    services::Services,
};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use zxcvbn::{Score, zxcvbn};

/// 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const SHORTEST_CHARS: usize = 8;
const LONGEST_BYTES: usize = 1024;
/// Longest wait for a turn to hash.
const PATIENCE: Duration = Duration::from_secs(10);

/// Verified for unknown users, so that they cost the same. No password has this hash.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGF0IGFsbA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that may be set.
pub(super) struct NewPassword(SecretString);

impl NewPassword {
    /// Any characters, as long as it is not one of those that are tried first. `email` counts as known to everybody.
    pub(super) fn parse(text: &str, email: &str) -> Result<Self> {
        if text.chars().count() < SHORTEST_CHARS {
            return Err(Error::invalid("password_too_short", "The password must have at least 8 characters."));
        }
        if text.len() > LONGEST_BYTES {
            return Err(Error::invalid("password_too_long", "The password must have at most 1024 bytes."));
        }
        if zxcvbn(text, &[email]).score() < Score::Two {
            return Err(Error::invalid(
                "password_too_common",
                "This password is among the first that are guessed. Choose another, for example four unusual words.",
            ));
        }
        Ok(Self(SecretString::from(text)))
    }

    pub(super) async fn hash(self, services: &Services) -> Result<String> {
        let salt = services.random().bytes::<16>().map_err(Error::internal)?;
        let salt = SaltString::encode_b64(&salt).map_err(Error::internal)?;
        off_thread(services, move || {
            let hash = argon2()?.hash_password(self.0.expose_secret().as_bytes(), &salt)?;
            Ok(hash.to_string())
        })
        .await
    }
}

/// Whether the password is the one of this hash; without a hash it is checked against nobody's.
pub(super) async fn verify(services: &Services, password: &str, hash: Option<String>) -> Result<bool> {
    let too_long = password.len() > LONGEST_BYTES;
    let password = SecretString::from(if too_long { "" } else { password });
    off_thread(services, move || {
        let known = hash.is_some();
        let text = hash.unwrap_or_else(|| NOBODY.to_owned());
        let matches =
            argon2()?.verify_password(password.expose_secret().as_bytes(), &PasswordHash::new(&text)?).is_ok();
        Ok(matches && known && !too_long)
    })
    .await
}

fn argon2() -> Result<Argon2<'static>, argon2::password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

async fn off_thread<T: Send + 'static>(
    services: &Services,
    work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
) -> Result<T> {
    let turn = tokio::time::timeout(PATIENCE, services.password_hashes().acquire_owned()).await;
    let Ok(Ok(turn)) = turn else {
        return Err(Error::unavailable("busy", "Too many people are signing in; try again."));
    };
    let done = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    done.await.map_err(Error::internal)?.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        assert_eq!(Params::try_from(&nobody).unwrap(), Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).unwrap());
        assert_eq!(nobody.algorithm, Algorithm::Argon2id.ident());
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        let code = |text: &str| NewPassword::parse(text, "anna.lindqvist@example.com").err().map(|error| error.code());
        assert_eq!(code("1234567"), Some("password_too_short"));
        assert_eq!(code(&"x".repeat(LONGEST_BYTES + 1)), Some("password_too_long"));
        for text in [
            "password",
            "Password1",
            "12345678",
            "qwertyuiop",
            "iloveyou1",
            "aaaaaaaaaaaa",
            "anna.lindqvist@example.com",
        ] {
            assert_eq!(code(text), Some("password_too_common"), "{text}");
        }
        for text in ["correct horse battery", "zebra-lamp-41", "smörgåsbord på månen", "Tr0ub4dour&3x"] {
            assert_eq!(code(text), None, "{text}");
        }
    }
}

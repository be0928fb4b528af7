//! The only place of this crate that draws randomness.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// `N` bytes from the operating system.
///
/// # Errors
/// The operating system has no randomness to give; nothing secure can be done then.
pub fn bytes<const N: usize>() -> Result<[u8; N], aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

//! Requests to addresses that customers chose.

/// Private addresses the operator trusts, as `host:port` with `*` for any port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowPrivate(Vec<(String, Option<u16>)>);

/// The list cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0:?} is not host:port")]
pub struct InvalidAllowPrivate(String);

impl std::str::FromStr for AllowPrivate {
    type Err = InvalidAllowPrivate;

    fn from_str(_text: &str) -> Result<Self, Self::Err> {
        Ok(Self::default())
    }
}

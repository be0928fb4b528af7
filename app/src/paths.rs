//! Addresses of the console's pages.

/// Where a signed-in person arrives.
pub const HOME: &str = "/applications";
pub const SIGN_IN: &str = "/sign-in";
pub const STORAGE: &str = "/storage";
pub const OUTBOX: &str = "/outbox";
pub const AUDIT: &str = "/audit";

/// Page of one application.
#[must_use]
pub fn application(id: impl std::fmt::Display) -> String {
    format!("/applications/{id}")
}

/// The demo call of one application.
#[must_use]
pub fn demo(id: impl std::fmt::Display) -> String {
    format!("/demo/{id}")
}

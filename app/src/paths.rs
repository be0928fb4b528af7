//! Addresses of the console's pages.

/// Where a signed-in person arrives.
pub const HOME: &str = "/applications";
pub const SIGN_IN: &str = "/sign-in";
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Where recordings of the org go.
pub const RECORDINGS: &str = "/account/recordings";
pub const ADD_STORAGE: &str = "/account/recordings/add";
pub const API_KEYS: &str = "/account/api-keys";
/// Who belongs to the org.
pub const TEAM: &str = "/account/team";
pub const OUTBOX: &str = "/account/outbox";
pub const AUDIT: &str = "/account/audit";

/// Page of one application.
#[must_use]
pub fn application(id: impl std::fmt::Display) -> String {
    format!("/applications/{id}")
}

/// Who is told what of an application.
#[must_use]
pub fn notifications(application: impl std::fmt::Display) -> String {
    format!("/applications/{application}/notifications")
}

/// One webhook endpoint.
#[must_use]
pub fn endpoint(application: impl std::fmt::Display, endpoint: impl std::fmt::Display) -> String {
    format!("/applications/{application}/notifications/{endpoint}")
}

/// What became of each message.
#[must_use]
pub fn deliveries(application: impl std::fmt::Display) -> String {
    format!("/applications/{application}/deliveries")
}

/// What became of the messages to one endpoint.
#[must_use]
pub fn deliveries_to(application: impl std::fmt::Display, endpoint: impl std::fmt::Display) -> String {
    format!("/applications/{application}/deliveries?endpoint={endpoint}")
}

/// What became of one message.
#[must_use]
pub fn delivery(application: impl std::fmt::Display, delivery: impl std::fmt::Display) -> String {
    format!("/applications/{application}/deliveries?delivery={delivery}#delivery")
}

/// Sessions of StreamRec clients and supervisors.
#[must_use]
pub fn streamrec(application: impl std::fmt::Display) -> String {
    format!("/applications/{application}/streamrec")
}

/// The demo call of one application.
#[must_use]
pub fn demo(id: impl std::fmt::Display) -> String {
    format!("/demo/{id}")
}

/// Page of one storage.
#[must_use]
pub fn storage(id: impl std::fmt::Display) -> String {
    format!("{RECORDINGS}/{id}")
}

/// Where a storage of this kind is added.
#[must_use]
pub fn add_storage(kind: impl std::fmt::Display) -> String {
    format!("{ADD_STORAGE}/{kind}")
}

//! The server side of the console: what a request brings along, who is signed in, and how results travel back to a
//! script or to a plain form. The only module that knows the services.

use crate::{
    error::{ConsoleError, ErrorKind},
    note::{Form, Note},
    pages::account::{Theme, Viewer},
    paths,
};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts, uri::PathAndQuery};
use domain::{Access, Services, error::Kind};
use leptos::{
    prelude::{expect_context, provide_context, use_context},
    reactive::computed::ScopedFuture,
};
use leptos_axum::ResponseOptions;
use protocol::ids::UserId;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt::Write as _, net::IpAddr, str::FromStr};
use tower_sessions::Session;

/// Name under which a session keeps whose it is.
pub const SESSION_USER: &str = "user";
/// Name under which a session keeps what was typed into a form that a cookie is too small for.
const SESSION_ENTERED: &str = "entered";
/// Longest text that is given back for correction; a cookie holds about 4000 bytes.
const ENTERED_BYTES: usize = 1000;
const NOTE_COOKIE: &str = "__Host-mixdown-note";
const THEME_COOKIE: &str = "__Host-mixdown-theme";

/// What every server function and every page needs from the request. The HTTP server provides it as context, both for
/// rendering and for server functions.
#[derive(Clone)]
pub struct Request {
    pub services: Services,
    pub session: Session,
    /// Address of the client, for throttling.
    pub address: IpAddr,
}

impl Request {
    /// Makes it available to [`crate::App`] and to server functions, with what the last form had to say.
    pub fn provide(self) {
        provide_context(self);
        if let Some(note) = take_note() {
            provide_context(note);
        }
    }
}

/// The request being answered.
pub fn request() -> Result<Request, ConsoleError> {
    use_context().ok_or_else(|| internal("the request was not provided as context"))
}

/// First line of every server function that shows or changes what a tenant owns.
pub async fn access() -> Result<(Services, Access), ConsoleError> {
    let Request { services, session, .. } = request()?;
    let user: UserId =
        session.get(SESSION_USER).await.map_err(internal)?.ok_or_else(|| report(ConsoleError::signed_out()))?;
    let access = domain::accounts::access(&services, user).await.map_err(failure)?;
    Ok((services, access))
}

/// See [`crate::load::load`].
pub async fn in_task<T: Send + 'static>(
    loading: impl Future<Output = Result<T, ConsoleError>> + Send + 'static,
) -> Result<T, ConsoleError> {
    tokio::spawn(ScopedFuture::new(loading)).await.unwrap_or_else(|error| Err(internal(error)))
}

/// Answers a form that proves who someone is: begins their session under a new identifier and lets them in.
pub async fn enter(form: Form, email: &str, proof: domain::Result<UserId>) -> Result<(), ConsoleError> {
    let session = request()?.session;
    let user = match proof.map_err(failure) {
        Ok(user) => user,
        Err(error) => return answer(form, email, Err(error)),
    };
    session.cycle_id().await.map_err(internal)?;
    session.insert(SESSION_USER, user).await.map_err(internal)?;
    redirect(paths::HOME);
    Ok(())
}

/// Whether somebody is signed in who still belongs to an org.
pub async fn is_signed_in() -> bool {
    let Ok(Request { services, session, .. }) = request() else { return false };
    let Ok(Some(user)) = session.get::<UserId>(SESSION_USER).await else { return false };
    domain::accounts::access(&services, user).await.is_ok()
}

/// A new password is typed twice.
pub fn same_password(password: &str, repeated: &str) -> Result<(), ConsoleError> {
    if password == repeated {
        return Ok(());
    }
    Err(refusal("passwords_differ", "The two passwords are not the same. Type them again."))
}

/// Ends the session, here and in the store.
pub async fn end_session() -> Result<(), ConsoleError> {
    request()?.session.flush().await.map_err(internal)
}

/// Sends the browser elsewhere, whether a script or a form asked.
pub fn redirect(path: &str) {
    leptos_axum::redirect(path);
}

/// Leads to where something is that a page shows; Leptos would answer only a visitor that way.
pub fn forward(address: &str) {
    redirect(address);
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::FOUND);
    }
}

/// What the frame around the pages shows.
pub fn viewer(access: &Access) -> Viewer {
    Viewer { email: access.name().to_owned(), org: access.org_name().to_owned(), theme: theme() }
}

/// A secret on its only way out: to the person who just made it.
pub fn reveal(secret: Option<SecretString>) -> Option<String> {
    secret.map(|secret| secret.expose_secret().to_owned())
}

/// Milliseconds since 1970 as the views carry them.
pub fn unix_ms(timestamp_millis: i64) -> u64 {
    u64::try_from(timestamp_millis).unwrap_or(0)
}

/// Reads an identifier from an address or a form.
pub fn parse_id<T: FromStr>(text: &str) -> Result<T, ConsoleError> {
    text.parse().map_err(|_| report(ConsoleError::not_found()))
}

/// The public half of a domain error. The private half goes to the log here and nowhere else.
pub fn failure(error: domain::Error) -> ConsoleError {
    let kind = match error.kind() {
        Kind::NotFound => ErrorKind::NotFound,
        Kind::Unauthenticated => ErrorKind::SignedOut,
        Kind::Gone
        | Kind::Invalid
        | Kind::Conflict
        | Kind::Outdated
        | Kind::Unprocessable
        | Kind::Forbidden
        | Kind::Throttled => ErrorKind::Refused,
        Kind::Unavailable => ErrorKind::Unavailable,
        Kind::Internal => return internal(error),
    };
    if kind == ErrorKind::Unavailable {
        tracing::warn!(?error, "a service did not answer");
    }
    report(ConsoleError::new(kind, error.code(), error.public_message()))
}

/// An error of ours: the log gets it, the person gets a constant sentence.
pub fn internal(error: impl std::fmt::Debug) -> ConsoleError {
    tracing::error!(?error, "a server function failed");
    report(ConsoleError::internal())
}

/// Gives scripts a status that fits; a page being rendered, or a form about to be redirected, has its own.
fn report(error: ConsoleError) -> ConsoleError {
    if let (Some(response), true) = (use_context::<ResponseOptions>(), asked_by_script()) {
        response.set_status(match error.kind {
            ErrorKind::SignedOut => StatusCode::UNAUTHORIZED,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Refused => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        });
    }
    error
}

/// A reason to refuse a form that the services need not be asked about.
pub fn refusal(code: &str, message: impl Into<String>) -> ConsoleError {
    report(ConsoleError::new(ErrorKind::Refused, code, message))
}

/// Answers a form: leads back to its page, where a [`Note`] says what became of it. A program gets the error itself.
pub fn answer(form: Form, entered: &str, result: Result<(), ConsoleError>) -> Result<(), ConsoleError> {
    answer_with_secret(form, entered, result.map(|()| None))
}

/// As [`answer`], with something to be shown once.
pub fn answer_with_secret(
    form: Form,
    entered: &str,
    result: Result<Option<String>, ConsoleError>,
) -> Result<(), ConsoleError> {
    if asked_by_script() {
        return result.map(drop);
    }
    let (secret, error) = match result {
        Ok(secret) => (secret, None),
        Err(error) => (None, Some(error)),
    };
    let entered = if error.is_some() && entered.len() <= ENTERED_BYTES { entered.to_owned() } else { String::new() };
    keep_note(&Note { form, error, entered, secret })?;
    redirect_back(form.place());
    Ok(())
}

/// As [`answer`], for a form that has done its work: it leads on to another page, where the [`Note`] says so.
pub fn answer_at(page: &str, form: Form, result: Result<(), ConsoleError>) -> Result<(), ConsoleError> {
    if result.is_err() || asked_by_script() {
        return answer(form, "", result);
    }
    keep_note(&Note { form, error: None, entered: String::new(), secret: None })?;
    redirect(page);
    Ok(())
}

/// For the next page.
fn keep_note(note: &Note) -> Result<(), ConsoleError> {
    let json = leptos::serde_json::to_string(note).map_err(internal)?;
    set_cookie(NOTE_COOKIE, &hexadecimal(&json), 60, "; HttpOnly");
    Ok(())
}

/// As [`answer`], for a form with much text: what was typed waits in the session until the page reads it.
pub async fn answer_keeping(
    form: Form,
    entered: &impl serde::Serialize,
    result: Result<(), ConsoleError>,
) -> Result<(), ConsoleError> {
    if result.is_err() && !asked_by_script() {
        request()?.session.insert(SESSION_ENTERED, entered).await.map_err(internal)?;
    }
    answer(form, "", result)
}

/// What was typed into the form that was refused last; reading it takes it away.
pub async fn take_entered<T: serde::de::DeserializeOwned>(form: Form) -> Result<Option<T>, ConsoleError> {
    if !Note::refuses(form) {
        return Ok(None);
    }
    request()?.session.remove(SESSION_ENTERED).await.map_err(internal)
}

/// Sends the browser back to the page the form was on, to the part of it that has this identifier.
pub fn redirect_back(place: &str) {
    let parts = use_context::<Parts>();
    let referrer =
        parts.as_ref().and_then(|parts| parts.headers.get(header::REFERER)?.to_str().ok()?.parse::<Uri>().ok());
    let page = referrer.as_ref().and_then(Uri::path_and_query).map(PathAndQuery::as_str);
    // Two slashes would begin the name of another host.
    let page = page.filter(|page| !page.starts_with("//")).unwrap_or(paths::HOME);
    let separator = if place.is_empty() { "" } else { "#" };
    redirect(&format!("{page}{separator}{place}"));
}

/// What the form that led to this page had to say; reading it takes it away. Only pages read it.
fn take_note() -> Option<Note> {
    let is_page = use_context::<Parts>()
        .is_some_and(|parts| parts.method == Method::GET && !parts.uri.path().starts_with("/api/"));
    let json = from_hexadecimal(&cookie(NOTE_COOKIE).filter(|_| is_page)?)?;
    set_cookie(NOTE_COOKIE, "", 0, "; HttpOnly");
    leptos::serde_json::from_str(&json).ok()
}

/// Marks the page being rendered as missing.
pub fn set_not_found() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(StatusCode::NOT_FOUND);
    }
}

/// The appearance this browser asked for.
pub fn theme() -> Theme {
    cookie(THEME_COOKIE).and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// Keeps the appearance for a year.
pub fn keep_theme(theme: Theme) {
    set_cookie(THEME_COOKIE, theme.as_str(), 31_536_000, "");
}

fn asked_by_script() -> bool {
    use_context::<Parts>().is_some_and(|parts| {
        let accepts = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        parts.uri.path().starts_with("/api/") && !accepts.contains("text/html")
    })
}

fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .find_map(|pair| Some(pair.trim().strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

fn set_cookie(name: &str, value: &str, seconds: u32, attributes: &str) {
    let line = format!("{name}={value}; Path=/; Secure; SameSite=Lax; Max-Age={seconds}{attributes}");
    if let Ok(value) = HeaderValue::from_str(&line) {
        expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, value);
    }
}

fn hexadecimal(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn from_hexadecimal(text: &str) -> Option<String> {
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes = (0..text.len()).step_by(2).map(byte).collect::<Option<Vec<u8>>>()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_survive_a_cookie() {
        let text = "{\"secret\":\"whsec_é;=\"}";
        assert_eq!(from_hexadecimal(&hexadecimal(text)).as_deref(), Some(text));
        assert_eq!(from_hexadecimal("0"), None);
        assert_eq!(from_hexadecimal("zz"), None);
        assert_eq!(from_hexadecimal("é"), None);
    }
}

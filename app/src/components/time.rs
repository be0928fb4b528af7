use crate::format;
use leptos::prelude::*;

/// A point in time, in UTC.
#[component]
pub fn Instant(unix_ms: u64) -> impl IntoView {
    view! { <time datetime=format::instant_iso(unix_ms) title=format!("{} (UTC)", format::instant_iso(unix_ms))>{format::instant(unix_ms)}</time> }
}

/// A length of time.
#[component]
pub fn Elapsed(ms: u64) -> impl IntoView {
    view! { <time datetime=format::duration_iso(ms)>{format::duration(ms)}</time> }
}

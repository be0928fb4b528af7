//! Account → Recordings: the buckets that recordings go to, what works there, and what to paste so that it does.

mod add;
mod api;
mod checks;
mod detail;
mod fields;
mod overview;
mod paste;
mod standing;
pub(crate) mod view;

pub use add::{AddPage, AddStoragePage};
pub use detail::StoragePage;
pub use overview::{HeldNotice, OverviewPage};

use crate::components::Instant;
use leptos::prelude::*;
use view::Health;

/// Whether recordings can be delivered to a storage, as a word and a colour, and why not.
#[component]
pub fn HealthLine(health: Health, validated_ms: Option<u64>) -> impl IntoView {
    let (class, word, said, at, reason) = match health {
        Health::Working => ("badge badge-good", "Working", "last checked ", validated_ms, None),
        Health::Unproven => {
            ("badge badge-busy", "Unproven", "Nothing is recorded to it before a check has passed.", None, None)
        }
        Health::Degraded { since_ms, reason } => {
            ("badge badge-bad", "Degraded", "since ", Some(since_ms), Some(reason))
        }
    };
    view! {
        <p class="badges">
            <span class=class>{word}</span>
            <span class="muted">{said}{at.map(|at| view! { <Instant unix_ms=at/>" UTC" })}</span>
        </p>
        {reason.map(|reason| view! { <p class="notice notice-bad" role="alert">{reason}</p> })}
    }
}

/// Instead of forms, for those who may only look.
#[component]
fn ReadOnly() -> impl IntoView {
    view! { <p class="notice" role="status">"Only owners and admins of the organization change storages. You can look."</p> }
}

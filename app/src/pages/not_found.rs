//! Addresses that lead nowhere.

use crate::components::Missing;
use leptos::prelude::*;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <main class="entrance"><Missing/></main> }
}

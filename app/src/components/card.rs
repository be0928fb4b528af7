use leptos::prelude::*;
use leptos_meta::Title;

/// The heading of a page, its place in the hierarchy, and what can be done at once.
#[component]
pub fn PageHeader(
    #[prop(into)] title: String,
    /// The page above: its name and address.
    #[prop(optional)]
    parent: Option<(String, String)>,
    /// One line below the heading.
    #[prop(optional, into)]
    summary: Option<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <Title text=title.clone()/>
        <header class="page-header">
            <div>
                {parent.map(|(name, path)| view! { <p class="breadcrumb"><a href=path>{name}</a></p> })}
                <h1>{title}</h1>
                {summary.map(|summary| view! { <p class="muted">{summary}</p> })}
            </div>
            {children.map(|children| view! { <div class="page-actions">{children()}</div> })}
        </header>
    }
}

/// A titled region of a page.
#[component]
pub fn Card(
    /// Unique on the page; labels the region.
    id: &'static str,
    title: &'static str,
    /// Fills the width of a grid of cards.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-heading");
    view! {
        <section class="card" class:card-wide=wide id=id aria-labelledby=heading>
            <h2 id=heading.clone()>{title}</h2>
            {children()}
        </section>
    }
}

/// What to do next where there is nothing yet.
#[component]
pub fn EmptyState(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <svg class="empty-picture" viewBox="0 0 96 48" aria-hidden="true">
                <rect x="2" y="8" width="26" height="32" rx="4"/>
                <rect x="35" y="8" width="26" height="32" rx="4"/>
                <rect x="68" y="8" width="26" height="32" rx="4"/>
                <circle cx="15" cy="21" r="5"/>
                <circle cx="48" cy="21" r="5"/>
                <path d="M76 18v12l11-6z"/>
            </svg>
            <h3>{title}</h3>
            {children()}
        </div>
    }
}

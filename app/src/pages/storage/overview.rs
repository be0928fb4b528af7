use super::{
    HealthLine, ReadOnly,
    api::{CreateEmbeddedStorage, load_overview},
    view::{Health, HeldView, OverviewView, Standing, StorageView},
};
use crate::{
    components::{Card, EmptyState, FormNotice, Instant, Notice, PageHeader, Problem, Tone},
    format,
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};

/// Where recordings go.
#[component]
pub fn OverviewPage() -> impl IntoView {
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_overview()).await {
                    Ok(overview) => Either::Left(view! { <Overview overview/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Overview(overview: OverviewView) -> impl IntoView {
    let OverviewView { storages, held, may_change, embedded_available } = overview;
    let add = may_change.then(|| view! { <a class="button button-primary" href=paths::ADD_STORAGE>"Add storage"</a> });
    let content = if storages.is_empty() {
        Either::Left(view! { <NoStorage may_change embedded_available/> })
    } else {
        Either::Right(view! { <Storages storages may_change/> })
    };
    view! {
        <PageHeader
            title="Recordings"
            summary="Finished recordings go straight into buckets of yours; Mixdown keeps no copy. Media nodes never see a credential."
        >
            {add}
        </PageHeader>
        {(!may_change).then(|| view! { <ReadOnly/> })}
        {held.map(|held| view! { <HeldNotice held/> })}
        {content}
    }.into_any()
}

/// Says what waits because the bucket does not work, and until when.
#[component]
pub fn HeldNotice(held: HeldView) -> impl IntoView {
    let (are, they) = if held.recordings == 1 { ("is", "it is") } else { ("are", "they are") };
    view! {
        <Notice tone=Tone::Bad>
            <p>
                <strong>{format::count(held.recordings, "recording")}" held. "</strong>
                "Because the bucket does not work, "{if held.recordings == 1 { "it" } else { "they" }}" "{are}
                " kept encrypted on the media node"
                {held.oldest_ms.map(|at| view! { " since "<Instant unix_ms=at/>" UTC" })}
                " and delivered as soon as it works again."
            </p>
            <p>
                {match held.lost_ms {
                    Some(at) => Either::Left(view! { "The first is given up on "<Instant unix_ms=at/>" UTC, " }),
                    None => Either::Right(view! { "At the latest " {they} " given up " }),
                }}
                {format!("{} after it was held.", format::count(held.limit_hours, "hour"))}
            </p>
        </Notice>
    }
    .into_any()
}

#[component]
fn Storages(storages: Vec<StorageView>, may_change: bool) -> impl IntoView {
    let (spare, used): (Vec<_>, Vec<_>) = storages.into_iter().partition(|storage| storage.standing == Standing::Spare);
    let (second, primary): (Vec<_>, Vec<_>) =
        used.into_iter().partition(|storage| storage.standing == Standing::Second);
    let primary = match primary.into_iter().next() {
        Some(storage) => Either::Left(view! { <StorageFacts storage/> }),
        None => Either::Right(view! {
            <p class="notice notice-bad">"No storage is in use, so nothing can be recorded. Open one of those below and use it as the primary."</p>
        }),
    };
    let second = match second.into_iter().next() {
        Some(storage) => Either::Left(view! { <StorageFacts storage/> }),
        None => Either::Right(view! { <NoSecond may_change/> }),
    };
    view! {
        <div class="cards">
            <Card id="primary" title="Recordings go to">{primary}</Card>
            <Card id="second" title="While that does not work">{second}</Card>
        </div>
        {(!spare.is_empty()).then(|| view! { <Spares spare/> })}
    }
    .into_any()
}

#[component]
fn NoSecond(may_change: bool) -> impl IntoView {
    view! {
        <p class="muted">
            "No second storage. While the primary does not work, recordings are held encrypted on the media node. With a second storage they are delivered there instead."
        </p>
        {may_change.then(|| view! {
            <p><a class="button" href=paths::ADD_STORAGE>"Add a second storage"</a></p>
        })}
    }
}

/// A storage in short, with the way to its page.
#[component]
fn StorageFacts(storage: StorageView) -> impl IntoView {
    let StorageView { id, kind, health, validated_ms, form, .. } = storage;
    view! {
        <h3 class="identifier"><a href=paths::storage(id)>{form.name.clone()}</a></h3>
        <HealthLine health validated_ms/>
        <dl class="facts">
            <dt>"Kind"</dt><dd>{kind.label()}</dd>
            <dt>"Bucket"</dt><dd><code class="identifier">{form.bucket}</code></dd>
            {(!form.prefix.is_empty()).then(|| view! { <dt>"Prefix"</dt><dd><code class="identifier">{form.prefix}</code></dd> })}
            {(!form.endpoint.is_empty()).then(|| view! { <dt>"Endpoint"</dt><dd><code class="identifier">{form.endpoint}</code></dd> })}
            <dt>"Region"</dt><dd><code>{form.region}</code></dd>
        </dl>
        <p><a class="button" href=paths::storage(id)>"Open"<span class="visually-hidden">" the storage "{form.name}</span></a></p>
    }.into_any()
}

#[component]
fn Spares(spare: Vec<StorageView>) -> impl IntoView {
    let items = spare.into_iter().map(|storage| {
        let badge = match storage.health {
            Health::Working => ("badge badge-good", "Working"),
            Health::Unproven => ("badge badge-busy", "Unproven"),
            Health::Degraded { .. } => ("badge badge-bad", "Degraded"),
        };
        view! {
            <li class="tile">
                <h3><a class="tile-link" href=paths::storage(storage.id)>{storage.form.name}</a></h3>
                <p class="muted identifier">{storage.kind.label()}", "<code>{storage.form.bucket}</code></p>
                <p class="badges"><span class=badge.0>{badge.1}</span></p>
            </li>
        }
    });
    view! {
        <section class="group" aria-labelledby="spare-heading">
            <h2 id="spare-heading">"Not in use"</h2>
            <p class="muted">"Recordings that lie in them can still be played and downloaded."</p>
            <ul class="tiles">{items.collect_view()}</ul>
        </section>
    }
}

#[component]
fn NoStorage(may_change: bool, embedded_available: bool) -> impl IntoView {
    let embedded = embedded_available.then(|| {
        view! {
            <form method="post" action=CreateEmbeddedStorage::url()>
                <button type="submit" class="button">"Try it out with the embedded store"</button>
            </form>
        }
    });
    let ways = may_change.then(|| {
        view! {
            <p><a class="button button-primary" href=paths::ADD_STORAGE>"Add storage"</a></p>
            {embedded}
            <FormNotice form=Form::AddStorage/>
        }
    });
    view! {
        <EmptyState title="No storage yet">
            <p>"Recordings need a bucket of yours: at Amazon S3, or at any store that speaks S3. Until there is one, Recording cannot be switched on."</p>
            {ways}
        </EmptyState>
    }
}

use super::{
    api::list_recordings,
    manage::Manage,
    player::Player,
    recording_rows::{RecordingRows, Scale},
    view::RecordingList,
};
use crate::{
    components::{Card, EmptyState, FormNotice, Problem},
    error::ErrorKind,
    format,
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, task::spawn_local};
use protocol::ids::ApplicationId;
use std::time::Duration;

/// How often a visible page looks again while a recording is on its way.
const REFRESH: Duration = Duration::from_secs(2);
/// Every how many of these looks happens while none is.
const IDLE_FACTOR: u32 = 5;

/// What of the recordings the address names.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Where this page of the list begins.
    pub after: Option<String>,
    /// The recording in the player.
    pub playing: Option<String>,
    /// The recording that is managed.
    pub managed: Option<String>,
}

/// Recordings of one application, the player, and what can be done about one of them.
#[component]
pub fn RecordingsCard(application: ApplicationId, shown: Shown) -> impl IntoView {
    let Shown { after, playing, managed } = shown;
    let close = format!("{}#recordings", page_address(application, after.as_deref()));
    let player = playing.map(|recording| view! { <Player recording close=close.clone()/> });
    let manage = managed.map(|recording| view! { <Manage recording close=close.clone()/> });
    view! {
        <Card id="recordings" title="Recordings" wide=true>
            {player}
            {manage}
            <FormNotice form=Form::StopRecording done="The recording is being stopped."/>
            <Suspense>
                {Suspend::new(async move {
                    match load(list_recordings(application.to_string(), after.clone())).await {
                        Ok(list) => Either::Left(view! { <LiveRecordings application after list/> }),
                        Err(error) => Either::Right(view! { <Problem error/> }),
                    }
                })}
            </Suspense>
        </Card>
    }
}

/// Address of the part of the list that begins after this place.
fn page_address(application: ApplicationId, after: Option<&str>) -> String {
    let page = paths::application(application);
    after.map_or_else(|| page.clone(), |after| format!("{page}?after={after}"))
}

/// The list, kept fresh where a script can look again.
#[island]
fn LiveRecordings(application: ApplicationId, after: Option<String>, list: RecordingList) -> impl IntoView {
    let list = RwSignal::new(list);
    keep_fresh(application, after.clone(), list);
    view! {
        {move || {
            let (after, list) = (after.clone(), list.get());
            if list.items.is_empty() {
                return Either::Left(view! { <Nothing application first=after.is_none()/> });
            }
            Either::Right(view! { <Recordings application after list/> })
        }}
    }
}

/// Looks again every now and then. What is shown stays when the server does not answer.
fn keep_fresh(application: ApplicationId, after: Option<String>, list: RwSignal<RecordingList>) {
    let looks = StoredValue::new(0_u32);
    let look = move || {
        looks.update_value(|count| *count = count.wrapping_add(1));
        let due = list.with_untracked(|list| list.in_progress() > 0) || looks.get_value().is_multiple_of(IDLE_FACTOR);
        if !due || document().hidden() {
            return;
        }
        let after = after.clone();
        spawn_local(async move {
            match load(list_recordings(application.to_string(), after)).await {
                Ok(fresh) if list.with_untracked(|shown| *shown != fresh) => list.set(fresh),
                Err(error) if error.kind == ErrorKind::SignedOut => {
                    let _ = window().location().reload();
                }
                _ => {}
            }
        });
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(look.clone(), REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn Recordings(application: ApplicationId, after: Option<String>, list: RecordingList) -> impl IntoView {
    let here = page_address(application, after.as_deref());
    let newest =
        after.map(|_| view! { <a class="button button-small" href=page_address(application, None)>"Newest"</a> });
    let older = list.next.as_deref().map(|next| page_address(application, Some(next)));
    let older = older.map(|address| view! { <a class="button button-small" href=address>"Older"</a> });
    let shown = format::count(list.items.len(), "recording");
    let summary = match list.in_progress() {
        0 => format!("{shown} on this page."),
        on_the_way => format!("{shown} on this page, {on_the_way} on the way."),
    };
    let scale = Scale::of(&list.items);
    let rows_here = here.clone();
    let rows =
        list.items.into_iter().map(move |recording| view! { <RecordingRows recording scale here=rows_here.clone()/> });
    view! {
        <div class="list-head">
            <p class="muted" role="status">{summary}</p>
            <a class="button button-small" href=here>"Refresh"</a>
        </div>
        <div class="table-frame">
            <table class="table recordings">
                <caption class="visually-hidden">"Recordings, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"State"</th>
                        <th scope="col">"Room"</th>
                        <th scope="col">"Started (UTC)"</th>
                        <th scope="col">"Duration"</th>
                        <th scope="col">"Size"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                {rows.collect_view()}
            </table>
        </div>
        <div class="pager">{newest}{older}</div>
    }
}

/// Says how to get a first recording, or that the list has ended.
#[component]
fn Nothing(application: ApplicationId, first: bool) -> impl IntoView {
    if !first {
        return Either::Left(view! {
            <p class="muted">"No older recordings. "<a href=paths::application(application)>"To the newest"</a></p>
        });
    }
    Either::Right(view! {
        <EmptyState title="No recordings here yet">
            <p>"Open the demo call, share its link with someone (or a second tab), and start a recording. The file arrives here seconds after you stop."</p>
            <p><a class="button" href=paths::demo(application)>"Open the demo call"</a></p>
        </EmptyState>
    })
}

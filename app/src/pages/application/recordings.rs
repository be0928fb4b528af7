use super::{
    api::{StopRecording, list_recordings},
    player::Player,
    recording_rows::{RecordingRows, Scale},
    view::RecordingList,
};
use crate::{
    components::{Card, EmptyState, FormNotice, Loading, Problem},
    error::{ConsoleError, ErrorKind},
    format, paths,
};
use leptos::{either::{Either, EitherOf3}, prelude::*};
use leptos_router::hooks::use_query_map;
use std::time::Duration;

/// How often a visible page looks again while a recording is on its way.
const REFRESH: Duration = Duration::from_secs(2);
/// Every how many of these looks happens while none is.
const IDLE_FACTOR: u32 = 5;

/// Recordings of one application, kept fresh, and the player.
#[component]
pub fn RecordingsCard(application: Memo<String>) -> impl IntoView {
    let query = use_query_map();
    let after = Memo::new(move |_| query.read().get("after"));
    let playing = Memo::new(move |_| query.read().get("play"));
    let stop = ServerAction::<StopRecording>::new();
    let list = Resource::new(
        move || (application.get(), after.get(), stop.version().get()),
        |(application, after, _)| list_recordings(application, after),
    );
    keep_fresh(list);
    let here = Signal::derive(move || match after.get() {
        Some(after) => format!("{}?after={after}", paths::application(application.get())),
        None => paths::application(application.get()),
    });
    view! {
        <Card id="recordings" title="Recordings" wide=true>
            <Player recording=playing close=here/>
            <FormNotice action=stop/>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match list.await {
                        Ok(list) => EitherOf3::A(view! { <Recordings list application after=after.get_untracked() here stop/> }),
                        // The page itself says so.
                        Err(ConsoleError { kind: ErrorKind::NotFound, .. }) => EitherOf3::B(()),
                        Err(error) => EitherOf3::C(view! { <Problem error/> }),
                    }
                })}
            </Transition>
        </Card>
    }
}

/// Looks again every now and then; scripts only.
fn keep_fresh(list: Resource<Result<RecordingList, ConsoleError>>) {
    let looks = StoredValue::new(0_u32);
    Effect::new(move |_| {
        let look = move || {
            if document().hidden() {
                return;
            }
            looks.update_value(|count| *count = count.wrapping_add(1));
            let busy = list.with_untracked(|list| matches!(list, Some(Ok(list)) if list.in_progress() > 0));
            if busy || looks.get_value() % IDLE_FACTOR == 0 {
                list.refetch();
            }
        };
        if let Ok(timer) = set_interval_with_handle(look, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn Recordings(
    list: RecordingList,
    application: Memo<String>,
    after: Option<String>,
    /// This page, without the player.
    here: Signal<String>,
    stop: ServerAction<StopRecording>,
) -> impl IntoView {
    let first = after.map(|_| view! { <a class="button button-small" href=move || paths::application(application.get())>"Newest"</a> });
    if list.items.is_empty() {
        return Either::Left(view! { <Nothing application/> {first} });
    }
    let in_progress = list.in_progress();
    let summary = if in_progress == 0 {
        format::count(list.items.len(), "recording")
    } else {
        format!("{}, {in_progress} on the way", format::count(list.items.len(), "recording"))
    };
    let older = list.next.map(|next| {
        view! { <a class="button button-small" href=move || format!("{}?after={next}", paths::application(application.get()))>"Older"</a> }
    });
    let scale = Scale::of(&list.items);
    let items = StoredValue::new(list.items);
    Either::Right(view! {
        <div class="list-head">
            <p class="muted" role="status">{summary}" on this page. Times are UTC."</p>
            <a class="button button-small" href=move || here.get() rel="external">"Refresh"</a>
        </div>
        <div class="table-frame">
            <table class="table recordings">
                <caption class="visually-hidden">"Recordings, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"State"</th>
                        <th scope="col">"Room"</th>
                        <th scope="col">"Started"</th>
                        <th scope="col">"Duration"</th>
                        <th scope="col">"Size"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <For each=move || items.get_value() key=|recording| recording.clone() let:recording>
                    <RecordingRows recording scale here stop/>
                </For>
            </table>
        </div>
        <div class="pager">{first}{older}</div>
    })
}

/// Says how to get a first recording.
#[component]
fn Nothing(application: Memo<String>) -> impl IntoView {
    view! {
        <EmptyState title="No recordings here yet">
            <p>"Open the demo call, share its link with someone (or a second tab), and press Record. The file arrives here seconds after you stop."</p>
            <p><a class="button" href=move || paths::demo(application.get()) rel="external">"Open the demo call"</a></p>
        </EmptyState>
    }
}

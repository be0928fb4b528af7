use super::{api::load_playback, view::Playback};
use crate::{
    components::{Instant, Loading, Notice, Tone},
    error::ConsoleError,
};
use leptos::{either::Either, html, prelude::*};

/// Plays the recording the address names.
#[component]
pub fn Player(
    recording: Memo<Option<String>>,
    /// The page without the player.
    #[prop(into)]
    close: Signal<String>,
) -> impl IntoView {
    let playback = Resource::new(
        move || recording.get(),
        |recording| async move {
            match recording {
                Some(recording) => load_playback(recording).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <Suspense fallback=Loading>
            {move || Suspend::new(async move { playback.await.transpose().map(|loaded| view! { <Screen loaded close/> }) })}
        </Suspense>
    }
}

#[component]
fn Screen(loaded: Result<Playback, ConsoleError>, close: Signal<String>) -> impl IntoView {
    let region = NodeRef::<html::Section>::new();
    Effect::new(move |_| {
        if let Some(region) = region.get() {
            region.scroll_into_view();
        }
    });
    let content = match loaded {
        Ok(playback) => Either::Left(view! {
            <div class="player-head">
                <h3>{playback.room.clone()}</h3>
                <span class="muted"><Instant unix_ms=playback.started_ms/>" UTC"</span>
                <a class="button button-small" href=move || close.get()>"Close"</a>
            </div>
            <video class="player-video" controls autoplay playsinline preload="metadata" src=playback.url>
                "This browser does not play video; use the download instead."
            </video>
        }),
        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
    };
    view! { <section class="player" aria-label="Player" node_ref=region>{content}</section> }
}

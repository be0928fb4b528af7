use super::api::load_playback;
use crate::components::{Instant, Notice, Tone};
use crate::load::load;
use leptos::{either::Either, prelude::*};

/// Plays one recording.
#[component]
pub fn Player(
    recording: String,
    /// The page without the player.
    close: String,
) -> impl IntoView {
    view! {
        <section class="player" id="player" aria-label="Player">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_playback(recording)).await {
                        Ok(playback) => Either::Left(view! {
                            <div class="player-head">
                                <h3>{playback.room}</h3>
                                <span class="muted"><Instant unix_ms=playback.started_ms/>" UTC"</span>
                                <a class="button button-small" href=close>"Close"</a>
                            </div>
                            <video class="player-video" controls autoplay playsinline preload="metadata" poster=playback.poster src=playback.url>
                                "This browser does not play video; use the download instead."
                            </video>
                        }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </section>
    }
}

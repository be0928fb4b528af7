//! One delivery: what was sent, and every answer.

use super::{
    api::{ReplayDelivery, load_delivery},
    view::{AttemptView, DeliveryDetail},
    words,
};
use crate::{
    components::{FormNotice, Instant, Notice, Tone},
    load::load,
    note::Form,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn, task::spawn_local};
use protocol::ids::DeliveryId;
use std::time::Duration;

/// How often a visible page looks again until the first attempt was made.
const REFRESH: Duration = Duration::from_millis(700);

/// The delivery that the address names.
#[component]
pub fn DeliveryPanel(
    delivery: String,
    /// This page.
    here: String,
    /// The page without this.
    close: String,
) -> impl IntoView {
    view! {
        <section class="player manage" id="delivery" aria-label="Delivery">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_delivery(delivery)).await {
                        Ok(detail) => Either::Left(view! { <Panel detail here close/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn Panel(detail: DeliveryDetail, here: String, close: String) -> impl IntoView {
    let (id, event) = (detail.delivery.id, detail.delivery.event);
    let replay = (detail.may_change && detail.body.is_some()).then(|| {
        view! {
            <form method="post" action=ReplayDelivery::url()>
                <input type="hidden" name="delivery" value=id.to_string()/>
                <button type="submit" class="button">"Send again"</button>
            </form>
        }
    });
    view! {
        <div class="player-head">
            <h3><code>{event.as_str()}</code></h3>
            <span class="muted"><Instant unix_ms=detail.delivery.created_ms/>" UTC"</span>
            <a class="button button-small" href=close>"Close"</a>
        </div>
        // With the address: a browser would not load a page again whose address has a fragment.
        {detail.is_new().then(|| view! {
            <noscript><meta http-equiv="refresh" content=format!("2;url={here}")/></noscript>
        })}
        <LiveDelivery detail/>
        {replay}
        <FormNotice form=Form::ReplayDelivery done="It is being sent again, under the same webhook-id."/>
    }
    .into_any()
}

/// Kept fresh until the first attempt was made, where a script can look again.
#[island]
fn LiveDelivery(detail: DeliveryDetail) -> impl IntoView {
    let id = detail.delivery.id;
    let detail = RwSignal::new(detail);
    follow(id, detail);
    view! { {move || view! { <Facts detail=detail.get()/> }} }
}

fn follow(id: DeliveryId, detail: RwSignal<DeliveryDetail>) {
    let look = move || {
        if !detail.with_untracked(DeliveryDetail::is_new) || document().hidden() {
            return;
        }
        spawn_local(async move {
            if let Ok(fresh) = load_delivery(id.to_string()).await {
                detail.set(fresh);
            }
        });
    };
    Effect::new(move |_| {
        if let Ok(timer) = set_interval_with_handle(look, REFRESH) {
            on_cleanup(move || timer.clear());
        }
    });
}

#[component]
fn Facts(detail: DeliveryDetail) -> impl IntoView {
    let DeliveryDetail { delivery, message, body, attempts, .. } = detail;
    let (class, word) = words::delivery_badge(delivery.state, delivery.attempts);
    let next = delivery.next_ms.filter(|_| delivery.attempts > 0);
    let body = match body {
        Some(body) => Either::Left(view! {
            <details class="mail" open=true><summary>"What is sent"</summary><pre class="mail-text" tabindex="0">{body}</pre></details>
        }),
        None => Either::Right(view! { <p class="muted">"What was sent is kept no longer."</p> }),
    };
    let attempts = attempts.into_iter().rev().map(|attempt| view! { <li><Attempt attempt/></li> });
    view! {
        <dl class="facts">
            <dt>"State"</dt><dd role="status" data-state=delivery.state.as_str()><span class=class>{word}</span></dd>
            <dt>"To"</dt><dd>{delivery.host}</dd>
            <dt>"webhook-id"</dt><dd><code class="identifier">{message}</code></dd>
            {next.map(|at| view! { <dt>"Next attempt"</dt><dd><Instant unix_ms=at/>" UTC"</dd> })}
        </dl>
        {body}
        <ul class="mails">{attempts.collect_view()}</ul>
    }
    .into_any()
}

/// Opens without a script.
#[component]
fn Attempt(attempt: AttemptView) -> impl IntoView {
    let class = if attempt.problem.is_none() { "badge badge-good" } else { "badge badge-bad" };
    let answer = attempt.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let headers = attempt.headers.into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
    let text = format!("{headers}\n{}", attempt.body);
    let shown = (!text.trim().is_empty()).then(|| view! { <pre class="mail-text" tabindex="0">{text}</pre> });
    view! {
        <details class="mail">
            <summary>
                <span class="mail-subject">"Attempt "{attempt.number}</span>
                <span class=class>{answer}</span>
                <span class="muted">{attempt.latency_ms}" ms"</span>
                <span class="muted mail-time"><Instant unix_ms=attempt.at_ms/></span>
            </summary>
            {attempt.problem.map(|problem| view! { <p>{words::problem(problem)}</p> })}
            {attempt.next_ms.map(|at| view! { <p class="muted">"The next attempt was set for "<Instant unix_ms=at/>" UTC."</p> })}
            {shown}
        </details>
    }
    .into_any()
}

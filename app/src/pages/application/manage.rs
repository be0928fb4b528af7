use super::{
    api::{DeleteRecording, SetLegalHold, ShareRecording, load_managed},
    recording_rows,
    view::{DeletionView, ManagedView},
};
use crate::{
    components::{CopyText, Field, FormNotice, Instant, Notice, RecordingBadge, Tone},
    format,
    load::load,
    note::{Form, Note},
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::RecordingId;

/// One recording: where it lies, links to it, its legal hold and its end.
#[component]
pub fn Manage(
    recording: String,
    /// The page without this.
    close: String,
) -> impl IntoView {
    view! {
        <section class="player manage" id="manage" aria-label="Recording">
            <Suspense>
                {Suspend::new(async move {
                    match load(load_managed(recording)).await {
                        Ok(managed) => Either::Left(view! { <Managed managed close/> }),
                        Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                    }
                })}
            </Suspense>
        </section>
    }
}

#[component]
fn Managed(managed: ManagedView, close: String) -> impl IntoView {
    let ManagedView { recording, bucket, object, hold, may_share, may_change } = managed;
    let id = recording.id;
    let gone = recording.deletion.is_some();
    let ready = recording_rows::is_playable(&recording);
    let state = recording.state;
    let place = (!object.is_empty()).then(|| {
        view! {
            <dt>"Bucket"</dt><dd><code class="identifier">{bucket}</code></dd>
            <dt>"Object"</dt><dd><CopyText value=object label="the object's key"/></dd>
        }
    });
    let deletion = recording.deletion.map(|deletion| view! { <DeletionNotice deletion/> });
    view! {
        <div class="player-head">
            <h3>{recording.room}</h3>
            <span class="muted"><Instant unix_ms=recording.started_ms/>" UTC"</span>
            <a class="button button-small" href=close>"Close"</a>
        </div>
        <dl class="facts">
            <dt>"State"</dt><dd><RecordingBadge state/></dd>
            {recording.bytes.map(|bytes| view! { <dt>"Size"</dt><dd>{format::size(bytes)}</dd> })}
            <dt>"Recording"</dt><dd><code class="identifier">{id.to_string()}</code></dd>
            {place}
        </dl>
        {deletion}
        {(ready && may_share).then(|| view! { <Share recording=id/> })}
        <Hold recording=id hold=hold.clone() may_change/>
        {(may_change && !gone && hold.is_none()).then(|| view! { <Delete recording=id/> })}
        <FormNotice form=Form::DeleteRecording done="The recording is being deleted from the bucket."/>
    }
    .into_any()
}

#[component]
fn DeletionNotice(deletion: DeletionView) -> impl IntoView {
    match deletion.deleted_ms {
        Some(at) => Either::Left(view! {
            <p class="notice">"Deleted from the bucket on "<Instant unix_ms=at/>" UTC, "{deletion.cause}"."</p>
        }),
        None => Either::Right(view! {
            <div class="notice">
                <p>"It is being deleted, "{deletion.cause}", and can be played no more."</p>
                {deletion.problem.map(|problem| view! { <p>"The bucket still has it: "{problem}" It is asked again."</p> })}
            </div>
        }),
    }
}

/// Makes a link for somebody who has no account here.
#[component]
fn Share(recording: RecordingId) -> impl IntoView {
    let link = Note::about(Form::ShareRecording).and_then(|note| note.secret);
    view! {
        <form class="form form-row" method="post" action=ShareRecording::url()>
            <input type="hidden" name="recording" value=recording.to_string()/>
            <div class="field">
                <label for="share-hours">"Link that anybody may open, for"</label>
                <select id="share-hours" name="hours">{link_validities(7 * 24)}</select>
            </div>
            <button type="submit" class="button">"Make a link"</button>
        </form>
        <FormNotice form=Form::ShareRecording/>
        {link.map(|link| view! {
            <Notice tone=Tone::Neutral>
                <p>"Send it to whoever may see the recording. It is not shown again."</p>
                <CopyText value=link label="the link"/>
            </Notice>
        })}
    }
    .into_any()
}

/// How long a link may work, as options in hours.
pub fn link_validities(chosen: u64) -> impl IntoView {
    let usual = [(1, "1 hour"), (24, "1 day"), (7 * 24, "7 days"), (30 * 24, "30 days"), (365 * 24, "365 days")];
    let other = (!usual.iter().any(|(hours, _)| *hours == chosen)).then(|| (chosen, format!("{chosen} hours")));
    let usual = usual.into_iter().map(|(hours, text)| (hours, text.to_owned()));
    other
        .into_iter()
        .chain(usual)
        .map(|(hours, text)| view! { <option value=hours.to_string() selected={hours == chosen}>{text}</option> })
        .collect_view()
}

/// Keeps a recording from being deleted by anybody or anything.
#[component]
fn Hold(recording: RecordingId, hold: Option<String>, may_change: bool) -> impl IntoView {
    let on = hold.is_some();
    let shown = hold.map(|reason| {
        view! {
            <div class="notice">
                <p><strong>"Legal hold: "</strong>{reason}</p>
                <p>"Nothing can delete it, not even the retention."</p>
            </div>
        }
    });
    let form = may_change.then(|| {
        let (label, button, hint) = if on {
            ("Why the hold ends", "Lift the hold", "Optional; kept in the audit log.")
        } else {
            (
                "Legal hold because of",
                "Set a legal hold",
                "Such as a case number. Nothing can delete the recording until it is lifted.",
            )
        };
        view! {
            <form class="form form-row" method="post" action=SetLegalHold::url()>
                <input type="hidden" name="recording" value=recording.to_string()/>
                <input type="hidden" name="on" value=(!on).to_string()/>
                <Field id="hold-reason" name="reason" label=label hint=hint required=!on max_length=500/>
                <button type="submit" class="button">{button}</button>
            </form>
        }
    });
    view! {
        {shown}
        {form}
        <FormNotice form=Form::LegalHold done="Saved."/>
    }
    .into_any()
}

/// Opens without a script, and asks once more.
#[component]
fn Delete(recording: RecordingId) -> impl IntoView {
    view! {
        <details class="revoke">
            <summary>"Delete…"</summary>
            <p class="muted">"The object is deleted from your bucket, and links to it stop working. This cannot be undone."</p>
            <form class="form form-row" method="post" action=DeleteRecording::url()>
                <input type="hidden" name="recording" value=recording.to_string()/>
                <Field id="delete-reason" name="reason" label="Why" hint="Optional; kept in the audit log." required=false max_length=500/>
                <button type="submit" class="button button-danger">"Delete this recording"</button>
            </form>
        </details>
    }
}

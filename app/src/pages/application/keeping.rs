use super::{
    api::{SetLinkValidity, SetRetention, preview_retention},
    manage::link_validities,
};
use crate::{
    components::{Card, Field, FormNotice, Notice, Tone},
    format,
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// How long recordings stay in the bucket, and how long links to them work.
#[component]
pub fn KeepingCard(
    application: ApplicationId,
    retention_days: Option<u32>,
    link_hours: u64,
    /// Days that the person considers: what would go is shown before anything does.
    considered: Option<u32>,
    may_change: bool,
) -> impl IntoView {
    let present = retention_days.map_or_else(
        || "Recordings are kept until somebody deletes them.".to_owned(),
        |days| {
            format!(
                "Recordings are deleted from the bucket {} after they were ready.",
                format::count(days as usize, "day")
            )
        },
    );
    let days = considered.or(retention_days).map(|days| days.to_string()).unwrap_or_default();
    let forms = may_change.then(|| {
        view! {
            <form class="form form-row" method="get" action=format!("{}#keeping", paths::application(application))>
                <Field
                    id="days" name="keep" label="Delete after this many days" kind="number" value=days placeholder="30"
                    hint="First it is shown what would go." max_length=4
                />
                <button type="submit" class="button">"Look"</button>
            </form>
            {considered.map(|days| view! { <Consider application days/> })}
            {retention_days.map(|_| view! { <KeepAll application/> })}
            <FormNotice form=Form::Retention done="Saved."/>
            <form class="form form-row" method="post" action=SetLinkValidity::url()>
                <input type="hidden" name="application" value=application.to_string()/>
                <div class="field">
                    <label for="link-hours">"Links in mails, webhooks and calls work for"</label>
                    <select id="link-hours" name="hours">{link_validities(link_hours)}</select>
                </div>
                <button type="submit" class="button">"Save"</button>
            </form>
            <FormNotice form=Form::LinkValidity done="Saved. Links that were sent out already keep their end."/>
        }
    });
    view! {
        <Card id="keeping" title="Keeping">
            <p>{present}</p>
            {forms}
        </Card>
    }
    .into_any()
}

/// What would be deleted, and the button that does it.
#[component]
fn Consider(application: ApplicationId, days: u32) -> impl IntoView {
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(preview_retention(application, days)).await {
                    Ok(preview) => Either::Left(view! {
                        <div class="notice">
                            <p>
                                {match preview.recordings {
                                    0 => "Nothing would be deleted now.".to_owned(),
                                    recordings => format!(
                                        "{} ({}) would be deleted now, for good.",
                                        format::count(recordings, "recording"),
                                        format::size(preview.bytes)
                                    ),
                                }}
                                {(preview.held > 0).then(|| format!(" {} as old stay because of a legal hold.", format::count(preview.held, "recording")))}
                            </p>
                            <form method="post" action=SetRetention::url()>
                                <input type="hidden" name="application" value=application.to_string()/>
                                <input type="hidden" name="days" value=days.to_string()/>
                                <button type="submit" class="button button-danger">"Delete after "{format::count(days as usize, "day")}</button>
                            </form>
                        </div>
                    }),
                    Err(error) => Either::Right(view! { <Notice tone=Tone::Bad>{error.message}</Notice> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn KeepAll(application: ApplicationId) -> impl IntoView {
    view! {
        <form method="post" action=SetRetention::url()>
            <input type="hidden" name="application" value=application.to_string()/>
            <button type="submit" class="button button-small">"Keep recordings until somebody deletes them"</button>
        </form>
    }
}

use super::{
    api::{RemoveStorage, UseStorage},
    view::{Health, Standing, StorageView},
};
use crate::{
    components::{Card, FormNotice},
    note::Form,
};
use leptos::{prelude::*, server_fn::ServerFn};
use protocol::ids::StorageId;

/// What the org uses this storage for, and the end of it.
#[component]
pub fn UseCard(storage: StorageView, may_change: bool) -> impl IntoView {
    let StorageView { id, standing, health, .. } = storage;
    let proven = health != Health::Unproven;
    let present = match standing {
        Standing::Primary => {
            "Recordings go here. To have them go elsewhere, make another storage the primary one; then this one can be removed."
        }
        Standing::Second => "Recordings go here while the primary storage does not work.",
        Standing::Spare if !proven => "Not in use. It can be used once a check has passed.",
        Standing::Spare => "Not in use. Recordings that lie here can still be played and downloaded.",
    };
    let choices = [
        (Standing::Primary, "Use as primary"),
        (Standing::Second, "Use as second"),
        (Standing::Spare, "Stop using it"),
    ];
    let buttons =
        choices.into_iter().filter(move |(choice, _)| *choice != standing && proven).map(move |(choice, text)| {
            view! {
                <form method="post" action=UseStorage::url()>
                    <input type="hidden" name="storage" value=id.to_string()/>
                    <input type="hidden" name="standing" value=choice.as_str()/>
                    <button type="submit" class="button">{text}</button>
                </form>
            }
        });
    view! {
        <Card id="use" title="Use">
            <p>{present}</p>
            {(may_change && standing != Standing::Primary).then(|| view! {
                <div class="actions">{buttons.collect_view()}</div>
                <FormNotice form=Form::Standing done="Saved."/>
                <Remove storage=id/>
                <FormNotice form=Form::RemoveStorage/>
            })}
        </Card>
    }
    .into_any()
}

/// Opens without a script, and asks once more.
#[component]
fn Remove(storage: StorageId) -> impl IntoView {
    view! {
        <details class="revoke">
            <summary>"Remove…"</summary>
            <p class="muted">
                "Mixdown forgets the credentials. Nothing in the bucket is deleted, but recordings that lie there can no longer be played or downloaded from here."
            </p>
            <form method="post" action=RemoveStorage::url()>
                <input type="hidden" name="storage" value=storage.to_string()/>
                <button type="submit" class="button button-small button-danger">"Remove this storage"</button>
            </form>
        </details>
    }
}

use super::{
    ReadOnly,
    api::{UpdateStorage, load_storage},
    checks::{History, ValidationCard},
    fields::{AccessFields, MoreFields, NameField, PrefixField},
    paste::{ExternalId, Paste},
    standing::UseCard,
    view::{Kind, PasteView, StorageDetail, StorageForm, StorageState, StorageView},
};
use crate::{
    components::{Card, FormNotice, PageHeader, Problem},
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_params_map;
use protocol::ids::StorageId;

/// One storage.
#[component]
pub fn StoragePage() -> impl IntoView {
    let id = use_params_map().read_untracked().get("id").unwrap_or_default();
    view! {
        <Suspense>
            {Suspend::new(async move {
                match load(load_storage(id)).await {
                    Ok(detail) => Either::Left(view! { <Detail detail/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Detail(detail: StorageDetail) -> impl IntoView {
    let StorageDetail { storage, may_change, entered, external_id, texts, validations } = detail;
    let StorageView { id, kind, .. } = storage;
    let state = StorageState {
        health: storage.health.clone(),
        validated_ms: storage.validated_ms,
        validation: validations.first().cloned(),
    };
    let form = storage.form.clone();
    let settings = (may_change && kind != Kind::Embedded).then(|| {
        let form = entered.unwrap_or_else(|| form.clone());
        view! { <SettingsCard id kind form/> }
    });
    let paste = (!texts.is_empty()).then(|| view! { <PasteCard kind external_id texts/> });
    view! {
        <PageHeader title=form.name.clone() parent=("Recordings".to_owned(), paths::RECORDINGS.to_owned()) summary=kind.label()/>
        {(!may_change).then(|| view! { <ReadOnly/> })}
        <div class="cards">
            <ValidationCard storage=id state may_change/>
            <div class="card-column">
                <BucketCard form kind/>
                <UseCard storage may_change/>
            </div>
        </div>
        <div class="cards cards-top">
            {settings}
            {paste}
        </div>
        <History validations=validations.into_iter().skip(1).collect()/>
    }
    .into_any()
}

/// What stays as it is.
#[component]
fn BucketCard(form: StorageForm, kind: Kind) -> impl IntoView {
    let facts = [
        ("Bucket", form.bucket),
        ("Prefix", form.prefix),
        ("Region", form.region),
        ("Endpoint", form.endpoint),
        ("Role", form.role_arn),
        ("Access key", form.access_key_id),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| {
        view! { <dt>{name}</dt><dd><code class="identifier">{value}</code></dd> }
    });
    let remark = match kind {
        Kind::Embedded => "It runs inside Mixdown and keeps its files in the data directory: for trying things out.",
        _ => {
            "Bucket, region and endpoint stay as they are, because recordings lie there. For another bucket, add another storage."
        }
    };
    view! {
        <Card id="bucket-facts" title="Bucket">
            <dl class="facts">{facts.collect_view()}</dl>
            <p class="hint">{remark}</p>
        </Card>
    }
    .into_any()
}

#[component]
fn SettingsCard(id: StorageId, kind: Kind, form: StorageForm) -> impl IntoView {
    let about = Form::Storage;
    view! {
        <Card id="settings" title="Settings">
            <form class="form" method="post" action=UpdateStorage::url()>
                <input type="hidden" name="storage" value=id.to_string()/>
                <NameField value=form.name.clone() about required=true/>
                <AccessFields kind form=form.clone() about stored=true/>
                <PrefixField value=form.prefix.clone() about nested=true/>
                <MoreFields kind form about/>
                <FormNotice form=about done="Saved. The new settings are being checked."/>
                <div><button type="submit" class="button button-primary">"Save and check"</button></div>
            </form>
        </Card>
    }
    .into_any()
}

#[component]
fn PasteCard(kind: Kind, external_id: String, texts: Vec<PasteView>) -> impl IntoView {
    view! {
        <Card id="paste" title="What to paste">
            <p class="muted">"Filled in with the names of this storage."</p>
            {(kind == Kind::AwsRole).then(|| view! { <ExternalId value=external_id/> })}
            <Paste texts/>
        </Card>
    }
    .into_any()
}

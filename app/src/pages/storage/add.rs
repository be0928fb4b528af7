//! Adding a storage: which kind, which bucket, what to paste so that it lets Mixdown in, and the credentials.

use super::{
    ReadOnly,
    api::{CreateEmbeddedStorage, CreateStorage, load_beginning, load_overview},
    fields::{AccessFields, HiddenPlace, MoreFields, NameField, PlaceFields},
    paste::{ExternalId, Paste},
    view::{Beginning, Kind, StorageForm},
};
use crate::{
    components::{Card, FormNotice, Missing, PageHeader, Problem},
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::{
    hooks::{use_params_map, use_query_map},
    params::ParamsMap,
};

/// Which kind.
#[component]
pub fn AddPage() -> impl IntoView {
    view! {
        <PageHeader title="Add storage" parent=("Recordings".to_owned(), paths::RECORDINGS.to_owned()) summary="Where does the bucket lie, and how may Mixdown write into it?"/>
        <Suspense>
            {Suspend::new(async move {
                match load(load_overview()).await {
                    Ok(overview) if !overview.may_change => Either::Left(view! { <ReadOnly/> }.into_any()),
                    Ok(overview) => Either::Left(view! { <Kinds embedded=overview.embedded_available/> }.into_any()),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Kinds(embedded: bool) -> impl IntoView {
    let kinds = [
        (
            Kind::AwsRole,
            "Your role trusts Mixdown for your organization alone. There is no secret to keep, to leak or to renew.",
        ),
        (
            Kind::AwsKeys,
            "The access key of an IAM user that may do nothing but write recordings. Mixdown keeps it encrypted.",
        ),
        (
            Kind::S3Compatible,
            "MinIO, Ceph, Garage, Cloudflare R2, Backblaze B2 and others: an endpoint and an access key.",
        ),
    ];
    let tiles = kinds.map(|(kind, text)| {
        view! {
            <li class="tile tile-wordy">
                <h2><a class="tile-link" href=paths::add_storage(kind)>{kind.label()}</a></h2>
                <p class="muted">{text}</p>
                {(kind == Kind::AwsRole).then(|| view! { <p class="badges"><span class="badge badge-good">"Recommended"</span></p> })}
            </li>
        }
    });
    let embedded = embedded.then(|| {
        view! {
            <Card id="add" title="Just to try it out">
                <p class="muted">"The embedded store runs inside Mixdown and keeps recordings in its data directory, without a copy anywhere else."</p>
                <form method="post" action=CreateEmbeddedStorage::url()>
                    <button type="submit" class="button">"Use the embedded store"</button>
                </form>
                <FormNotice form=Form::AddStorage/>
            </Card>
        }
    });
    view! {
        <ul class="tiles">{tiles.collect_view()}</ul>
        {embedded}
    }
    .into_any()
}

/// One kind, step by step.
#[component]
pub fn AddStoragePage() -> impl IntoView {
    let kind = use_params_map().read_untracked().get("kind").and_then(|word| word.parse::<Kind>().ok());
    let place = place(&use_query_map().read_untracked());
    let Some(kind) = kind.filter(|kind| *kind != Kind::Embedded) else {
        return Either::Left(view! { <Missing/> });
    };
    Either::Right(view! {
        <PageHeader title=kind.label() parent=("Add storage".to_owned(), paths::ADD_STORAGE.to_owned())/>
        <Suspense>
            {Suspend::new(async move {
                match load(load_beginning(kind, place.clone())).await {
                    Ok(beginning) if !beginning.may_change => view! { <ReadOnly/> }.into_any(),
                    Ok(beginning) if kind.is_aws() => view! { <AwsSteps kind place beginning/> }.into_any(),
                    Ok(beginning) => view! { <StoreForm kind beginning/> }.into_any(),
                    Err(error) => view! { <Problem error/> }.into_any(),
                }
            })}
        </Suspense>
    })
}

/// The bucket as the address names it.
fn place(query: &ParamsMap) -> StorageForm {
    let text = |name| query.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let mut prefix = text("prefix");
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    StorageForm { bucket: text("bucket"), region: text("region"), prefix, ..StorageForm::default() }
}

#[component]
fn AwsSteps(kind: Kind, place: StorageForm, beginning: Beginning) -> impl IntoView {
    let Beginning { external_id, roles_possible, entered, texts, .. } = beginning;
    let is_role = kind == Kind::AwsRole;
    let named = !place.bucket.is_empty() && !place.region.is_empty();
    let form = entered.map_or_else(|| place.clone(), |entered| entered.at(&place));
    let impossible = (is_role && !roles_possible).then(|| {
        view! {
            <p class="notice notice-bad" role="alert">
                "This installation has no AWS identity that a role could trust. Whoever runs it sets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; until then use an access key of yours instead."
            </p>
        }
    });
    view! {
        {impossible}
        <div class="stack">
            <Card id="place" title="1. Name the bucket">
                <form class="form form-columns" method="get" action=paths::add_storage(kind)>
                    <PlaceFields kind form=place about=Form::AddStorage nested=false/>
                    <div><button type="submit" class="button" class:button-primary=!named>"Show what to paste"</button></div>
                </form>
            </Card>
            <Card id="paste" title=if is_role { "2. Make the role" } else { "2. Make the access key" }>
                <p class="muted">{advice(is_role, named)}</p>
                {is_role.then(|| view! { <ExternalId value=external_id/> })}
                <Paste texts open=if is_role && roles_possible { 2 } else { 1 }/>
            </Card>
            {named.then(|| view! { <CredentialsCard kind form/> })}
        </div>
    }.into_any()
}

fn advice(is_role: bool, named: bool) -> &'static str {
    match (is_role, named) {
        (true, true) => {
            "Run the commands, apply the Terraform, or paste the two policies by hand: one says who may use the role, the other what the role may do."
        }
        (false, true) => {
            "Run the commands, apply the Terraform, or make a user by hand, give it the policy, and make an access key for it."
        }
        (true, false) => "The trust policy is already yours. Name the bucket above, and the rest appears.",
        (false, false) => "Name the bucket above, and the policy appears here.",
    }
}

#[component]
fn CredentialsCard(kind: Kind, form: StorageForm) -> impl IntoView {
    let about = Form::AddStorage;
    view! {
        <Card id="add" title=if kind == Kind::AwsRole { "3. Name the role" } else { "3. Enter the access key" }>
            <form class="form" method="post" action=CreateStorage::url()>
                <input type="hidden" name="kind" value=kind.as_str()/>
                <HiddenPlace form=form.clone()/>
                <AccessFields kind form=form.clone() about stored=false/>
                <NameField value=form.name.clone() about required=false/>
                <MoreFields kind form about/>
                <FormNotice form=about/>
                <div><button type="submit" class="button button-primary">"Add and check"</button></div>
            </form>
        </Card>
    }
    .into_any()
}

/// Everything at once, for stores that know nothing to paste before.
#[component]
fn StoreForm(kind: Kind, beginning: Beginning) -> impl IntoView {
    let form = beginning.entered.unwrap_or_else(|| StorageForm { path_style: true, ..StorageForm::default() });
    let about = Form::AddStorage;
    view! {
        <Card id="add" title="Bucket and access key">
            <p class="muted">"After it was added, its page shows the policy and the CORS rules to paste, filled in."</p>
            <form class="form" method="post" action=CreateStorage::url()>
                <input type="hidden" name="kind" value=kind.as_str()/>
                <PlaceFields kind form=form.clone() about nested=true/>
                <AccessFields kind form=form.clone() about stored=false/>
                <NameField value=form.name.clone() about required=false/>
                <MoreFields kind form about/>
                <FormNotice form=about/>
                <div><button type="submit" class="button button-primary">"Add and check"</button></div>
            </form>
        </Card>
    }
    .into_any()
}

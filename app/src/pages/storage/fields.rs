//! The inputs of the forms about storages.

use super::view::{EncryptionChoice, Kind, StorageForm};
use crate::{
    components::{CheckBox, Choice, Field, TextArea},
    note::{Form, Note},
};
use leptos::{either::EitherOf3, prelude::*};

const DEFAULT_TEMPLATE: &str = "{app}/{room}/{date}/{recording}.{ext}";
/// Suggestions; any other region can be typed.
const REGIONS: [&str; 17] = [
    "af-south-1",
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-south-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// What the refusal of this form says about the field that these codes belong to.
fn wrong(about: Form, codes: &str) -> Option<String> {
    let error = Note::about(about)?.error?;
    codes.split(' ').any(|code| code == error.code).then_some(error.message)
}

/// Where in a form of the server's the value belongs; without a form it stands alone in an address.
fn name(nested: bool, name: &str) -> String {
    if nested { format!("form[{name}]") } else { name.to_owned() }
}

/// Which bucket; cannot be changed later.
#[component]
pub fn PlaceFields(
    kind: Kind,
    form: StorageForm,
    /// The form whose refusal is shown.
    about: Form,
    /// Sent to the server, not put into the address.
    nested: bool,
) -> impl IntoView {
    let regions = REGIONS.map(|region| view! { <option value=region></option> });
    let endpoint = (kind == Kind::S3Compatible).then(|| {
        view! {
            <Field
                id="endpoint" name=name(nested, "endpoint") label="Endpoint" kind="url" value=form.endpoint
                placeholder="https://s3.example.com" hint="Scheme, host and port, without the bucket."
                error=wrong(about, "endpoint_invalid endpoint_not_allowed")
            />
        }
    });
    let region_hint = if kind.is_aws() {
        "Where the bucket lies."
    } else {
        "As the store calls it. Many take any word; us-east-1 is usual."
    };
    view! {
        {endpoint}
        <Field
            id="bucket" name=name(nested, "bucket") label="Bucket" value=form.bucket placeholder="acme-recordings"
            hint="It has to exist. Mixdown does not make buckets." max_length=63 error=wrong(about, "bucket_name_invalid")
        />
        <Field
            id="region" name=name(nested, "region") label="Region" value=form.region placeholder="eu-central-1"
            hint=region_hint required=kind.is_aws() max_length=64 list="regions" error=wrong(about, "region_invalid")
        />
        <datalist id="regions">{regions.collect_view()}</datalist>
        <PrefixField value=form.prefix about nested/>
    }.into_any()
}

/// Put before every key.
#[component]
pub fn PrefixField(value: String, about: Form, nested: bool) -> impl IntoView {
    view! {
        <Field
            id="prefix" name=name(nested, "prefix") label="Prefix" value placeholder="calls/" required=false max_length=257
            hint="A folder in the bucket; empty for none. Mixdown touches nothing outside it."
            error=wrong(about, "prefix_invalid")
        />
    }
}

/// With what the bucket is opened.
#[component]
pub fn AccessFields(
    kind: Kind,
    form: StorageForm,
    about: Form,
    /// A secret is stored already.
    stored: bool,
) -> impl IntoView {
    match kind {
        Kind::AwsRole => EitherOf3::A(view! {
            <Field
                id="role-arn" name=name(true, "role_arn") label="Role ARN" value=form.role_arn
                placeholder="arn:aws:iam::123456789012:role/mixdown-recordings"
                hint="The role that trusts Mixdown with the external ID." error=wrong(about, "role_arn_invalid")
            />
        }),
        Kind::AwsKeys | Kind::S3Compatible => EitherOf3::B(view! {
            <Field
                id="access-key-id" name=name(true, "access_key_id") label="Access key ID" value=form.access_key_id
                max_length=128 error=wrong(about, "access_key_invalid")
            />
            <Field
                id="secret-access-key" name="secret_access_key" label="Secret access key" kind="password"
                autocomplete="new-password" required=!stored max_length=512
                placeholder=stored.then_some("••••••••")
                hint=if stored { "Stored encrypted, and never shown again. Leave it empty to keep it." } else { "Stored encrypted, and never shown again." }
                error=wrong(about, "secret_invalid secret_missing")
            />
        }),
        Kind::Embedded => EitherOf3::C(()),
    }
}

/// How objects are named and described, and what a store may need besides; all of it may stay empty.
#[component]
pub fn MoreFields(kind: Kind, form: StorageForm, about: Form) -> impl IntoView {
    const CODES: &str =
        "key_template_invalid account_invalid kms_key_invalid storage_class_invalid metadata_invalid tags_invalid";
    let used = StorageForm {
        key_template: form.key_template.replace(DEFAULT_TEMPLATE, ""),
        account: form.account.clone(),
        encryption: form.encryption,
        storage_class: form.storage_class.clone(),
        metadata: form.metadata.clone(),
        tags: form.tags.clone(),
        ..StorageForm::default()
    };
    let open = used != StorageForm::default() || wrong(about, CODES).is_some();
    let store = (kind == Kind::S3Compatible).then(|| {
        let (path_style, certificate) = (form.path_style, form.ca_certificate.clone());
        view! { <StoreFields path_style certificate about/> }
    });
    let account = kind.is_aws().then(|| {
        view! {
            <Field
                id="account" name=name(true, "account") label="AWS account of the bucket" value=form.account.clone()
                placeholder="123456789012" required=false max_length=12
                hint="Twelve digits. When given, requests fail if the bucket belongs to anybody else."
                error=wrong(about, "account_invalid")
            />
        }
    });
    view! {
        {store}
        <details class="more" open=open>
            <summary>"More: names of objects, encryption, tags"</summary>
            <div class="form">
                <Field
                    id="key-template" name=name(true, "key_template") label="Names of objects" value=form.key_template.clone()
                    placeholder=DEFAULT_TEMPLATE required=false max_length=256
                    hint="A path with {recording}, and if you like {app}, {room}, {date}, {time} and {ext}. Empty for the one shown."
                    error=wrong(about, "key_template_invalid")
                />
                <EncryptionFields choice=form.encryption kms_key=form.kms_key about/>
                <Field
                    id="storage-class" name=name(true, "storage_class") label="Storage class" value=form.storage_class
                    placeholder="STANDARD" required=false max_length=32
                    hint="Such as STANDARD_IA or INTELLIGENT_TIERING; empty for the bucket's default."
                    error=wrong(about, "storage_class_invalid")
                />
                {account}
                <TextArea
                    id="metadata" name=name(true, "metadata") label="Metadata of objects" value=form.metadata
                    placeholder="department=support" hint="One name=value on each line." max_length=4096
                    error=wrong(about, "metadata_invalid")
                />
                <TextArea
                    id="tags" name=name(true, "tags") label="Tags of objects" value=form.tags
                    placeholder="cost-center=42" max_length=4096
                    hint="One name=value on each line, at most ten. They need the permission s3:PutObjectTagging."
                    error=wrong(about, "tags_invalid")
                />
            </div>
        </details>
    }.into_any()
}

#[component]
fn EncryptionFields(choice: EncryptionChoice, kms_key: String, about: Form) -> impl IntoView {
    let options = [
        (EncryptionChoice::Bucket, "As the bucket does by default"),
        (EncryptionChoice::S3, "Keys of the store (SSE-S3)"),
        (EncryptionChoice::Kms, "A key of yours (SSE-KMS)"),
    ];
    let options = options.map(|(option, text)| (option.as_str().to_owned(), text.to_owned()));
    view! {
        <Choice
            id="encryption" name=name(true, "encryption") label="Encryption in the bucket" options=options.into()
            value=choice.as_str().to_owned()
        />
        <Field
            id="kms-key" name=name(true, "kms_key") label="KMS key" value=kms_key required=false
            placeholder="arn:aws:kms:eu-central-1:123456789012:key/…"
            hint="Its ARN, identifier or alias; only for a key of yours." error=wrong(about, "kms_key_invalid")
        />
    }
    .into_any()
}

/// What stores other than Amazon's differ in.
#[component]
fn StoreFields(path_style: bool, certificate: String, about: Form) -> impl IntoView {
    view! {
        <CheckBox
            id="path-style" name=name(true, "path_style") label="Bucket in the path instead of the host name" checked=path_style
            hint="What most stores that you run yourself need, such as MinIO, Ceph and Garage."
        />
        <TextArea
            id="ca-certificate" name=name(true, "ca_certificate") label="Certificate of its authority" value=certificate
            placeholder="-----BEGIN CERTIFICATE-----" max_length=32768
            hint="PEM; only for a store whose TLS certificate was not issued by a public authority."
            error=wrong(about, "ca_certificate_invalid")
        />
    }.into_any()
}

/// The bucket, for the form that does not ask for it.
#[component]
pub fn HiddenPlace(form: StorageForm) -> impl IntoView {
    let place = [("region", form.region), ("bucket", form.bucket), ("prefix", form.prefix)];
    place.map(|(field, value)| view! { <input type="hidden" name=name(true, field) value=value/> }).collect_view()
}

/// What people call it.
#[component]
pub fn NameField(value: String, about: Form, required: bool) -> impl IntoView {
    view! {
        <Field
            id="name" name=name(true, "name") label="Name" value placeholder="Recordings in Frankfurt" required
            max_length=64 hint=if required { "For you to tell storages apart." } else { "For you to tell storages apart; empty for the bucket's name." }
            error=wrong(about, "storage_name_invalid")
        />
    }
}

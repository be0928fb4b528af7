//! Storages, validations, and what to paste.

use crate::{
    pages::application::view::{DestinationStorage, DestinationView},
    pages::storage::view::{
        Beginning, EncryptionChoice, Health, HeldView, Kind, OverviewView, PasteView, Standing, StepOutcome, StepView,
        StorageDetail, StorageForm, StorageState, StorageView, ValidationState, ValidationView,
    },
    server::unix_ms,
};
use domain::{
    Access, Settings,
    access::Permission,
    applications::Application,
    storage::{
        self, Encryption, Held, Outcome, Overview, Step, Storage, StorageInput, StorageKind, Validation,
        ValidationCause, policies,
    },
};
use secrecy::SecretString;

impl From<StorageKind> for Kind {
    fn from(kind: StorageKind) -> Self {
        match kind {
            StorageKind::Embedded => Self::Embedded,
            StorageKind::AwsKeys => Self::AwsKeys,
            StorageKind::AwsRole => Self::AwsRole,
            StorageKind::S3Compatible => Self::S3Compatible,
        }
    }
}

impl From<Kind> for StorageKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Embedded => Self::Embedded,
            Kind::AwsKeys => Self::AwsKeys,
            Kind::AwsRole => Self::AwsRole,
            Kind::S3Compatible => Self::S3Compatible,
        }
    }
}

impl From<storage::Standing> for Standing {
    fn from(standing: storage::Standing) -> Self {
        match standing {
            storage::Standing::Primary => Self::Primary,
            storage::Standing::Second => Self::Second,
            storage::Standing::Spare => Self::Spare,
        }
    }
}

impl From<Standing> for storage::Standing {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Primary => Self::Primary,
            Standing::Second => Self::Second,
            Standing::Spare => Self::Spare,
        }
    }
}

impl From<storage::Health> for Health {
    fn from(health: storage::Health) -> Self {
        match health {
            storage::Health::Unproven => Self::Unproven,
            storage::Health::Working => Self::Working,
            storage::Health::Degraded { since, reason } => {
                Self::Degraded { since_ms: unix_ms(since.timestamp_millis()), reason }
            }
        }
    }
}

impl From<Storage> for StorageForm {
    fn from(storage: Storage) -> Self {
        let (encryption, kms_key) = match storage.encryption {
            Encryption::BucketDefault => (EncryptionChoice::Bucket, String::new()),
            Encryption::S3 => (EncryptionChoice::S3, String::new()),
            Encryption::Kms { key_id } => (EncryptionChoice::Kms, key_id),
        };
        Self {
            name: storage.name,
            region: storage.region,
            bucket: storage.bucket,
            endpoint: storage.endpoint,
            path_style: storage.path_style,
            ca_certificate: storage.ca_certificate.unwrap_or_default(),
            access_key_id: storage.access_key_id.unwrap_or_default(),
            role_arn: storage.role_arn.unwrap_or_default(),
            account: storage.account.unwrap_or_default(),
            prefix: storage.prefix,
            key_template: storage.key_template,
            encryption,
            kms_key,
            storage_class: storage.storage_class.unwrap_or_default(),
            metadata: lines(&storage.metadata),
            tags: lines(&storage.tags),
        }
    }
}

fn lines(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

impl StorageForm {
    /// What the rules check; the secret came beside it.
    pub fn into_input(self, secret_access_key: SecretString) -> StorageInput {
        StorageInput {
            expected: domain::revision::Expected::Any,
            name: self.name,
            region: self.region,
            bucket: self.bucket,
            endpoint: self.endpoint,
            path_style: self.path_style,
            ca_certificate: self.ca_certificate,
            access_key_id: self.access_key_id,
            secret_access_key,
            role_arn: self.role_arn,
            account: self.account,
            prefix: self.prefix,
            key_template: self.key_template,
            encryption: match self.encryption {
                EncryptionChoice::Bucket => Encryption::BucketDefault,
                EncryptionChoice::S3 => Encryption::S3,
                EncryptionChoice::Kms => Encryption::Kms { key_id: self.kms_key },
            },
            storage_class: self.storage_class,
            metadata: self.metadata,
            tags: self.tags,
        }
    }
}

impl From<Storage> for StorageView {
    fn from(storage: Storage) -> Self {
        Self {
            id: storage.id,
            kind: storage.kind.into(),
            standing: storage.standing.into(),
            health: storage.health.clone().into(),
            validated_ms: storage.validated_at.map(|at| unix_ms(at.timestamp_millis())),
            form: storage.into(),
        }
    }
}

impl OverviewView {
    pub fn of(overview: Overview, access: &Access) -> Self {
        Self {
            storages: overview.storages.into_iter().map(Into::into).collect(),
            held: HeldView::of(&overview.held),
            may_change: access.may(Permission::ConfigureStorage),
            embedded_available: overview.embedded_available,
        }
    }
}

impl HeldView {
    /// Nothing when no recording waits.
    pub fn of(held: &Held) -> Option<Self> {
        (held.recordings > 0).then(|| Self {
            recordings: usize::try_from(held.recordings).unwrap_or(usize::MAX),
            oldest_ms: held.oldest_at.map(|at| unix_ms(at.timestamp_millis())),
            lost_ms: held.lost_at.map(|at| unix_ms(at.timestamp_millis())),
            limit_hours: usize::try_from(held.limit_hours).unwrap_or(usize::MAX),
        })
    }
}

impl DestinationView {
    /// Only storages that were proven to work can be chosen.
    pub fn of(application: &Application, overview: Overview, access: &Access) -> Self {
        let held = HeldView::of(&overview.held);
        let proven = overview.storages.iter().filter(|storage| storage.validated_at.is_some());
        let choices = proven.map(|storage| (storage.id.to_string(), storage.name.clone())).collect();
        let storage = overview.storages.into_iter().find(|storage| Some(storage.id) == application.storage);
        Self {
            storage: storage.map(|storage| DestinationStorage {
                id: storage.id,
                name: storage.name,
                health: storage.health.into(),
                validated_ms: storage.validated_at.map(|at| unix_ms(at.timestamp_millis())),
            }),
            own: application.storage_is_own,
            choices,
            held: held.filter(|_| matches!(application.storage_health, storage::Health::Degraded { .. })),
            may_change: access.may(Permission::ConfigureApplications),
        }
    }
}

impl Beginning {
    /// `place` is the bucket as far as it was named.
    pub fn of(
        overview: &Overview,
        access: &Access,
        settings: &Settings,
        kind: Kind,
        place: &StorageForm,
        entered: Option<StorageForm>,
    ) -> Self {
        let named = !place.bucket.is_empty() && !place.region.is_empty();
        let mut texts = texts(overview, settings, kind, place);
        texts.retain(|text| named || text.name == policies::TextName::TrustPolicy);
        Self {
            may_change: access.may(Permission::ConfigureStorage),
            external_id: overview.external_id.clone(),
            roles_possible: overview.principal.is_some(),
            entered,
            texts: texts.into_iter().map(Into::into).collect(),
        }
    }
}

impl StorageDetail {
    pub fn of(storage: Storage, overview: &Overview, access: &Access, settings: &Settings) -> Self {
        let storage = StorageView::from(storage);
        let texts = texts(overview, settings, storage.kind, &storage.form);
        Self {
            storage,
            may_change: access.may(Permission::ConfigureStorage),
            entered: None,
            external_id: overview.external_id.clone(),
            texts: texts.into_iter().map(Into::into).collect(),
            validations: Vec::new(),
        }
    }
}

/// What to paste for a bucket. The embedded store needs nothing.
fn texts(overview: &Overview, settings: &Settings, kind: Kind, form: &StorageForm) -> Vec<policies::Text> {
    let role = form.role_arn.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(policies::NAME);
    let holder = match kind {
        Kind::Embedded => return Vec::new(),
        Kind::AwsKeys => policies::Holder::User,
        Kind::S3Compatible => policies::Holder::Key { endpoint: &form.endpoint },
        Kind::AwsRole => policies::Holder::Role {
            name: role,
            principal: overview.principal.as_deref(),
            external_id: &overview.external_id,
        },
    };
    policies::texts(&policies::Target {
        bucket: &form.bucket,
        region: &form.region,
        prefix: &form.prefix,
        kms_key: (form.encryption == EncryptionChoice::Kms).then_some(form.kms_key.as_str()),
        account: Some(form.account.as_str()).filter(|account| !account.is_empty()),
        tagged: !form.tags.is_empty(),
        origin: &settings.public_url.origin().ascii_serialization(),
        holder,
    })
}

impl From<policies::Text> for PasteView {
    fn from(text: policies::Text) -> Self {
        use policies::TextName;
        let (title, hint) = match text.name {
            TextName::TrustPolicy => {
                ("Trust policy of the role", "Who may use the role: Mixdown, and only with your external ID.")
            }
            TextName::Permissions => (
                "Permissions (IAM policy)",
                "What Mixdown may do: write, read and delete under the prefix, and nothing else.",
            ),
            TextName::Cors => (
                "CORS rules of the bucket",
                "So that pages of this console may read recordings. They replace the rules that the bucket has.",
            ),
            TextName::Commands => ("Commands (aws)", "All of it in a shell whose AWS credentials may do it."),
            TextName::Terraform => ("Terraform", "All of it for the provider hashicorp/aws."),
        };
        Self { title: title.to_owned(), hint: hint.to_owned(), body: text.body }
    }
}

impl StorageState {
    pub fn of(storage: &Storage, latest: Option<Validation>) -> Self {
        Self {
            health: storage.health.clone().into(),
            validated_ms: storage.validated_at.map(|at| unix_ms(at.timestamp_millis())),
            validation: latest.map(Into::into),
        }
    }
}

impl From<Validation> for ValidationView {
    fn from(validation: Validation) -> Self {
        let cause = match validation.cause {
            ValidationCause::Requested => "Asked for",
            ValidationCause::Daily => "Daily check",
            ValidationCause::Refused => "After a request was refused",
            ValidationCause::Recovery => "To see whether it works again",
        };
        Self {
            id: validation.id,
            cause: cause.to_owned(),
            state: match validation.state {
                storage::ValidationState::Running => ValidationState::Running,
                storage::ValidationState::Passed => ValidationState::Passed,
                storage::ValidationState::Failed => ValidationState::Failed,
            },
            started_ms: unix_ms(validation.started_at.timestamp_millis()),
            finished_ms: validation.finished_at.map(|at| unix_ms(at.timestamp_millis())),
            steps: validation.steps.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        let outcome = match step.outcome {
            Outcome::Waiting => StepOutcome::Waiting,
            Outcome::Running => StepOutcome::Running,
            Outcome::Passed => StepOutcome::Passed,
            Outcome::Warning => StepOutcome::Warning,
            Outcome::Failed => StepOutcome::Failed,
            Outcome::Skipped => StepOutcome::Skipped,
        };
        Self {
            label: step.name.label().to_owned(),
            outcome,
            finding: step.finding,
            remedy: step.remedy,
            snippet: step.snippet,
        }
    }
}

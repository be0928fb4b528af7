//! The requests of a validation, step by step.

use super::{
    StepName,
    diagnosis::{self, Diagnosis, Part, clock_is_wrong, diagnose},
    subject::Subject,
};
use crate::{
    services::Services,
    storage::{
        Bucket, BucketError, Encryption, Scope, StorageKind,
        bucket_error::{Refusal, refusal},
        credentials::{self, VALIDATION_FOLDER},
        settings::Options,
        sts::{self, AssumeRole, StsError},
    },
    store::StorageRow,
};
use chrono::{DateTime, Utc};
use outbound::header::ACCESS_CONTROL_ALLOW_ORIGIN;

const PROBE: &[u8] = b"Mixdown was here to see whether it may write.";
/// The smallest part that S3 takes before the last one.
const FIRST_PART: usize = 5 * 1024 * 1024;
const LAST_PART: usize = 1024 * 1024;
/// Shortest session that STS gives.
const SESSION_SECONDS: u32 = 900;
const WRONG_EXTERNAL_ID: &str = "mixdown-tries-a-wrong-external-id";

/// One validation under way.
pub(super) struct Attempt<'a> {
    services: &'a Services,
    subject: Subject<'a>,
    /// None for a bucket that does not belong to an org yet.
    row: Option<&'a StorageRow>,
    bucket: Option<Bucket<'a>>,
    object: String,
    upload: String,
    nothing: String,
    /// An upload that is begun and not ended.
    open_upload: Option<String>,
    written: Vec<String>,
    /// Whether the bucket keeps what is overwritten or deleted.
    versioned: bool,
}

/// Passed, perhaps with a warning; or failed.
type Ended = Result<Option<Diagnosis>, Diagnosis>;

impl<'a> Attempt<'a> {
    /// `name` keeps validations of several storages in one bucket apart. Where nothing may be deleted, the objects of
    /// one validation are overwritten by the next.
    pub(super) fn new(services: &'a Services, subject: Subject<'a>, row: Option<&'a StorageRow>, name: &str) -> Self {
        let key = |what| format!("{}{VALIDATION_FOLDER}/{name}-{what}", subject.prefix());
        Self {
            object: key("object"),
            upload: key("upload"),
            nothing: key("nothing"),
            services,
            row,
            bucket: None,
            open_upload: None,
            written: Vec::new(),
            versioned: false,
            subject,
        }
    }

    /// With this bucket instead of opening one.
    pub(super) fn with_bucket(self, bucket: Bucket<'a>) -> Self {
        Self { bucket: Some(bucket), ..self }
    }

    pub(super) fn subject(&self) -> &Subject<'a> {
        &self.subject
    }

    pub(super) async fn step(&mut self, name: StepName) -> Ended {
        match name {
            StepName::Endpoint => self.endpoint().await,
            StepName::Credentials => self.credentials().await,
            StepName::Role => self.role().await,
            StepName::RoleGuard => self.role_guard().await,
            StepName::Bucket => self.bucket().await,
            StepName::Put => self.put().await,
            StepName::Head => self.head().await,
            StepName::Get => self.get().await,
            StepName::Multipart => self.multipart().await,
            StepName::Abort => self.abort().await,
            StepName::Public => self.public().await,
            StepName::Cors => self.cors().await,
            StepName::Delete => self.delete().await,
        }
    }

    /// Removes what was written, as far as that is allowed.
    pub(super) async fn clean_up(&self) {
        let Some(bucket) = &self.bucket else { return };
        if let Some(upload) = &self.open_upload {
            let _ = bucket.abort_upload(&self.upload, upload).await;
        }
        for key in &self.written {
            let _ = bucket.delete(key).await;
        }
    }

    async fn endpoint(&self) -> Ended {
        let name = StepName::Endpoint;
        let answer = self.unsigned(name)?.get_as_nobody(&self.nothing).await.map_err(|e| self.means(name, &e))?;
        match self.ahead(refusal(&answer).server_time) {
            Some(ahead_seconds) if clock_is_wrong(ahead_seconds) => Err(Diagnosis::Clock { ahead_seconds }),
            _ => Ok(None),
        }
    }

    async fn credentials(&mut self) -> Ended {
        let (name, region) = (StepName::Credentials, &*self.subject.target.region);
        let keys = match (self.subject.kind, self.row) {
            (StorageKind::AwsRole, _) => self.services.settings().aws.keys.clone().ok_or(Diagnosis::NoIdentity)?,
            (StorageKind::AwsKeys, Some(row)) => credentials::resolve(self.services, row, Scope::Validation)
                .await
                .map_err(|error| self.means(name, &error.into()))?,
            _ => return self.credentials_of_a_store().await,
        };
        let known = sts::caller_identity(self.services, region, &keys).await;
        known.map(|_| None).map_err(|error| diagnosis::sts(name, &error))
    }

    /// Other stores have no service that knows keys; the bucket itself is asked, and only what concerns the key counts.
    async fn credentials_of_a_store(&mut self) -> Ended {
        match self.probe(StepName::Credentials).await? {
            Some(
                found @ (Diagnosis::UnknownKey
                | Diagnosis::WrongSecret
                | Diagnosis::SessionEnded
                | Diagnosis::Clock { .. }
                | Diagnosis::NotAStore),
            ) => Err(found),
            _ => Ok(None),
        }
    }

    async fn role(&mut self) -> Ended {
        self.open(StepName::Role).await.map(|()| None)
    }

    /// Whoever else knows the role's name must not get in through us, so it has to insist on the external id.
    async fn role_guard(&self) -> Ended {
        for external_id in [None, Some(WRONG_EXTERNAL_ID)] {
            let request = AssumeRole {
                role_arn: self.subject.options.role_arn.as_deref().unwrap_or_default(),
                session_name: "mixdown-validation",
                external_id,
                policy: None,
                seconds: SESSION_SECONDS,
            };
            match sts::assume_role(self.services, &self.subject.target.region, &request).await {
                Ok(_) => return Ok(Some(Diagnosis::RoleOpen { without: external_id.is_none() })),
                // Another refusal, such as throttling, leaves open what the role would have done.
                Err(StsError::Refused { status: 403, .. }) => {}
                Err(error) => return Err(diagnosis::sts(StepName::RoleGuard, &error)),
            }
        }
        Ok(None)
    }

    async fn bucket(&mut self) -> Ended {
        let name = StepName::Bucket;
        let found = self.probe(name).await?;
        match found {
            Some(Diagnosis::NoBucket) if self.subject.kind == StorageKind::Embedded => {
                self.opened(name)?.create_bucket().await.map(|()| None).map_err(|error| self.means(name, &error))
            }
            // Whoever may not list a bucket is refused what is not in it. What is really missing, the next steps say.
            Some(Diagnosis::Missing(_)) if self.subject.kind != StorageKind::Embedded => self.owner().await,
            Some(found) => Err(found),
            None => Ok(None),
        }
    }

    /// Whether it is the expected owner that was refused: then the answer differs when nobody is expected.
    async fn owner(&self) -> Ended {
        if self.subject.options.account.is_none() {
            return Ok(None);
        }
        let bucket = self.opened(StepName::Bucket)?;
        let expecting = bucket.get(&self.nothing).await;
        let asking = bucket.with_options(|options| options.account = None).get(&self.nothing).await;
        let said = |answer: &Result<Vec<u8>, BucketError>| match answer {
            Err(BucketError::Refused(Refusal { status, code, action, .. })) => {
                Some((*status, code.clone(), action.clone()))
            }
            _ => None,
        };
        if said(&expecting) == said(&asking) { Ok(None) } else { Err(Diagnosis::OtherAccount) }
    }

    /// Asks for what is not there: unlike HEAD, a refused GET says why.
    async fn probe(&mut self, name: StepName) -> Result<Option<Diagnosis>, Diagnosis> {
        self.open(name).await?;
        // A name nobody can know is nowhere but where everything gets the same answer.
        let Err(error) = self.opened(name)?.get(&self.nothing).await else { return Ok(Some(Diagnosis::NotAStore)) };
        match &error {
            BucketError::Refused(refusal) if refusal.code == "NoSuchKey" => Ok(None),
            BucketError::Refused(Refusal { status: 400..=499, code, .. }) if code.is_empty() => {
                Ok(Some(Diagnosis::NotAStore))
            }
            error => Ok(Some(self.means(name, error))),
        }
    }

    async fn put(&mut self) -> Ended {
        self.written.push(self.object.clone());
        let bucket = self.opened(StepName::Put)?;
        match bucket.put(&self.object, PROBE.to_vec()).await {
            Ok(stored) => {
                self.versioned = stored.is_version;
                Ok(None)
            }
            Err(error) => {
                let left_out = self.left_out(bucket, &error).await;
                let found = diagnose(StepName::Put, &error, self.ahead_of(&error), left_out);
                let named = matches!(&error, BucketError::Refused(Refusal { action: Some(_), .. }));
                Err(match (found, &self.subject.options.account) {
                    (Diagnosis::Missing(action), Some(_)) if !named && left_out.is_none() => {
                        Diagnosis::OtherAccountOr(action)
                    }
                    (found, _) => found,
                })
            }
        }
    }

    /// What of the request is refused, when the answer does not name it: it passes when that is left out.
    async fn left_out(&self, bucket: &Bucket<'_>, error: &BucketError) -> Option<Part> {
        if !matches!(error, BucketError::Refused(Refusal { status: 400 | 403 | 501, action: None, .. })) {
            return None;
        }
        let options = self.subject.options;
        let parts = [
            (Part::Tags, !options.tags.is_empty()),
            (Part::Encryption, options.encryption != Encryption::BucketDefault),
            (Part::StorageClass, options.storage_class.is_some()),
            (Part::Metadata, !options.metadata.is_empty()),
        ];
        for (part, _) in parts.into_iter().filter(|(_, used)| *used) {
            if bucket.with_options(|options| leave_out(options, part)).put(&self.object, PROBE.to_vec()).await.is_ok() {
                return Some(part);
            }
        }
        None
    }

    async fn head(&self) -> Ended {
        let bucket = self.opened(StepName::Head)?;
        let head = match bucket.head(&self.object).await {
            Ok(head) => head,
            Err(error) => {
                // GET needs the same permission and says why it is refused.
                let said = bucket.get(&self.object).await.err().filter(|_| error.status() == Some(403));
                return Err(self.means(StepName::Head, said.as_ref().unwrap_or(&error)));
            }
        };
        let encryption = head.encryption.as_deref().unwrap_or_default();
        let encrypted = match &self.subject.options.encryption {
            Encryption::BucketDefault => true,
            Encryption::S3 => encryption == "AES256",
            Encryption::Kms { .. } => encryption.starts_with("aws:kms"),
        };
        match (usize::try_from(head.bytes) == Ok(PROBE.len()), encrypted) {
            (false, _) => Err(Diagnosis::Different),
            (true, false) => Err(Diagnosis::NotEncrypted),
            (true, true) => Ok(None),
        }
    }

    async fn get(&self) -> Ended {
        match self.opened(StepName::Get)?.get(&self.object).await {
            Ok(body) if body == PROBE => Ok(None),
            Ok(_) => Err(Diagnosis::Different),
            Err(error) => Err(self.decrypting(StepName::Get, &error)),
        }
    }

    async fn multipart(&mut self) -> Ended {
        let name = StepName::Multipart;
        let (key, total) = (self.upload.clone(), FIRST_PART + LAST_PART);
        let begun = self.opened(name)?.create_upload(&key, &[]).await;
        let upload = begun.map_err(|error| self.means(name, &error))?;
        (self.open_upload, self.written) = (Some(upload.clone()), vec![self.object.clone(), key.clone()]);
        let bucket = self.opened(name)?;
        let send = async {
            let first = bucket.put_part(&key, &upload, 1, vec![b'1'; FIRST_PART]).await?;
            let last = bucket.put_part(&key, &upload, 2, vec![b'2'; LAST_PART]).await?;
            bucket.complete_upload(&key, &upload, &[&first, &last]).await
        };
        send.await.map_err(|error| self.decrypting(name, &error))?;
        let head = bucket.head(&key).await.map_err(|error| self.means(name, &error))?;
        self.open_upload = None;
        if usize::try_from(head.bytes) == Ok(total) { Ok(None) } else { Err(Diagnosis::Different) }
    }

    async fn abort(&mut self) -> Ended {
        let name = StepName::Abort;
        let begun = self.opened(name)?.create_upload(&self.upload, &[]).await;
        let upload = begun.map_err(|error| self.means(name, &error))?;
        let ended = self.opened(name)?.abort_upload(&self.upload, &upload).await;
        ended.map(|()| None).map_err(|error| self.means(name, &error))
    }

    async fn public(&self) -> Ended {
        let name = StepName::Public;
        // Whoever cuts off unsigned requests has no public bucket.
        let answer = self.unsigned(name)?.get_as_nobody(&self.object).await;
        Ok(answer.is_ok_and(|answer| answer.is_success()).then_some(Diagnosis::Public))
    }

    async fn cors(&self) -> Ended {
        let (name, origin) = (StepName::Cors, &*self.subject.origin);
        // Whatever becomes of the question, recordings are delivered all the same.
        let Ok(answer) = self.unsigned(name)?.preflight(&self.object, origin).await else {
            return Ok(Some(Diagnosis::NoCors));
        };
        let allowed = answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).and_then(|value| value.to_str().ok());
        let may = answer.is_success() && allowed.is_some_and(|allowed| allowed == "*" || allowed == origin);
        Ok((!may).then_some(Diagnosis::NoCors))
    }

    async fn delete(&mut self) -> Ended {
        let bucket = self.opened(StepName::Delete)?;
        let mut left = Vec::new();
        for key in &self.written {
            match bucket.delete(key).await {
                Err(error) if error.status() == Some(403) => left.push(key.clone()),
                Err(error) if !error.is_not_found() => return Err(self.means(StepName::Delete, &error)),
                _ => {}
            }
        }
        let versioned = self.versioned.then_some(Diagnosis::Versioned);
        Ok(if left.is_empty() { versioned } else { Some(Diagnosis::Undeleted(left)) })
    }

    /// Opens the bucket, which takes its credentials; once.
    async fn open(&mut self, name: StepName) -> Result<(), Diagnosis> {
        if let (None, Some(row)) = (&self.bucket, self.row) {
            let opened = Bucket::open(self.services, row, Scope::Validation).await;
            self.bucket = Some(opened.map_err(|error| self.means(name, &error))?);
        }
        Ok(())
    }

    fn opened(&self, name: StepName) -> Result<&Bucket<'a>, Diagnosis> {
        self.bucket.as_ref().ok_or_else(|| self.means(name, &BucketError::Address))
    }

    fn unsigned(&self, name: StepName) -> Result<Bucket<'a>, Diagnosis> {
        let Subject { kind, target, options, .. } = &self.subject;
        Bucket::unsigned(self.services, *kind, target, (*options).clone()).map_err(|error| self.means(name, &error))
    }

    fn means(&self, name: StepName, error: &BucketError) -> Diagnosis {
        diagnose(name, error, self.ahead_of(error), None)
    }

    /// The same, where a key is used to decrypt: everything else was allowed before.
    fn decrypting(&self, name: StepName, error: &BucketError) -> Diagnosis {
        match error {
            BucketError::Refused(Refusal { status: 403, action: None, .. }) if self.subject.kms_key().is_some() => {
                Diagnosis::Missing("kms:Decrypt".to_owned())
            }
            error => self.means(name, error),
        }
    }

    fn ahead_of(&self, error: &BucketError) -> Option<i64> {
        match error {
            BucketError::Refused(refusal) => self.ahead(refusal.server_time),
            _ => None,
        }
    }

    /// How many seconds our clock is ahead of theirs.
    fn ahead(&self, theirs: Option<DateTime<Utc>>) -> Option<i64> {
        let ours = DateTime::<Utc>::from(self.services.clock().wall());
        theirs.map(|theirs| (ours - theirs).num_seconds())
    }
}

fn leave_out(options: &mut Options, part: Part) {
    match part {
        Part::Tags => options.tags.clear(),
        Part::Encryption => options.encryption = Encryption::BucketDefault,
        Part::StorageClass => options.storage_class = None,
        Part::Metadata => options.metadata.clear(),
    }
}

//! Download links of our own: `{public_url}/r/{token}`, which lead to a freshly presigned URL. They can outlast every
//! credential of the bucket, end when the recording is deleted, and show nothing of the bucket.

use super::{
    download_name,
    link_token::{self, Claims},
    not_found, usable, usable_poster,
};
use crate::{
    access::{Access, Permission},
    audit::{self, Actor},
    clock::to_date,
    error::{Error, Kind, Result},
    secrets::{InstallationKey, hash_token},
    services::Services,
    storage::{Bucket, MediaType, Scope},
    store::{LinkUse, OrgTx, RecordingRow},
};
use chrono::{DateTime, SecondsFormat, Utc};
use protocol::ids::{OrgId, RecordingId};
use std::{ops::RangeInclusive, time::Duration};
use url::Url;

const HOUR_SECONDS: u64 = 3600;
/// How long a link may work: an hour to a year.
pub(crate) const VALIDITY_SECONDS: RangeInclusive<u64> = HOUR_SECONDS..=365 * 24 * HOUR_SECONDS;
/// The link is followed at once; a player asks for later ranges at the same presigned URL.
const PRESIGNED: Duration = Duration::from_secs(300);
/// What a link's address ends with when it leads to the picture.
const POSTER: &str = "poster.jpg";
/// The audit log tells of one link no more often.
const AUDIT_EVERY_MS: u64 = HOUR_SECONDS * 1000;

/// A link and its end.
#[derive(Debug, Clone)]
pub struct Link {
    pub url: Url,
    /// Where the picture of the recording is shown, if there is one, for as long.
    pub poster_url: Option<Url>,
    pub expires_at: DateTime<Utc>,
}

/// What somebody with a link asks for.
#[derive(Debug, Clone, Copy)]
pub struct LinkRequest<'a> {
    pub token: &'a str,
    pub wanted: Wanted,
    /// Only to be looked at, by HEAD.
    pub head: bool,
}

/// What of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The video, to be played.
    Video,
    /// The video, to be saved under a telling name.
    Download,
    /// The picture.
    Poster,
}

/// A link that anybody may follow for the given time, for what is ready.
pub async fn share(services: &Services, access: &Access, id: RecordingId, validity: Duration) -> Result<Link> {
    access.require(Permission::OperateRecordings)?;
    let seconds = checked_validity(validity)?;
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    let row = org.recording(id).await?.ok_or_else(not_found)?;
    usable(&row)?;
    let link = create(services, &mut org, &row, seconds).await?;
    let detail = format!("works until {}", minute(link.expires_at));
    audit::record(services, &mut org, access.actor(), "recording.shared", &id, &detail).await?;
    tx.commit().await?;
    Ok(link)
}

/// The validity in seconds, when it is one a link may have.
pub(crate) fn checked_validity(validity: Duration) -> Result<u64> {
    Some(validity.as_secs()).filter(|seconds| VALIDITY_SECONDS.contains(seconds)).ok_or_else(|| {
        Error::invalid("link_validity_invalid", "A link works for at least one hour and at most 365 days.")
    })
}

/// A link to a recording of the org.
pub(crate) async fn create(
    services: &Services,
    org: &mut OrgTx<'_>,
    row: &RecordingRow,
    validity_seconds: u64,
) -> Result<Link> {
    let key = InstallationKey::RecordingLinks.get_or_draw(services, org.system()).await?;
    let expires_at = services.now() / 1000 + validity_seconds;
    let token = link_token::sign(&key, Claims { recording: row.id(), expires_at });
    let page = |path: &str| {
        let mut url = services.settings().public_url.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        url
    };
    Ok(Link {
        url: page(&format!("/r/{token}")),
        poster_url: row.poster.then(|| page(&format!("/r/{token}/{POSTER}"))),
        expires_at: to_date(expires_at.saturating_mul(1000)),
    })
}

/// Where the link leads now. It works for some minutes, and says nothing about the link.
pub async fn open(services: &Services, request: LinkRequest<'_>) -> Result<Url> {
    let mut tx = services.read().await?;
    let key = InstallationKey::RecordingLinks.get(services, &mut tx).await?.ok_or_else(unknown)?;
    let claims = link_token::verify(&key, request.token).ok_or_else(unknown)?;
    if claims.expires_at <= services.now() / 1000 {
        return Err(Error::new(Kind::Gone, "link_expired", "This link has expired. Ask for a new one."));
    }
    let owner = tx.recording_owner(claims.recording).await?.ok_or_else(unknown)?;
    let mut org = tx.org(owner);
    let row = org.recording(claims.recording).await?.ok_or_else(unknown)?;
    usable(&row)?;
    let storage = org.storage_of_recording(&row).await?.ok_or_else(unknown)?;
    drop(tx);
    let (key, media_type, name) = match request.wanted {
        Wanted::Video => (row.object_key.clone(), MediaType::Video, None),
        Wanted::Download => (row.object_key.clone(), MediaType::Video, Some(download_name(&row))),
        Wanted::Poster => (usable_poster(&row)?, MediaType::Picture, None),
    };
    let scope = Scope::Playback { id: row.id(), key: &row.object_key };
    let bucket = Bucket::open(services, &storage, scope).await?;
    let url = if request.head {
        bucket.sign_head(&key, PRESIGNED)
    } else {
        bucket.sign_get(&key, PRESIGNED, media_type, name.as_deref())
    };
    // Mail programs fetch pictures by themselves: that is nobody's use of the link.
    if request.wanted != Wanted::Poster {
        count(services, owner, &request, claims).await?;
    }
    Ok(url)
}

async fn count(services: &Services, owner: OrgId, request: &LinkRequest<'_>, claims: Claims) -> Result<()> {
    let expires_at = claims.expires_at.saturating_mul(1000);
    let link =
        LinkUse { link_hash: &hash_token(request.token), recording: claims.recording, expires_at, now: services.now() };
    let mut tx = services.begin().await?;
    let mut org = tx.org(owner);
    if let Some(uses) = org.count_link_use(&link, AUDIT_EVERY_MS).await? {
        let detail = format!("use {uses} of the link that works until {}", minute(to_date(expires_at)));
        audit::record(services, &mut org, Actor::Link, "recording.link_used", &claims.recording, &detail).await?;
    }
    Ok(tx.commit().await?)
}

fn minute(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn unknown() -> Error {
    Error::not_found("link_not_found", "There is no such link. Check that it was copied as a whole.")
}

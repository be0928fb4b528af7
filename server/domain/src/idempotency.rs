//! Requests that may be repeated: the first one with a key does the work, the others get its answer.
//!
//! The request is claimed before the work and its answer is stored after it. In between, every transaction of the work
//! notes in itself that it took effect ([`crate::store`] does so for any caller whose [`Access`] carries a claim). So
//! whatever is cut off where: either nothing happened, and the claim ends after a while; or something did, and the
//! request is never done again, even when its answer was lost.

use crate::{
    access::Access,
    clock::millis,
    error::{Error, Kind, Result},
    secrets::SealedColumn,
    services::Services,
    store::{ClaimRow, NewClaim},
};
use protocol::ids::OrgId;
use sha2::{Digest, Sha256};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long answers are kept.
pub const KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long the work may take; longer than any request does.
const WORK: Duration = Duration::from_secs(60);
const KEY_CHARS: usize = 255;

/// A request with an idempotency key.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// As the client sent it.
    pub key: &'a str,
    /// What is asked: method and path. The same key means another request elsewhere.
    pub operation: &'a str,
    /// All else by which requests differ.
    pub content: &'a [u8],
}

/// What to do about a request.
#[derive(Debug)]
pub enum Begun {
    /// The work, as this caller; then [`finish`].
    Work(Access),
    /// Nothing: this is the answer, as [`finish`] was given it.
    Answered(Zeroizing<Vec<u8>>),
}

/// The right to do the work of one request.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub org: OrgId,
    pub id: String,
    /// Which of several attempts, when earlier ones were cut off.
    pub attempt: String,
}

/// Claims a request. Codes: `idempotency_key_invalid`, `idempotency_key_reused` (with another content),
/// `request_in_progress`, `answer_lost`.
pub async fn begin(services: &Services, access: &Access, request: Request<'_>) -> Result<Begun> {
    let id = identity(access, request)?;
    let fingerprint = hex::encode(Sha256::digest(request.content));
    let attempt = hex::encode(services.random().bytes::<8>().map_err(Error::internal)?);
    let now = services.now();
    let new = NewClaim {
        id: &id,
        fingerprint: &fingerprint,
        attempt: &attempt,
        now,
        claimed_until: now + millis(WORK),
        expires_at: now + millis(KEPT),
    };
    let mut tx = services.begin().await?;
    let mut org = tx.reach(access);
    if org.claim_request(&new).await? {
        tx.commit().await?;
        return Ok(Begun::Work(access.clone().with_claim(Claim { org: access.org(), id, attempt })));
    }
    let row = org.claimed_request(&id).await?.ok_or_else(in_progress)?;
    drop(tx);
    answered(services, access, &id, &fingerprint, row)
}

fn answered(services: &Services, access: &Access, id: &str, fingerprint: &str, row: ClaimRow) -> Result<Begun> {
    if row.fingerprint != fingerprint {
        return Err(Error::new(
            Kind::Unprocessable,
            "idempotency_key_reused",
            "This Idempotency-Key was sent with another request. Use a fresh one for each request.",
        ));
    }
    if let Some(sealed) = row.answer {
        let place = SealedColumn::IdempotentAnswer.of(access.org());
        return services.envelope().open(place, id, &sealed).map(Begun::Answered).map_err(Error::internal);
    }
    if row.took_effect && !row.is_claimed(services.now()) {
        return Err(Error::conflict(
            "answer_lost",
            "The first request with this Idempotency-Key took effect, but its answer was lost. Look at what there is.",
        ));
    }
    Err(in_progress())
}

/// Stores the answer to a request that was claimed. Without one, the request may be tried again, unless it took effect.
pub async fn finish(services: &Services, access: &Access, answer: Option<&[u8]>) -> Result<()> {
    let Some(claim) = access.claim() else { return Ok(()) };
    let place = SealedColumn::IdempotentAnswer.of(claim.org);
    let sealed = answer.map(|answer| services.envelope().seal(place, &claim.id, answer)).transpose()?;
    let mut tx = services.begin().await?;
    let mut org = tx.org(claim.org);
    match sealed {
        Some(sealed) => org.answer_request(claim, &sealed).await?,
        None => org.release_request(claim).await?,
    }
    Ok(tx.commit().await?)
}

/// Names the request by who asks what with which key, without telling the key.
fn identity(access: &Access, request: Request<'_>) -> Result<String> {
    let key = request.key;
    if key.is_empty() || key.len() > KEY_CHARS || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid(
            "idempotency_key_invalid",
            format!(
                "An Idempotency-Key is 1 to {KEY_CHARS} printable ASCII characters without spaces, such as a UUID."
            ),
        ));
    }
    let mut hash = Sha256::new();
    for part in [&access.actor().to_string(), request.operation, key] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    Ok(hex::encode(hash.finalize()))
}

fn in_progress() -> Error {
    Error::conflict("request_in_progress", "The first request with this Idempotency-Key is still being answered.")
        .with_retry_after(Duration::from_secs(1))
}

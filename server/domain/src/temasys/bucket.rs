//! The bucket that a Temasys backend names, as an ordinary storage.

use super::NewS3;
use crate::{
    access::Access,
    audit::{self, Actor},
    error::{Error, Result},
    services::Services,
    storage::{self, Standing, StorageInput, StorageKind},
    store::{OrgTx, TemasysRow},
};
use protocol::ids::StorageId;

const STORAGE_NAME: &str = "Temasys";

/// The storage of this bucket: the one that was made before with a fresh key, otherwise a new one. Its validation begins.
pub(super) async fn set(
    services: &Services,
    access: &Access,
    before: Option<&TemasysRow>,
    s3: &NewS3,
) -> Result<StorageId> {
    let (bucket, prefix) = parse_arn(&s3.arn)?;
    let known = before.filter(|row| row.s3_arn.as_deref() == Some(&s3.arn)).and_then(TemasysRow::storage);
    let input = StorageInput {
        name: STORAGE_NAME.to_owned(),
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        access_key_id: s3.access_key_id.clone(),
        secret_access_key: s3.secret_access_key.clone(),
        ..StorageInput::default()
    };
    if let Some(id) = known {
        let region = storage::get(services, access, id).await?.region;
        return Ok(storage::update(services, access, id, &StorageInput { region, ..input }).await?.id);
    }
    let region = storage::region_of(services, bucket).await;
    Ok(storage::create(services, access, StorageKind::AwsKeys, &StorageInput { region, ..input }).await?.id)
}

/// A storage was proven to work: if it was set here, recordings go there from now on.
pub(crate) async fn proven(services: &Services, org: &mut OrgTx<'_>, id: StorageId) -> Result<()> {
    if !org.take_pending_storage(id).await? {
        return Ok(());
    }
    let Some(row) = org.storage_of(id).await? else { return Ok(()) };
    if row.standing() != Standing::Primary {
        org.clear_standing(Standing::Primary).await?;
        org.set_standing(id, Standing::Primary).await?;
        audit::record(services, org, Actor::System, "storage.made_primary", &id, "set by a Temasys backend").await?;
    }
    Ok(())
}

/// `arn:aws:s3:::bucket`, perhaps with a prefix after it.
fn parse_arn(arn: &str) -> Result<(&str, &str)> {
    let name = arn.strip_prefix("arn:aws:s3:::").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::invalid("s3_arn_invalid", "The s3Arn looks like arn:aws:s3:::bucket."))?;
    let (bucket, prefix) = name.split_once('/').unwrap_or((name, ""));
    Ok((bucket, prefix.trim_end_matches(['/', '*'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_name_a_bucket_and_perhaps_a_prefix() {
        assert_eq!(parse_arn("arn:aws:s3:::calls").unwrap(), ("calls", ""));
        assert_eq!(parse_arn("arn:aws:s3:::calls/of/us/*").unwrap(), ("calls", "of/us"));
        for wrong in ["", "calls", "arn:aws:s3:::", "arn:aws:iam::123456789012:role/x"] {
            assert!(parse_arn(wrong).is_err(), "{wrong}");
        }
    }
}

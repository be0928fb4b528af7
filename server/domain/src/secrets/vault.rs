//! The database together with the keys that open its secrets.

use super::{Envelope, KeyRing, KeySource, SealedColumn};
use crate::{
    clock::Clock,
    error::Result,
    random::Random,
    services::{OpenError, Wakes},
    store::{Database, Tx},
};
use std::{collections::HashSet, fmt, sync::Arc};

const KEY_CHECK: &[u8] = b"mixdown";

/// An open database whose secrets can be read.
pub struct Vault {
    database: Database,
    wakes: Wakes,
    keys: KeyRing,
    clock: Clock,
    random: Random,
}

impl Vault {
    /// Opens the database, brings it up to date and checks the master keys against it.
    ///
    /// # Errors
    /// When the database cannot be used, or was written with a key that is not there.
    pub async fn open(
        database_url: &str,
        keys: Arc<dyn KeySource>,
        clock: Clock,
        random: Random,
    ) -> Result<Self, OpenError> {
        let keys = KeyRing::open(keys, clock.clone()).map_err(OpenError::Keys)?;
        let database = Database::open(database_url).await?;
        let vault = Self { database, wakes: Wakes::default(), keys, clock, random };
        vault.check_keys().await?;
        vault.enrol().await?;
        Ok(vault)
    }

    /// Each key this database was written with left a check; one that is no longer held must not be needed either.
    async fn check_keys(&self) -> Result<(), OpenError> {
        let mut tx = self.read().await?;
        let checks = tx.key_checks().await.map_err(OpenError::Database)?;
        let held: HashSet<String> = self.keys.ids().into_iter().collect();
        let (known, missing): (Vec<_>, Vec<_>) = checks.iter().partition(|check| held.contains(&check.key_id));
        let place = SealedColumn::KeyCheck.of_installation();
        for check in &known {
            self.envelope().open(place, &check.key_id, &check.sealed).map_err(|_| OpenError::WrongKey)?;
        }
        if known.is_empty() && !missing.is_empty() {
            return Err(OpenError::WrongKey);
        }
        if !missing.is_empty() {
            let mut wrapping = HashSet::new();
            for column in SealedColumn::rotated() {
                let counts = tx.count_sealed(column).await.map_err(OpenError::Database)?;
                wrapping.extend(counts.into_iter().map(|count| count.key_id));
            }
            if missing.iter().any(|check| wrapping.contains(&check.key_id)) {
                return Err(OpenError::WrongKey);
            }
        }
        Ok(())
    }

    /// Leaves the check of the sealing key, unless it is there.
    pub(super) async fn enrol(&self) -> Result<()> {
        let Some(key) = self.keys.sealing() else { return Ok(()) };
        if self.read().await?.key_checks().await?.iter().any(|check| check.key_id == key.id) {
            return Ok(());
        }
        let place = SealedColumn::KeyCheck.of_installation();
        let sealed = self.envelope().seal(place, &key.id, KEY_CHECK)?;
        let mut tx = self.begin().await?;
        tx.insert_key_check(&key.id, &sealed, self.clock.unix_ms()).await?;
        Ok(tx.commit().await?)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn random(&self) -> &Random {
        &self.random
    }

    pub(crate) fn keys(&self) -> &KeyRing {
        &self.keys
    }

    pub(crate) fn wakes(&self) -> &Wakes {
        &self.wakes
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope { keys: &self.keys, random: &self.random }
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(self.database.begin(&self.wakes).await?)
    }

    /// A transaction that only reads.
    pub(crate) async fn read(&self) -> Result<Tx> {
        Ok(self.database.read(&self.wakes).await?)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("keys", &self.keys).finish_non_exhaustive()
    }
}

//! Replacing the master key while everything runs. Only the wrapping of each secret's own key is written again, one
//! row at a time and only while it still holds what was read, so whoever changes a secret meanwhile wins.

use super::{SealedColumn, Vault};
use crate::{clock::to_date, error::Result, store::unsigned};
use chrono::{DateTime, Utc};
use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

const BATCH: i64 = 100;
/// A request that sealed with the old key before the new one came has ended after this long.
const LONGEST_REQUEST: Duration = Duration::from_secs(120);

/// One key and what depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    pub id: String,
    /// Whether it is at hand.
    pub held: bool,
    pub seals: bool,
    /// Since when it seals, or sealed.
    pub since: Option<DateTime<Utc>>,
    /// Secrets that cannot be opened without it.
    pub secrets: u64,
}

/// How far a rotation has come in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    pub column: &'static str,
    /// Secrets of the column that were put under the new key so far.
    pub rewrapped: u64,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrapped {
    /// The key that everything is under now.
    pub key: String,
    pub secrets: u64,
    /// `table.column row` of secrets that do not open where they are; they stay as they were.
    pub unopened: Vec<String>,
}

/// Why old keys are still needed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRetired {
    #[error("{secrets} secrets are still under key {key}; run first: mixdown keys rotate")]
    InUse { key: String, secrets: u64 },
    #[error("key {key} seals since a moment ago; requests under way may still use an older one. Try again in {} seconds", wait.as_secs())]
    JustReplaced { key: String, wait: Duration },
}

/// Every key that is held or needed: the held ones in their order, then those that are missing.
///
/// # Errors
/// When the database does not answer.
pub async fn uses(vault: &Vault) -> Result<Vec<KeyUse>> {
    let mut tx = vault.read().await?;
    let mut secrets: BTreeMap<String, u64> = BTreeMap::new();
    for column in SealedColumn::rotated() {
        for count in tx.count_sealed(column).await? {
            *secrets.entry(count.key_id).or_default() += unsigned(count.secrets);
        }
    }
    let checks = tx.key_checks().await?;
    let held = vault.keys().ids();
    let since =
        |id: &str| checks.iter().find(|check| check.key_id == id).map(|check| to_date(unsigned(check.created_at)));
    let mut uses: Vec<KeyUse> = Vec::new();
    for (index, id) in held.into_iter().enumerate() {
        let secrets = secrets.remove(&id).unwrap_or_default();
        uses.push(KeyUse { since: since(&id), held: true, seals: index == 0, secrets, id });
    }
    let missing = secrets.into_iter();
    uses.extend(missing.map(|(id, secrets)| KeyUse { since: since(&id), held: false, seals: false, secrets, id }));
    Ok(uses)
}

/// Whether a rotation began and has not put every secret under the newest key.
///
/// # Errors
/// When the database does not answer.
pub async fn is_unfinished(vault: &Vault) -> Result<bool> {
    Ok(uses(vault).await?.iter().any(|key| key.held && !key.seals && key.secrets > 0))
}

/// Puts every secret under the key that seals, until none is left under another. What was done stays done when it is
/// cut off; the next call goes on.
///
/// # Errors
/// When the database does not answer.
pub async fn rewrap(vault: &Vault, mut progress: impl FnMut(&Progress)) -> Result<Rewrapped> {
    vault.enrol().await?;
    let mut done = Rewrapped { key: String::new(), secrets: 0, unopened: Vec::new() };
    loop {
        done.key = vault.keys().ids().swap_remove(0);
        done.unopened.clear();
        let mut rewrapped = 0;
        for column in SealedColumn::rotated() {
            rewrapped += rewrap_column(vault, column, &mut done, &mut progress).await?;
        }
        done.secrets += rewrapped;
        // Somebody may have sealed with the old key while the columns were read.
        if rewrapped == 0 {
            return Ok(done);
        }
    }
}

async fn rewrap_column(
    vault: &Vault,
    column: SealedColumn,
    done: &mut Rewrapped,
    progress: &mut impl FnMut(&Progress),
) -> Result<u64> {
    let mut state = Progress { table: column.table(), column: column.column(), rewrapped: 0 };
    let mut after = String::new();
    loop {
        let rows = vault.read().await?.sealed_by_others(column, &done.key, &after, BATCH).await?;
        let Some(last) = rows.last() else { return Ok(state.rewrapped) };
        after.clone_from(&last.row);
        for row in rows {
            match vault.envelope().rewrap(row.place(column), &row.row, &row.sealed) {
                Ok(None) => {}
                Ok(Some(sealed)) => {
                    // One at a time: locks on several rows could wait for those of a request in a circle.
                    let mut tx = vault.begin().await?;
                    let replaced = tx.replace_sealed(column, &row, &sealed).await?;
                    tx.commit().await?;
                    state.rewrapped += u64::from(replaced);
                }
                Err(error) => {
                    let (table, column) = (column.table(), column.column());
                    tracing::warn!(table, column, row = row.row, %error, "a secret stays under its old key");
                    done.unopened.push(format!("{table}.{column} {}", row.row));
                }
            }
        }
        if state.rewrapped > 0 {
            progress(&state);
        }
    }
}

/// Why the keys that do not seal must stay; `None` when nothing needs them any more.
///
/// # Errors
/// When the database does not answer.
pub async fn why_not_retired(vault: &Vault) -> Result<Option<NotRetired>> {
    let uses = uses(vault).await?;
    if let Some(used) = uses.iter().find(|key| key.held && !key.seals && key.secrets > 0) {
        return Ok(Some(NotRetired::InUse { key: used.id.clone(), secrets: used.secrets }));
    }
    let Some(sealing) = uses.iter().find(|key| key.seals) else { return Ok(None) };
    let since = sealing.since.unwrap_or_else(|| vault.clock().now());
    let age = (vault.clock().now() - since).to_std().unwrap_or_default();
    let wait = LONGEST_REQUEST.saturating_sub(age);
    Ok((!wait.is_zero()).then(|| NotRetired::JustReplaced { key: sealing.id.clone(), wait }))
}

/// Forgets that the database was ever written with keys that are no longer held.
///
/// # Errors
/// When the database does not answer.
pub async fn forget_unheld(vault: &Vault) -> Result<()> {
    let held: HashSet<String> = vault.keys().ids().into_iter().collect();
    let mut tx = vault.begin().await?;
    for check in tx.key_checks().await? {
        if !held.contains(&check.key_id) {
            tx.delete_key_check(&check.key_id).await?;
        }
    }
    Ok(tx.commit().await?)
}

//! `mixdown keys`: replacing the master key while servers run on it.

use crate::{
    config::{DataOptions, KeyCommand},
    control_plane::SecretFiles,
    master_keys::MasterKeyFile,
    start_error::StartError,
};
use domain::{
    clock::Clock,
    random::Random,
    secrets::{self, KeyUse, Rewrapped, Vault},
};
use std::{
    io::{self, Write},
    sync::Arc,
};

/// Does what was asked and says on `out` how it went.
///
/// # Errors
/// When something the operator can change is in the way.
pub async fn run(command: &KeyCommand, clock: Clock, out: &mut impl Write) -> Result<(), StartError> {
    let (KeyCommand::List { data } | KeyCommand::Rotate { data } | KeyCommand::Retire { data }) = command;
    let file = MasterKeyFile::open(&SecretFiles::of(&data.data_dir).master_key)?;
    let vault = open(data, &file, clock).await?;
    match command {
        KeyCommand::List { .. } => list(&vault, out).await,
        KeyCommand::Rotate { .. } => rotate(&vault, &file, out).await,
        KeyCommand::Retire { .. } => retire(&vault, &file, out).await,
    }
}

/// The database of servers that may run meanwhile.
pub(crate) async fn open(data: &DataOptions, file: &MasterKeyFile, clock: Clock) -> Result<Vault, StartError> {
    Vault::open(&data.database_url(), Arc::new(file.clone()), clock, Random::System)
        .await
        .map_err(|source| StartError::Services { master_key: file.path().to_owned(), source: Box::new(source) })
}

async fn list(vault: &Vault, out: &mut impl Write) -> Result<(), StartError> {
    say(out, format_args!("{:<18}{:<22}{:<16}{:>8}", "key", "state", "since", "secrets"));
    for key in secrets::uses(vault).await.map_err(|error| failed(&error))? {
        let since = key.since.map_or_else(|| "-".to_owned(), |since| since.format("%Y-%m-%d %H:%M").to_string());
        say(out, format_args!("{:<18}{:<22}{since:<16}{:>8}", key.id, state(&key), key.secrets));
    }
    Ok(())
}

fn state(key: &KeyUse) -> &'static str {
    match key {
        KeyUse { seals: true, .. } => "seals",
        KeyUse { held: false, .. } => "missing from the file",
        KeyUse { secrets: 0, .. } => "can be retired",
        _ => "opens",
    }
}

/// Adds a key and puts everything under it. One that was cut off goes on with the key it has added.
async fn rotate(vault: &Vault, file: &MasterKeyFile, out: &mut impl Write) -> Result<(), StartError> {
    let lock = file.lock()?;
    if secrets::is_unfinished(vault).await.map_err(|error| failed(&error))? {
        say(out, format_args!("Going on with a rotation that was not finished."));
    } else {
        file.add(&lock, &Random::System)?;
        say(out, format_args!("A new key is in {} and seals from now on.", file.path().display()));
    }
    let done = secrets::rewrap(vault, |progress| {
        let (table, column) = (progress.table, progress.column);
        say(out, format_args!("{table}.{column}: {} secrets re-wrapped", progress.rewrapped));
    })
    .await
    .map_err(|error| failed(&error))?;
    conclude(&done, out)
}

fn conclude(done: &Rewrapped, out: &mut impl Write) -> Result<(), StartError> {
    if done.unopened.is_empty() {
        let (key, secrets) = (&done.key, done.secrets);
        say(out, format_args!("The rotation is finished: all secrets are under key {key}, {secrets} re-wrapped."));
        say(out, format_args!("Back up the key file, then remove the old key with: mixdown keys retire"));
        return Ok(());
    }
    for secret in &done.unopened {
        say(out, format_args!("does not open: {secret}"));
    }
    Err(StartError::Domain(format!(
        "{} secrets do not open with any key or were moved; set them anew, then run mixdown keys rotate again.",
        done.unopened.len()
    )))
}

/// Removes the keys that nothing is under any more.
async fn retire(vault: &Vault, file: &MasterKeyFile, out: &mut impl Write) -> Result<(), StartError> {
    let lock = file.lock()?;
    let old = secrets::uses(vault)
        .await
        .map_err(|error| failed(&error))?
        .into_iter()
        .filter(|key| key.held && !key.seals)
        .count();
    if old == 0 {
        say(out, format_args!("There is no old key."));
        return Ok(());
    }
    if let Some(reason) = secrets::why_not_retired(vault).await.map_err(|error| failed(&error))? {
        return Err(StartError::Domain(format!("No key was removed: {reason}.")));
    }
    file.keep_first(&lock)?;
    secrets::forget_unheld(vault).await.map_err(|error| failed(&error))?;
    let path = file.path().display();
    say(out, format_args!("Old keys removed from {path}: {old}. Backups made before the rotation still need them."));
    Ok(())
}

fn failed(error: &domain::Error) -> StartError {
    tracing::error!(?error, "the keys command failed");
    StartError::Domain(format!("It could not be done: {}", error.public_message()))
}

/// A closed standard output is no reason to stop.
fn say(out: &mut impl Write, line: std::fmt::Arguments<'_>) {
    let _: io::Result<()> = writeln!(out, "{line}");
}

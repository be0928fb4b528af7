//! `mixdown reset-password`: a way back in for whom no mail reaches, from the one who has the data directory.

use crate::{
    config::DataOptions, control_plane::SecretFiles, key_commands, master_keys::MasterKeyFile, start_error::StartError,
};
use domain::{accounts, clock::Clock};
use std::io::{self, Write};
use url::Url;

/// Writes the link to `out`.
///
/// # Errors
/// Nobody has the address, or the data cannot be used.
pub async fn run(email: &str, mut page: Url, data: &DataOptions, out: &mut impl Write) -> Result<(), StartError> {
    let file = MasterKeyFile::open(&SecretFiles::of(&data.data_dir).master_key)?;
    let vault = key_commands::open(data, &file, Clock::System).await?;
    let token = accounts::operator_reset_token(&vault, email)
        .await
        .map_err(|error| StartError::Domain(error.public_message().to_owned()))?;
    page.set_path(accounts::RESET_PAGE);
    page.query_pairs_mut().append_pair("token", &token);
    // A closed standard output is no reason to fail.
    let _: io::Result<()> = writeln!(out, "{page}");
    Ok(())
}

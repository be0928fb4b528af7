//! Keys of the installation that outlive a master key, each drawn when it is first needed.

use super::SealedColumn;
use crate::{
    error::{Error, Result},
    services::Services,
    store::Tx,
};
use zeroize::Zeroizing;

/// What a key of the installation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InstallationKey {
    /// Signs download links.
    RecordingLinks,
    /// Signs links that end a subscription to mails.
    Unsubscribe,
    /// Signs places in lists.
    Cursors,
    /// Signs tokens of StreamRec clients.
    StreamrecTokens,
    /// What the keys are made from that sign webhooks to addresses of StreamRec clients.
    StreamrecWebhooks,
}

impl InstallationKey {
    /// Its name in the database.
    fn name(self) -> &'static str {
        match self {
            Self::RecordingLinks => "recording_links",
            Self::Unsubscribe => "unsubscribe",
            Self::Cursors => "cursors",
            Self::StreamrecTokens => "streamrec_tokens",
            Self::StreamrecWebhooks => "streamrec_webhooks",
        }
    }

    /// The key, drawn now unless there is one.
    pub(crate) async fn get_or_draw(self, services: &Services, tx: &mut Tx) -> Result<Zeroizing<Vec<u8>>> {
        if let Some(key) = self.get(services, tx).await? {
            return Ok(key);
        }
        let key = Zeroizing::new(services.random().bytes::<32>().map_err(Error::internal)?);
        let place = SealedColumn::InstallationKey.of_installation();
        let sealed = services.envelope().seal(place, self.name(), key.as_slice())?;
        tx.insert_installation_key(self.name(), &sealed, services.now()).await?;
        // Another process may have been first; its key is the one that counts.
        self.get(services, tx).await?.ok_or_else(|| Error::internal("a key of the installation is missing"))
    }

    /// The key, if there is one yet.
    pub(crate) async fn get(self, services: &Services, tx: &mut Tx) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(sealed) = tx.installation_key(self.name()).await? else { return Ok(None) };
        let place = SealedColumn::InstallationKey.of_installation();
        services.envelope().open(place, self.name(), &sealed).map(Some).map_err(Error::internal)
    }
}

//! Every column that holds sealed secrets. A [`Place`] comes only from here, so a rotation of keys misses none.

use protocol::ids::OrgId;
use std::fmt::Display;

/// Names the columns once, for sealing, opening and rotating.
macro_rules! sealed_columns {
    ($($(#[$meta:meta])* $name:ident: $table:literal . $column:literal, $owner:ident by $row:literal;)*) => {
        /// A column of sealed secrets.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum SealedColumn {
            $($(#[$meta])* $name,)*
        }

        impl SealedColumn {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) fn table(self) -> &'static str {
                match self { $(Self::$name => $table,)* }
            }

            pub(crate) fn column(self) -> &'static str {
                match self { $(Self::$name => $column,)* }
            }

            /// The column that names the row; with the org, where there is one, it is the key of the table.
            pub(crate) fn row(self) -> &'static str {
                match self { $(Self::$name => $row,)* }
            }

            pub(crate) fn owner(self) -> Owner {
                match self { $(Self::$name => Owner::$owner,)* }
            }
        }
    };
}

sealed_columns! {
    /// Signs the messages to one endpoint.
    WebhookSecret: "webhook_endpoints"."secret", Org by "id";
    /// What signed before, while it still does.
    WebhookPreviousSecret: "webhook_endpoints"."previous_secret", Org by "id";
    /// Where a client wants its file; whoever has it may write there.
    UploadUrl: "upload_targets"."upload_url", Org by "recording_id";
    /// Encrypts one capture on its node.
    CaptureKey: "recordings"."capture_key", Org by "id";
    /// Signs credentials of Skylink clients.
    AppKeySecret: "app_keys"."secret", Org by "id";
    /// Opens the bucket of a tenant.
    StorageSecret: "storages"."secret", Org by "id";
    /// A mail with a link that only its reader may have.
    MailBody: "mails"."sealed_body", Org by "id";
    /// Signs the join tokens for one node.
    NodeTokenKey: "nodes"."token_key", Installation by "id";
    /// The installation's own keys, such as the one that signs links.
    InstallationKey: "installation_keys"."sealed", Installation by "name";
    /// The answer to a request that may be repeated: it may hold a secret that is shown once.
    IdempotentAnswer: "idempotent_requests"."answer", Org by "id";
    /// Proves that a master key is one this database was written with. One under each key, so it is never re-wrapped.
    KeyCheck: "key_checks"."sealed", Installation by "key_id";
}

/// Whose secrets a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Those of tenants; the table has an `org_id`.
    Org,
    /// The installation's own.
    Installation,
}

impl SealedColumn {
    /// The columns that follow a rotation.
    pub(crate) fn rotated() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|column| *column != Self::KeyCheck)
    }

    /// The place of a tenant's secrets in this column.
    pub(crate) fn of(self, org: OrgId) -> Place {
        Place { column: self, org: Some(org) }
    }

    /// The place of the installation's secrets in this column.
    pub(crate) fn of_installation(self) -> Place {
        Place { column: self, org: None }
    }
}

/// Where a secret is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    column: SealedColumn,
    org: Option<OrgId>,
}

impl Place {
    /// What a secret is bound to, so that it opens nowhere else.
    pub(super) fn associated_data(&self, version: &str, row: &impl Display) -> String {
        let org = self.org.map(|org| org.to_string()).unwrap_or_default();
        format!("{version}|{}|{}|{org}|{row}", self.column.table(), self.column.column())
    }
}

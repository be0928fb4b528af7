//! The only SQL. One text for SQLite and PostgreSQL, checked by the compiler against both drivers.
//!
//! System tables are reached through [`Tx`]; tables of tenants only through [`OrgTx`], which is bound to one org and
//! puts it into every statement.

mod accounts;
mod api_keys;
mod applications;
mod audit;
mod database;
mod deletions;
mod deliveries;
mod delivery_queue;
mod holding;
mod idempotency;
mod jobs;
mod links;
mod mail_addresses;
mod mails;
mod nodes;
mod recordings;
mod rooms;
mod sealed;
mod sessions;
mod storages;
mod streamrec;
mod team;
mod temasys;
mod tx;
mod unfinished;
mod upload_targets;
mod usage;
mod user_tokens;
mod validations;
mod values;
mod webhook_endpoints;

pub(crate) use accounts::{NewOrg, NewUser};
pub(crate) use api_keys::{ApiKeyRow, NewApiKeyRow};
pub(crate) use applications::{ApplicationRow, KeyRow, NewApplication};
pub(crate) use audit::{AuditRow, NewAuditEntry};
pub(crate) use database::{Database, OpenDatabaseError};
pub(crate) use deletions::Doomed;
pub(crate) use deliveries::{AttemptRow, DeliveryRow, DeliverySelection, NewMessage};
pub(crate) use delivery_queue::{ClaimedRow, NewAttempt};
pub(crate) use idempotency::{ClaimRow, NewClaim};
pub(crate) use jobs::{JobRow, NewJob};
pub(crate) use links::LinkUse;
pub(crate) use mail_addresses::MailAddressRow;
pub(crate) use mails::{MailRow, MailTrouble, NewMail};
pub(crate) use nodes::{NewNode, NodeRow};
pub(crate) use recordings::{NewRecording, RecordingRow, Step};
pub(crate) use rooms::{LeftRow, NewPeer, PeerRow, RoomRow};
pub(crate) use sessions::NewSession;
pub(crate) use storages::{HeldRow, NewStorage, StorageRow};
pub(crate) use streamrec::{NewStreamrecSession, OverdueSince, StreamrecSessionRow};
pub(crate) use team::{InvitationRow, InvitationToken, NewInvitation, TeamRow};
pub(crate) use temasys::{NewTemasys, TemasysRow};
pub(crate) use tx::{OrgTx, Tx};
pub(crate) use unfinished::{Unfinished, UnfinishedSince};
pub(crate) use upload_targets::{NewTarget, SessionRecordingRow, StatisticRow, TargetRow};
pub(crate) use usage::UsageRow;
pub(crate) use user_tokens::{NewUserToken, Purpose};
pub(crate) use validations::{CheckedStorage, ValidationRow};
use values::{JsonText, Name, Text};
pub(crate) use values::{signed, unsigned};
pub(crate) use webhook_endpoints::{EndpointRow, NewEndpointRow, NewSecret};

/// Runs the expression on the connection of a transaction, whichever database it is.
macro_rules! on {
    ($tx:expr, |$connection:ident| $body:expr) => {
        match $tx.connection() {
            $crate::store::tx::Connection::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::store::tx::Connection::Postgres(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
        }
    };
}

/// Executes a statement; how many rows it touched. With `org` before an [`OrgTx`], its org is `$1`; so in all of these.
macro_rules! execute {
    (org $org:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        let id = $crate::store::Text($org.id());
        execute!($org, $sql, id $(, $value)*)
    }};
    ($tx:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |connection| sqlx::query($sql)$(.bind($value))*.execute(connection).await.map(|done| done.rows_affected()))
    };
}

/// All rows of a query.
macro_rules! fetch_all {
    (org $org:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {{
        let id = $crate::store::Text($org.id());
        fetch_all!($org, $row, $sql, id $(, $value)*)
    }};
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |connection| sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_all(connection).await)
    };
}

/// The row of a query, if there is one.
macro_rules! fetch_optional {
    (org $org:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {{
        let id = $crate::store::Text($org.id());
        fetch_optional!($org, $row, $sql, id $(, $value)*)
    }};
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |connection| sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_optional(connection).await)
    };
}

/// The row of a query that always has one.
macro_rules! fetch_one {
    (org $org:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {{
        let id = $crate::store::Text($org.id());
        fetch_one!($org, $row, $sql, id $(, $value)*)
    }};
    ($tx:expr, $row:ty, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($tx, |connection| sqlx::query_as::<_, $row>($sql)$(.bind($value))*.fetch_one(connection).await)
    };
}

use {execute, fetch_all, fetch_one, fetch_optional, on};

/// Whether an error is the violation of this unique constraint. SQLite names the columns instead of the constraint.
pub(crate) fn violates(error: &sqlx::Error, constraint: &str, sqlite_columns: &str) -> bool {
    match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => match error.constraint() {
            Some(name) => name == constraint,
            None => error.message().contains(sqlite_columns) || error.message().contains(constraint),
        },
        _ => false,
    }
}

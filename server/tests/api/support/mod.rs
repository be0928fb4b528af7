//! What the tests start and who acts in them.

pub mod amazon;
pub mod browser;
pub mod database;
pub mod node;
pub mod options;
pub mod program;
pub mod receiver;
pub mod server;
pub mod signer;

pub use browser::{Browser, Page};
pub use database::Database;
pub use node::FakeNode;
pub use server::TestServer;

use std::{future::Future, time::Duration};

/// Nothing here takes longer on a healthy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for something that must happen.
pub async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Runs a test once on each database.
#[macro_export]
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($server:ident) $body:block)*) => {$(
        async fn $name($server: $crate::support::TestServer) {
            $body
        }

        $(#[$attribute])*
        mod $name {
            use $crate::support::{Database, TestServer};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(TestServer::start(Database::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(TestServer::start(Database::Postgres).await).await;
            }
        }
    )*};
}

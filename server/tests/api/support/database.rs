//! A fresh database for each test.

use domain::random::Random;
use std::process::Stdio;
use tokio::process::Command;
use url::Url;

/// Which database a test runs on.
#[derive(Debug, Clone, Copy)]
pub enum Database {
    Sqlite,
    Postgres,
}

impl Database {
    /// The address for the services; `None` for the default in the data directory.
    pub async fn create(self) -> Option<String> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some(create_postgres().await),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no command line")]
async fn create_postgres() -> String {
    let server = std::env::var("MIXDOWN_TEST_POSTGRES")
        .expect("MIXDOWN_TEST_POSTGRES is not set: run the tests with `make test`, which starts PostgreSQL");
    let name = format!("server_{}", hex::encode(Random::System.bytes::<8>().unwrap()));
    psql(&server, &format!("CREATE DATABASE {name}")).await;
    let mut url: Url = server.parse().unwrap();
    url.set_path(&name);
    url.into()
}

/// Everything a PostgreSQL database holds, as text.
pub async fn pg_dump(url: &str) -> Vec<u8> {
    let output = Command::new("pg_dump")
        .args(["--data-only", "--dbname", url])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("pg_dump is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Arranges what no service offers yet.
pub async fn psql(url: &str, statement: &str) {
    let status = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", statement])
        .stdin(Stdio::null())
        .status()
        .await
        .expect("psql is installed");
    assert!(status.success(), "{statement}");
}

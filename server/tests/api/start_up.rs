//! What the program says when it cannot start: one sentence, exit code 2.

use crate::support::{Database, TestServer, soon};
use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Stdio,
};
use tokio::process::Command;

/// Runs `mixdown serve` until it gives up; returns what it wrote to standard error.
async fn refusal(data: &Path, arguments: &[&str]) -> String {
    let site = data.join("site/pkg");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("console.js"), "").unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_mixdown"))
        .arg("serve")
        .args(arguments)
        .env("MIXDOWN_LISTEN", "127.0.0.1:0")
        .env("MIXDOWN_STORE_LISTEN", "127.0.0.1:0")
        .env("MIXDOWN_DATA_DIR", data.join("data"))
        .env("MIXDOWN_SITE_ROOT", data.join("site"))
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = soon("the program to give up", child).await.unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert_eq!(text.lines().count(), 1, "one sentence: {text}");
    text
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_option_to_change_it() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--listen", "--store-listen"] {
        let text = refusal(data.path(), &[option, &address]).await;
        assert!(text.contains(&address) && text.contains(option), "{text}");
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_made_is_named() {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("file"), "").unwrap();
    let inside_a_file = data.path().join("file/data");
    let text = refusal(data.path(), &["--data-dir", inside_a_file.to_str().unwrap()]).await;
    assert!(text.contains("--data-dir"), "{text}");
}

#[tokio::test]
async fn an_exposed_store_is_refused_unless_told() {
    let data = tempfile::tempdir().unwrap();
    let text = refusal(data.path(), &["--store-listen", "0.0.0.0:0"]).await;
    assert!(text.contains("--store-url"), "{text}");
}

#[tokio::test]
async fn key_files_are_checked() {
    let server = TestServer::start(Database::Sqlite).await;
    let (options, directory) = server.into_stopped().await;
    let data = directory.path().to_str().unwrap();
    let key = options.data_dir.join("keys/master.key");
    let scratch = tempfile::tempdir().unwrap();

    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let text = refusal(scratch.path(), &["--data-dir", data]).await;
    assert!(text.contains("chmod 600"), "{text}");

    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "damaged").unwrap();
    let text = refusal(scratch.path(), &["--data-dir", data]).await;
    assert!(text.contains("master key"), "{text}");

    fs::write(&key, "0".repeat(64)).unwrap();
    let text = refusal(scratch.path(), &["--data-dir", data]).await;
    assert!(text.contains("not the key"), "{text}");
}

#[tokio::test]
async fn an_unknown_database_is_one_sentence() {
    let data = tempfile::tempdir().unwrap();
    for url in ["mysql://localhost/x", "postgres://nobody@127.0.0.1:1/none"] {
        let text = refusal(data.path(), &["--database-url", url]).await;
        assert!(text.contains("--database-url"), "{text}");
    }
}

#[tokio::test]
async fn secrets_are_for_the_owner_only() {
    let server = TestServer::start(Database::Sqlite).await;
    for name in ["master.key", "node.secret", "store.json"] {
        let path = server.data_dir().join("keys").join(name);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
}

//! What the program says when it cannot start: one sentence, exit code 2.

use crate::support::{Database, TestServer, soon};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
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
async fn a_list_of_proxies_that_cannot_be_read_is_named() {
    let data = tempfile::tempdir().unwrap();
    let text = refusal(data.path(), &["--trusted-proxies", "10.0.0.0/8,nginx"]).await;
    assert!(text.contains("--trusted-proxies") && text.contains("nginx"), "{text}");
}

#[tokio::test]
async fn settings_of_the_mail_server_that_cannot_work_are_named() {
    let data = tempfile::tempdir().unwrap();
    let junk = data.path().join("ca.pem");
    fs::write(&junk, "not a certificate").unwrap();
    let from = ["--smtp-host", "mail.example.com", "--smtp-from", "Mixdown <mixdown@example.com>"];
    for (arguments, named) in [
        (vec!["--smtp-from", "mixdown@example.com"], "--smtp-host"),
        (vec!["--smtp-host", "mail.example.com"], "--smtp-from"),
        (vec!["--smtp-host", "mail.example.com", "--smtp-from", "nobody"], "sender"),
        ([&from[..], &["--smtp-user", "mixdown"]].concat(), "MIXDOWN_SMTP_PASSWORD"),
        ([&from[..], &["--smtp-password", "x", "--smtp-user", "u", "--smtp-security", "none"]].concat(), "unprotected"),
        ([&from[..], &["--smtp-ca-file", junk.to_str().unwrap()]].concat(), "certificates"),
        ([&from[..], &["--smtp-ca-file", "/nowhere/ca.pem"]].concat(), "/nowhere/ca.pem"),
    ] {
        let text = refusal(data.path(), &arguments).await;
        assert!(text.contains(named), "{text}");
    }
}

#[tokio::test]
async fn key_files_are_checked() {
    let server = TestServer::start(Database::Sqlite).await;
    let (options, directory) = server.into_stopped().await;
    let data = directory.path().to_str().unwrap();
    let key = options.data.data_dir.join("keys/master.key");
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

/// A media program that says on a pipe that it runs; the pipe closes when it ends.
fn talking_media_program(directory: &Path) -> (PathBuf, PathBuf) {
    let (program, pipe) = (directory.join("media"), directory.join("pipe"));
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &pipe, FileType::Fifo, mode, 0).unwrap();
    let text = format!("#!/bin/sh\nexec 3>'{}'\necho up >&3\nwhile :; do sleep 0.05; done\n", pipe.display());
    fs::write(&program, text).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    (program, pipe)
}

#[tokio::test]
async fn the_media_process_does_not_outlive_a_killed_parent() {
    let data = tempfile::tempdir().unwrap();
    let site = data.path().join("site/pkg");
    fs::create_dir_all(&site).unwrap();
    fs::write(site.join("console.js"), "").unwrap();
    let (program, pipe) = talking_media_program(data.path());
    let mut parent = Command::new(env!("CARGO_BIN_EXE_mixdown"))
        .args(["up", "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0", "--media-listen", "127.0.0.1:0"])
        .args(["--udp-port", "0"])
        .arg("--data-dir")
        .arg(data.path().join("data"))
        .arg("--site-root")
        .arg(data.path().join("site"))
        .arg("--media-bin")
        .arg(program)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(fs::File::open(pipe).unwrap()).lines();
        sender.send(lines.next().unwrap().unwrap()).unwrap();
        lines.count()
    });
    assert_eq!(soon("the media process to start", receiver).await.unwrap(), "up");
    parent.kill().await.unwrap();
    assert_eq!(soon("the media process to end", reading).await.unwrap(), 0);
}

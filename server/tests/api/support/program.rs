//! The control plane as a process of its own, with everything it prints.

use super::{
    Browser, Database, FakeNode,
    amazon::{Amazon, OWN_SECRET},
    node::Identity,
    soon,
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Stdio,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};
use url::Url;

/// A running `mixdown serve`.
pub struct Program {
    pub database_url: Option<String>,
    pub set_up_link: Url,
    child: Child,
    printed: BufReader<ChildStdout>,
    directory: TempDir,
}

impl Program {
    /// Starts it with these logging directives and an identity at this AWS; when it returns, requests are answered.
    pub async fn start(database: Database, log: &str, amazon: &Amazon) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let site = directory.path().join("site/pkg");
        fs::create_dir_all(&site).unwrap();
        fs::write(site.join("console.js"), "").unwrap();
        let database_url = database.create().await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_mixdown"));
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--store-listen", "127.0.0.1:0", "--log", log])
            .args(["--allow-private", "127.0.0.1:*,localhost:*"])
            .args(["--data-dir".as_ref(), directory.path().join("data").as_os_str()])
            .args(["--site-root".as_ref(), directory.path().join("site").as_os_str()])
            .env("AWS_ACCESS_KEY_ID", "AKIAMIXDOWN")
            .env("AWS_SECRET_ACCESS_KEY", OWN_SECRET)
            .envs([("AWS_ENDPOINT_URL_S3", &amazon.url), ("AWS_ENDPOINT_URL_STS", &amazon.url)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.path().join("log")).unwrap())
            .kill_on_drop(true);
        if let Some(url) = &database_url {
            command.args(["--database-url", url]);
        }
        let mut child = command.spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        soon("the program to be ready", printed.read_line(&mut line)).await.unwrap();
        let set_up_link = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self { database_url, set_up_link, child, printed, directory }
    }

    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.set_up_link.join("/").unwrap())
    }

    /// What is in one of the key files.
    pub fn key_file(&self, name: &str) -> String {
        fs::read_to_string(self.data_dir().join("keys").join(name)).unwrap().trim().to_owned()
    }

    pub async fn node(&self, identity: Identity) -> FakeNode {
        FakeNode::connect_to(self.set_up_link.clone(), &self.key_file("node.secret"), identity).await
    }

    /// Ends it as an operator would; what it printed after its first line, and what it logged.
    pub async fn stop(mut self) -> (TempDir, String) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").arg(id).status().await.unwrap().success());
        assert!(soon("the program to end", self.child.wait()).await.unwrap().success());
        let mut output = String::new();
        self.printed.read_to_string(&mut output).await.unwrap();
        output.push_str(&fs::read_to_string(self.directory.path().join("log")).unwrap());
        (self.directory, output)
    }
}

/// Every file below a directory.
pub fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

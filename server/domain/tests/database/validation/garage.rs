//! A store that somebody else wrote, when its program is installed.

use super::{add, allowing, failure, names, warnings};
use crate::support::{client, on_both};
use domain::storage::{StepName, StorageInput, StorageKind};
use secrecy::SecretString;
use std::{
    io::Write,
    net::TcpListener,
    process::{Command as Probe, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};

const KEY: &str = "GK31c2f218a2e44f485b94239e53e2a1c7";
const SECRET: &str = "b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835";
const BUCKET: &str = "recordings";
const TIME_TO_START: Duration = Duration::from_secs(60);

struct Garage {
    port: u16,
    _process: Child,
    /// Held open, so that it can go on reporting.
    _log: Lines<BufReader<ChildStderr>>,
    _folder: TempDir,
}

/// Garage, once it serves its bucket; nothing when it is not installed.
async fn start() -> Option<Garage> {
    if Probe::new("garage").arg("--version").output().is_err() {
        // Written past the capture of the test harness: what was left out has to be seen.
        let _ = writeln!(std::io::stderr(), "left out: Garage is not installed, so nothing was validated against it");
        return None;
    }
    let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (folder, port, talk) = (tempfile::tempdir().unwrap(), free(), free());
    let place = folder.path().display();
    let settings = format!(
        "metadata_dir = \"{place}/meta\"\ndata_dir = \"{place}/data\"\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
         rpc_bind_addr = \"127.0.0.1:{talk}\"\nrpc_public_addr = \"127.0.0.1:{talk}\"\nrpc_secret = \"{SECRET}\"\n\
         [s3_api]\ns3_region = \"garage\"\napi_bind_addr = \"127.0.0.1:{port}\"\n"
    );
    std::fs::write(folder.path().join("garage.toml"), settings).unwrap();
    let mut process = Command::new("garage")
        .arg("-c")
        .arg(folder.path().join("garage.toml"))
        .args(["server", "--single-node", "--default-bucket"])
        .envs([
            ("GARAGE_DEFAULT_ACCESS_KEY", KEY),
            ("GARAGE_DEFAULT_SECRET_KEY", SECRET),
            ("GARAGE_DEFAULT_BUCKET", BUCKET),
        ])
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let serves = async {
        // Whatever it reports is a reason to look. A bucket that is there refuses strangers.
        while let Some(line) = log.next_line().await.unwrap() {
            let answer = client().get(format!("http://127.0.0.1:{port}/{BUCKET}/nothing")).send().await;
            match answer {
                Ok(answer) if answer.status() == 403 => return,
                _ => drop(line),
            }
        }
        panic!("Garage ended");
    };
    timeout(TIME_TO_START, serves).await.unwrap();
    Some(Garage { port, _process: process, _log: log, _folder: folder })
}

on_both! {
    async fn garage_is_used_as_it_is(world: World) {
        let mut world = world;
        let Some(garage) = start().await else { return };
        let access = allowing(&mut world, &format!("localhost:{}", garage.port)).await;
        let right = StorageInput {
            endpoint: format!("http://localhost:{}", garage.port),
            path_style: true,
            region: "garage".into(),
            bucket: BUCKET.into(),
            access_key_id: KEY.into(),
            secret_access_key: SecretString::from(SECRET),
            ..StorageInput::default()
        };
        let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &right).await;
        assert_eq!(names(&warnings(&validation)), [StepName::Cors]);
        let elsewhere = StorageInput { region: "us-east-1".into(), ..right.clone() };
        let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &elsewhere).await;
        assert_eq!(failure(&validation).0, StepName::Bucket);
        // It says the same of a wrong secret as of a missing permission.
        let wrong_secret = StorageInput { secret_access_key: SecretString::from("wrong"), ..right };
        let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &wrong_secret).await;
        let (_, _, remedy) = failure(&validation);
        assert!(remedy.contains("Check the access key and its secret"), "{remedy}");
    }
}

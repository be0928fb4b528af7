//! Requests of every shape, made by schemathesis from the description, valid ones and others: none may fail on our side,
//! and no answer may be another than the description says.

use super::Program;
use crate::support::{Database, TestServer};
use domain::api_keys::Scope;
use http::Method;
use std::{
    process::{Output, Stdio},
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// `scripts/install test` puts it there.
const PROGRAM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../schemathesis/bin/schemathesis");
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,ignored_auth,unsupported_method";
/// The same requests in every run.
const SEED: &str = "20261121";
const EXAMPLES: &str = "15";
/// A program that starts for the first time on a machine with other things to do takes its time; this only ends a hang.
const LONGEST: Duration = Duration::from_secs(600);

/// Sends what schemathesis makes up with a key's authorization.
async fn fuzz(server: &TestServer, authorization: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(PROGRAM);
    command
        .args(["run", server.url("/api/openapi.json").as_str(), "--url", server.url("/").as_str()])
        .args(["--header", &format!("Authorization: {authorization}"), "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing", "--seed", SEED, "--max-examples", EXAMPLES])
        .args(["--generation-database", "none", "--request-timeout", "20", "--continue-on-failure", "--no-color"])
        // A key that revokes itself would end the run.
        .args(["--exclude-operation-id", "revokeApiKey"])
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.output().await.expect("schemathesis is installed: run scripts/install test")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_on_our_side_and_no_answer_is_undescribed() {
    let server = TestServer::start(Database::Sqlite).await;
    let anna = server.owner().await;
    let demo = server.demo(&anna).await.id;
    let mut node = server.linked_node().await;
    node.joins(1, demo, "standup").await;
    let program = Program::with(&server, &anna, Scope::ALL).await;
    let said = timeout(LONGEST, fuzz(&server, &program.authorization)).await.expect("schemathesis ends");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    // What it sent has left the server as able as before.
    assert_eq!(program.ask(Method::GET, "/api/v1/applications").await.status, http::StatusCode::OK);
    drop(node);
}

//! Another tenant's objects do not exist. Second tenants cannot be made by any service yet, so one is put into the
//! database, which needs PostgreSQL's command line.

use crate::support::{
    Browser, Database, FakeNode, TestServer,
    database::psql,
    server::{EMAIL, PASSWORD},
};
use domain::{Access, accounts};
use http::{Method, StatusCode};
use protocol::{
    ids::{OrgId, RecordingId, UserId},
    link::Answer,
};

const OTHER_EMAIL: &str = "ben@example.com";

/// Ben owns another org and has Anna's password.
pub(crate) async fn other_tenant(server: &TestServer) -> Access {
    let (org, user) = (OrgId::from_parts(1, [1; 10]), UserId::from_parts(1, [1; 10]));
    let statement = format!(
        "INSERT INTO orgs (id, name, plan, external_id, created_at) VALUES ('{org}', 'Other', 'pro', 'other', 0);
         INSERT INTO users (id, email, password_hash, created_at) SELECT '{user}', '{OTHER_EMAIL}', password_hash, 0 FROM users;
         INSERT INTO members (org_id, user_id, role, created_at) VALUES ('{org}', '{user}', 'owner', 0);"
    );
    psql(server.options.data.database_url.as_deref().unwrap(), &statement).await;
    accounts::access(server.services(), user).await.unwrap()
}

async fn sign_in_as_other_tenant(server: &TestServer) -> Browser {
    other_tenant(server).await;
    let browser = server.browser();
    let page = browser.submit("/sign-in", "sign-in", &[("email", OTHER_EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.location().as_deref(), Some("/applications"), "{page:?}");
    browser
}

pub(crate) async fn record(server: &TestServer, query: protocol::link::Query) -> RecordingId {
    let mut node = server.linked_node().await;
    match node.ask(query).await {
        Answer::Recording { spec } => spec.id,
        other => panic!("a recording expected: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_objects_are_not_there() {
    let server = TestServer::start(Database::Postgres).await;
    let access = server.owner().await;
    let demo = server.demo(&access).await;
    let key = demo.keys[0].id;
    let recording = record(&server, FakeNode::start_query(1, demo.id, key, "standup")).await;
    let storage = domain::storage::overview(server.services(), &access).await.unwrap().storages[0].id;
    let ben = sign_in_as_other_tenant(&server).await;

    let page = ben.visit(&format!("/applications/{}", demo.id)).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);

    let form = format!(
        "application={0}&id={0}&recording={recording}&key={key}&storage={storage}&on=false&url=&origins=",
        demo.id
    );
    for (path, method) in leptos::server_fn::axum::server_fn_paths() {
        if ["sign-out", "theme"].iter().any(|own| path.ends_with(own)) {
            continue;
        }
        let (path, body) =
            if method == Method::GET { (format!("{path}?{form}"), "") } else { (path.to_owned(), form.as_str()) };
        let headers = [("accept", "application/json"), ("content-type", "application/x-www-form-urlencoded")];
        let answer = ben.request(method, &path, &headers, body).await;
        for secret in [EMAIL, "Demo", "standup", &key.to_string(), &recording.to_string(), &demo.id.to_string()] {
            assert!(!answer.text.contains(secret), "{path} shows {secret}: {answer:?}");
        }
        assert_eq!(answer.location(), None, "{path} leads somewhere: {answer:?}");
    }

    let after = server.demo(&access).await;
    assert!(after.relay && after.recording && after.keys == demo.keys);
    let untouched = domain::recordings::get(server.services(), &access, recording).await.unwrap();
    assert_eq!(untouched.stop_cause, None);
}

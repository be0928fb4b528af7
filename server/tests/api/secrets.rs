//! Secrets stay where they belong: not in the log, the database or any file but their own, whatever happens.

use crate::support::{
    Browser, Database, FakeNode, Page,
    amazon::{Amazon, OWN_SECRET, SESSION_SECRET, SESSION_TOKEN},
    database::pg_dump,
    program::{Program, files_below},
    receiver::Receiver,
    soon,
};
use base64::{Engine as _, prelude::BASE64_STANDARD_NO_PAD};
use http::{Method, StatusCode};
use protocol::{
    ids::{AppKeyId, ApplicationId, RecordingId},
    link::{Answer, Command, Event, Query},
    recording::{Artifact, FailureCause, StopCause, UploadedPart},
};
use serde_json::json;
use std::fs;
use url::Url;

const PASSWORD: &str = "quiet-lantern-4417-harbour";
const MISTYPED: &str = "quiet-lantern-4417-harbuor";
const STORAGE_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const LOG: &str = "debug,app=trace,domain=trace,server=trace,outbound=trace";

/// Something nobody else may see.
struct Secret {
    name: &'static str,
    /// How it is written, and what that stands for.
    forms: Vec<Vec<u8>>,
    /// The one file that may hold it.
    home: Option<&'static str>,
}

impl Secret {
    fn new(name: &'static str, text: &str) -> Self {
        Self { name, forms: vec![text.as_bytes().to_vec()], home: None }
    }

    /// Written as hexadecimal digits.
    fn of_hex(name: &'static str, text: &str) -> Self {
        Self { forms: vec![text.as_bytes().to_vec(), hex::decode(text).unwrap()], ..Self::new(name, text) }
    }

    fn at_home_in(self, file: &'static str) -> Self {
        Self { home: Some(file), ..self }
    }

    /// How it would look: as it is, in hexadecimal digits, in base64 at every offset, also in the alphabet of URLs.
    fn needles(&self) -> Vec<Vec<u8>> {
        let mut needles = Vec::new();
        for form in &self.forms {
            needles.extend([form.clone(), hex::encode(form).into_bytes(), hex::encode_upper(form).into_bytes()]);
            for offset in 0..3 {
                let shifted = [vec![0; offset], form.clone()].concat();
                let encoded = BASE64_STANDARD_NO_PAD.encode(shifted);
                // The first and the last characters also depend on what stands before and after.
                let core = &encoded[if offset == 0 { 0 } else { 4 }..encoded.len() - 2];
                needles.extend([core.as_bytes().to_vec(), core.replace('+', "-").replace('/', "_").into_bytes()]);
            }
        }
        needles
    }

    fn is_in(&self, text: &str) -> bool {
        self.needles().iter().any(|needle| text.contains(&searchable(needle)))
    }
}

/// A character for each byte, so that text search finds bytes.
fn searchable(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn find<T: std::str::FromStr>(page: &Page, prefix: &str) -> T {
    let start = page.text.find(prefix).unwrap_or_else(|| panic!("no {prefix}: {}", page.text));
    page.text[start..start + prefix.len() + 32].parse().unwrap_or_else(|_| panic!("no {prefix}: {}", page.text))
}

/// Sets up with mistakes on the way; the owner's browser.
async fn set_up(program: &Program) -> (Browser, Vec<Secret>) {
    let link = &program.set_up_link;
    let token = link.query_pairs().next().unwrap().1.into_owned();
    let path = &link.as_str()[link.origin().ascii_serialization().len()..];
    let browser = program.browser();
    let form = |email: &'static str, password: &'static str, repeated: &'static str| {
        [("email", email), ("password", password), ("repeated", repeated)]
    };
    browser.submit(path, "set-up", &form("anna@example.com", PASSWORD, MISTYPED)).await;
    browser.submit(path, "set-up", &form("no address", PASSWORD, PASSWORD)).await;
    browser.get(&format!("/setup?token={token}x")).await;
    let done = browser.submit(path, "set-up", &form("anna@example.com", PASSWORD, PASSWORD)).await;
    assert_eq!(done.location().as_deref(), Some("/applications"), "{done:?}");
    (browser, vec![Secret::new("set-up token", &token), Secret::new("password", PASSWORD)])
}

async fn sign_in(program: &Program) -> Vec<Secret> {
    let browser = program.browser();
    for (email, password) in
        [("anna@example.com", MISTYPED), (PASSWORD, "anna@example.com"), ("eve@example.com", PASSWORD)]
    {
        browser.submit("/sign-in", "sign-in", &[("email", email), ("password", password)]).await;
    }
    browser.submit("/sign-in", "sign-in", &[("email", "anna@example.com"), ("password", PASSWORD)]).await;
    let cookie = browser.cookie("__Host-mixdown").unwrap();
    for cookie in [cookie.clone(), format!("{cookie}x")] {
        let other = program.browser();
        other.set_cookie("__Host-mixdown", &cookie);
        other.visit("/applications").await;
    }
    vec![Secret::new("mistyped password", MISTYPED), Secret::new("session cookie", &cookie)]
}

/// Asks for a new password and invites somebody; the links are only in mails, which the owner of an installation without a
/// mail server reads.
async fn mail_links(browser: &Browser) -> Vec<Secret> {
    browser.submit("/forgot-password", "forgot-password", &[("email", "anna@example.com")]).await;
    browser.submit("/account/team", "console/invite", &[("email", "ben@example.com"), ("role", "viewer")]).await;
    let mut secrets = Vec::new();
    for (name, page) in [("reset link", "/reset-password?token="), ("invitation", "/invitation?token=")] {
        let token = soon(name, async {
            loop {
                let outbox = browser.visit("/account/outbox").await.text;
                if let Some((_, rest)) = outbox.split_once(page) {
                    return rest
                        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_')
                        .next()
                        .unwrap()
                        .to_owned();
                }
            }
        })
        .await;
        browser.visit(&format!("{page}{token}")).await;
        secrets.push(Secret::new(name, &token));
    }
    secrets
}

/// Adds a storage with a secret access key, after a mistake in the form.
async fn add_storage(browser: &Browser, endpoint: &str) -> Secret {
    let path = "/account/recordings/add/s3_compatible";
    let form = |endpoint| {
        [
            ("form[endpoint]", endpoint),
            ("form[bucket]", "acme-recordings"),
            ("form[region]", "eu-central-1"),
            ("form[access_key_id]", "AKIAEXAMPLE"),
            ("secret_access_key", STORAGE_SECRET),
        ]
    };
    let refused = browser.submit(path, "create-storage", &form("ftp://nowhere")).await;
    assert!(!browser.visit(path).await.text.contains(STORAGE_SECRET), "{refused:?}");
    let added = browser.submit(path, "create-storage", &form(endpoint)).await;
    let page = added.location().expect("the page of the storage");
    assert!(page.starts_with("/account/recordings/sto_"), "{page}");
    assert!(!browser.visit(&page).await.text.contains(STORAGE_SECRET));
    Secret::new("secret access key", STORAGE_SECRET)
}

/// Adds a storage that is reached by a role, and has it tried.
async fn add_role(browser: &Browser, amazon: &mut Amazon) -> Vec<Secret> {
    let path = "/account/recordings/add/aws_role?bucket=acme-calls&region=eu-west-1";
    let form = [("form[role_arn]", "arn:aws:iam::210987654321:role/recordings")];
    let added = browser.submit(path, "create-storage", &form).await;
    browser.visit(&added.location().expect("the page of the storage")).await;
    amazon.session_used().await;
    vec![
        Secret::new("secret of our AWS identity", OWN_SECRET),
        Secret::new("secret of a session", SESSION_SECRET),
        Secret::new("token of a session", SESSION_TOKEN),
    ]
}

/// Asks for a token, rightly and wrongly.
async fn join(browser: &Browser, key: AppKeyId, node_secret: &str) -> Secret {
    let bearer = format!("Bearer {node_secret}");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
    let right = json!({"appKey": key, "room": "standup"}).to_string();
    for body in ["{", PASSWORD, &json!({"appKey": PASSWORD, "room": PASSWORD}).to_string(), &right[1..]] {
        browser.request(Method::POST, "/api/v1/join", &headers, body).await;
        browser.request(Method::POST, "/api/console/create-endpoint", &headers, body).await;
    }
    let grant = browser.request(Method::POST, "/api/v1/join", &headers, &right).await;
    assert_eq!(grant.status, StatusCode::OK, "{grant:?}");
    Secret::new("join token", grant.json()["token"].as_str().unwrap())
}

/// One recording that becomes ready and one that fails; their keys and the signatures of their parts.
async fn record(node: &mut FakeNode, application: ApplicationId, key: AppKeyId) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut start = async |node: &mut FakeNode, number, room| -> RecordingId {
        let answer = node.ask(FakeNode::start_query(number, application, key, room)).await;
        let Answer::Recording { spec } = answer else { panic!("a recording expected: {answer:?}") };
        secrets.push(Secret::of_hex("capture key", &hex::encode(spec.capture_key.as_bytes())));
        spec.id
    };
    let (ready, failed) = (start(node, 1, "one").await, start(node, 2, "two").await);
    node.report(1, Event::RecordingStarted { recording: ready, at: 1 }).await;
    node.report(2, Event::RecordingStopped { recording: ready, at: 2, cause: StopCause::PeerRequest }).await;
    node.report(3, Event::RecordingMixing { recording: ready }).await;
    let answer = node.ask(Query::BeginUpload { recording: ready, refused: None }).await;
    let Answer::Upload { upload, .. } = answer else { panic!("an upload expected: {answer:?}") };
    let sign = Query::SignParts { recording: ready, upload: upload.clone(), parts: vec![1] };
    let Answer::Parts { urls } = node.ask(sign).await else { panic!("part URLs expected") };
    let url: Url = urls[0].parse().unwrap();
    let signature = url.query_pairs().find(|(name, _)| name == "X-Amz-Signature").unwrap().1.into_owned();
    secrets.push(Secret::new("signature of a part", &signature));
    let client = reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build().unwrap();
    let put = client.put(url).body("part").send().await.unwrap();
    let etag = put.headers()["etag"].to_str().unwrap().to_owned();
    let md5 = etag.trim_matches('"').to_owned();
    let artifact = Artifact { bytes: 4, duration_ms: 1, width: 2, height: 2, approximate_sync: false, poster: false };
    let parts = vec![UploadedPart { number: 1, etag, md5, bytes: 4 }];
    node.report(4, Event::RecordingUploaded { recording: ready, upload, parts, artifact }).await;
    let link = node
        .command(|command| match command {
            Command::RecordingReady { url, .. } => Some(url.clone()),
            _ => None,
        })
        .await
        .1;
    client.get(link).send().await.unwrap();
    let event = Event::RecordingFailed { recording: failed, cause: FailureCause::MixFailed, detail: String::new() };
    node.report(5, event).await;
    secrets
}

async fn secrets_stay_where_they_belong(database: Database) {
    let mut amazon = Amazon::start().await;
    let program = Program::start(database, LOG, &amazon).await;
    let store: serde_json::Value = serde_json::from_str(&program.key_file("store.json")).unwrap();
    let node_secret = program.key_file("node.secret");
    let mut secrets = vec![
        Secret::of_hex("master key", &program.key_file("master.key")).at_home_in("master.key"),
        Secret::of_hex("node secret", &node_secret).at_home_in("node.secret"),
        Secret::new("secret of the embedded store", store["secret"].as_str().unwrap()).at_home_in("store.json"),
    ];
    let (browser, planted) = set_up(&program).await;
    secrets.extend(planted);
    secrets.extend(sign_in(&program).await);

    let page = browser.visit("/applications").await;
    let application: ApplicationId = find(&page, "app_");
    let path = format!("/applications/{application}");
    let key: AppKeyId = find(&browser.visit(&path).await, "key_");
    let mut receiver = Receiver::start().await;
    receiver.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    secrets.extend(mail_links(&browser).await);
    secrets.push(add_storage(&browser, &receiver.url.origin().ascii_serialization()).await);
    secrets.extend(add_role(&browser, &mut amazon).await);
    let notifications = format!("{path}/notifications");
    let endpoint = [("url", receiver.url.as_str()), ("format", "standard"), ("signing", "hmac")];
    browser.submit(&notifications, "create-endpoint", &endpoint).await;
    let shown = browser.visit(&notifications).await.text;
    let webhook = shown.split("whsec_").nth(1).unwrap().split(['<', '"']).next().unwrap();
    let raw = base64::prelude::BASE64_STANDARD.decode(webhook).unwrap();
    secrets.push(Secret { forms: vec![webhook.as_bytes().to_vec(), raw], ..Secret::new("webhook secret", webhook) });

    let identity = FakeNode::identity(1);
    let wrong = format!("{}x", &node_secret[1..]);
    assert!(FakeNode::try_to_open(program.set_up_link.clone(), &wrong, None).await.is_err());
    let mut node = program.node(identity).await;
    secrets.push(Secret::of_hex("key of join tokens", &node.token_key().await));
    secrets.push(join(&browser, key, &node_secret).await);
    secrets.extend(record(&mut node, application, key).await);
    assert!(receiver.delivery().await.header("webhook-signature").starts_with("v1,"));
    node.send_text(format!("{{\"type\":\"{PASSWORD}\",\"secret\":\"{node_secret}\"}}")).await;
    node.closed().await;

    let dump = |url: Option<String>| async move {
        match url {
            Some(url) => pg_dump(&url).await,
            None => Vec::new(),
        }
    };
    let url = program.database_url.clone();
    let mut places = vec![("the database".to_owned(), dump(url).await)];
    let read =
        |path: std::path::PathBuf| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap());
    places.extend(files_below(&program.data_dir()).into_iter().map(read));
    let (directory, log) = program.stop().await;
    places.extend(files_below(&directory.path().join("data")).into_iter().map(read));
    assert!(log.contains("DEBUG") && log.contains("answered"), "the log is as detailed as it gets: {log}");
    places.push(("the log".to_owned(), log.into_bytes()));
    for (place, bytes) in &places {
        let text = searchable(bytes);
        for secret in &secrets {
            let at_home = secret.home == Some(place.as_str());
            assert_eq!(secret.is_in(&text), at_home, "{} in {place}", secret.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_where_they_belong_on_sqlite() {
    secrets_stay_where_they_belong(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_stay_where_they_belong_on_postgres() {
    secrets_stay_where_they_belong(Database::Postgres).await;
}

//! Download links as somebody who was sent one meets them.

use crate::{
    on_both_databases,
    recording::{POSTER, Scene},
    support::{Browser, Database, Page, TestServer},
};
use domain::{jobs, recordings};
use http::{Method, StatusCode};
use protocol::ids::RecordingId;
use std::time::Duration;
use url::Url;

const FILE: &[u8] = b"a finished file";

/// A recording with the link that was sent out; the path of the link.
async fn recorded(server: TestServer) -> (Scene, RecordingId, String) {
    let mut scene = Scene::set(server).await;
    let recording = scene.start().await;
    scene.capture(recording).await;
    scene.finish(recording, &[FILE.to_vec()]).await;
    let (_, url) = scene.ready().await;
    let link: Url = url.parse().unwrap();
    assert_eq!(link.origin(), scene.server.plane.public_url.origin());
    (scene, recording, link.path().to_owned())
}

async fn ask(visitor: &Browser, method: Method, path: &str, accept: &str) -> Page {
    visitor.request(method, path, &[("accept", accept)], "").await
}

fn readable_everywhere(page: &Page) {
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("access-control-allow-origin"), "*");
    assert_eq!(page.header("cross-origin-resource-policy"), "cross-origin");
}

on_both_databases! {
    async fn a_link_leads_to_the_object_for_some_minutes(server) {
        let (scene, _, path) = recorded(server).await;
        let visitor = scene.server.browser();
        let store = scene.server.plane.store.endpoint.origin();

        let played = ask(&visitor, Method::GET, &path, "*/*").await;
        assert_eq!(played.status, StatusCode::FOUND);
        readable_everywhere(&played);
        let object: Url = played.location().unwrap().parse().unwrap();
        assert_eq!(object.origin(), store);
        assert!(object.query_pairs().any(|pair| pair == ("X-Amz-Expires".into(), "300".into())), "{object}");
        let file = scene.client.get(object).send().await.unwrap();
        assert_eq!(file.headers()["content-type"], "video/mp4");
        assert_eq!(file.bytes().await.unwrap(), FILE);

        let saved = ask(&visitor, Method::GET, &format!("{path}?download"), "*/*").await;
        let file = scene.client.get(saved.location().unwrap()).send().await.unwrap();
        assert!(file.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));

        let looked = ask(&visitor, Method::HEAD, &path, "*/*").await;
        let file = scene.client.head(looked.location().unwrap()).send().await.unwrap();
        assert_eq!(file.status(), StatusCode::OK);
        assert_eq!(file.headers()["content-length"], FILE.len().to_string());

        let shown = ask(&visitor, Method::GET, &format!("{path}/poster.jpg"), "image/*").await;
        readable_everywhere(&shown);
        let picture = scene.client.get(shown.location().unwrap()).send().await.unwrap();
        assert_eq!(picture.headers()["content-type"], "image/jpeg");
        assert_eq!(picture.bytes().await.unwrap(), POSTER);
        let mails = domain::mail::list(scene.server.services(), &scene.access).await.unwrap();
        let told = mails.iter().find(|mail| mail.subject.ends_with("is ready")).unwrap();
        assert!(told.html.contains(&format!("{path}/poster.jpg\"")), "{}", told.html);

        let preflight = ask(&visitor, Method::OPTIONS, &path, "*/*").await;
        assert_eq!(preflight.status, StatusCode::NO_CONTENT);
        assert_eq!(preflight.header("access-control-allow-headers"), "range");
    }

    async fn whoever_comes_too_late_is_told_so(server) {
        let (scene, recording, path) = recorded(server).await;
        let services = scene.server.services().clone();
        let visitor = scene.server.browser();
        let wrong = ask(&visitor, Method::GET, &format!("/r/{}", "A".repeat(76)), "*/*").await;
        assert_eq!((wrong.status, wrong.code().as_str()), (StatusCode::NOT_FOUND, "link_not_found"));
        readable_everywhere(&wrong);
        assert_eq!(ask(&visitor, Method::GET, "/r/%00", "text/html").await.status, StatusCode::NOT_FOUND);
        let bucket = scene.server.data_dir().join("store/recordings");
        assert_eq!(files(&bucket).len(), 2, "the recording and its picture: {:?}", files(&bucket));

        recordings::delete(&services, &scene.access, recording, "").await.unwrap();
        let deleted = ask(&visitor, Method::GET, &path, "text/html,*/*;q=0.8").await;
        assert_eq!(deleted.status, StatusCode::GONE);
        readable_everywhere(&deleted);
        assert!(deleted.header("content-type").starts_with("text/html"), "{deleted:?}");
        assert!(deleted.text.contains("No longer available") && deleted.text.contains("was deleted"), "{deleted:?}");
        let entries = || async { domain::audit::list(&services, &scene.access).await.unwrap() };
        crate::support::soon("the object to be deleted", async {
            let mut changed = services.jobs_changed();
            while !entries().await.iter().any(|entry| entry.action == "recording.deleted") {
                tokio::select! {
                    ran = jobs::run_due(&services) => drop(ran.unwrap()),
                    _ = changed.changed() => {}
                }
            }
        })
        .await;
        assert!(files(&bucket).is_empty(), "{:?}", files(&bucket));

        let picture = ask(&visitor, Method::GET, &format!("{path}/poster.jpg"), "image/*").await;
        assert_eq!((picture.status, picture.code().as_str()), (StatusCode::GONE, "recording_deleted"));

        scene.server.clock.advance(Duration::from_secs(7 * 24 * 3600));
        let expired = ask(&visitor, Method::GET, &path, "*/*").await;
        assert_eq!((expired.status, expired.code().as_str()), (StatusCode::GONE, "link_expired"));
    }
}

/// Every file of the bucket that holds a recording.
fn files(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path()));
        } else if entry.path().extension().is_some_and(|extension| extension == "mp4" || extension == "jpg") {
            found.push(entry.path());
        }
    }
    found
}

#[tokio::test]
async fn one_network_cannot_follow_links_without_end() {
    let server = TestServer::start(Database::Sqlite).await;
    let visitor = server.browser();
    for _ in 0..300 {
        assert_eq!(visitor.get("/r/nothing").await.status, StatusCode::NOT_FOUND);
    }
    let refused = ask(&visitor, Method::GET, "/r/nothing", "*/*").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    server.clock.advance(Duration::from_secs(wait));
    assert_eq!(visitor.get("/r/nothing").await.status, StatusCode::NOT_FOUND);
}

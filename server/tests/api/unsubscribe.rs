//! The way out of mails, as a reader and as a mail program take it.

use crate::{
    on_both_databases,
    recording::Scene,
    support::{Browser, Page, TestServer, server::EMAIL},
};
use domain::mail;
use http::{Method, StatusCode};

/// The link in the mail about a recording, as a path.
async fn sent(server: TestServer) -> (Scene, String) {
    let mut scene = Scene::set(server).await;
    let recording = scene.start().await;
    scene.fail(1, recording).await;
    let newest = mail::list(scene.server.services(), &scene.access).await.unwrap().remove(0);
    let at = newest.text.find("/unsubscribe/").expect("a link to unsubscribe");
    let path = newest.text[at..].split_whitespace().next().unwrap().to_owned();
    (scene, path)
}

/// As a mail program does it: without cookies, and without an origin.
async fn one_click(path: &str, visitor: &Browser) -> Page {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    visitor.request(Method::POST, path, &headers, "List-Unsubscribe=One-Click").await
}

async fn is_told(scene: &Scene) -> bool {
    let list = mail::addresses(scene.server.services(), &scene.access, scene.application.id).await.unwrap();
    list.iter().any(|address| address.email == EMAIL && address.unsubscribed_at.is_none())
}

on_both_databases! {
    async fn a_mail_program_ends_the_mails_by_one_post(server) {
        let (scene, path) = sent(server).await;
        let answer = one_click(&path, &scene.server.browser()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert!(!is_told(&scene).await);
        assert_eq!(one_click(&path, &scene.server.browser()).await.status, StatusCode::OK, "harmless when repeated");
    }

    async fn a_reader_ends_them_by_the_pages_button_and_not_by_looking(server) {
        let (scene, path) = sent(server).await;
        let visitor = scene.server.browser();
        let page = visitor.get(&path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(EMAIL) && page.text.contains("Demo") && page.text.contains("method=\"post\""), "{page:?}");
        assert!(page.header("content-security-policy").contains("form-action 'self'"));
        assert!(is_told(&scene).await, "looking changes nothing");
        let done = visitor.post_form(&path, &path, &[]).await;
        assert!(done.text.contains("You are unsubscribed"), "{done:?}");
        assert!(!is_told(&scene).await);
    }

    async fn other_links_end_nothing(server) {
        let (scene, path) = sent(server).await;
        for wrong in [format!("{path}x"), "/unsubscribe/nothing".to_owned(), "/unsubscribe/%00".to_owned()] {
            let page = one_click(&wrong, &scene.server.browser()).await;
            assert_eq!(page.status, StatusCode::NOT_FOUND, "{page:?}");
            assert!(page.text.contains("Not possible") && !page.text.contains(EMAIL), "{page:?}");
        }
        let headers = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
        let foreign = scene.server.browser().request(Method::POST, &path, &headers, "").await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN);
        assert!(is_told(&scene).await);
    }
}

//! The demo page and the files around it.

use crate::{
    on_both_databases,
    support::{TestServer, server::options},
};
use domain::applications;
use http::StatusCode;
use std::fs;

on_both_databases! {
    async fn the_demo_page_knows_its_application_and_room(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await;
        let visitor = server.browser();
        let path = format!("/demo/{}", demo.id);

        let first = visitor.get(&path).await;
        let second = visitor.get(&path).await;
        assert_eq!(first.status, StatusCode::SEE_OTHER);
        assert_ne!(first.location(), second.location(), "each visitor gets a room of their own");
        let page = visitor.get(&first.location().unwrap()).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains(&format!("data-app-key=\"{}\"", demo.keys[0].id)), "{}", page.text);
        assert!(page.header("content-security-policy").contains("connect-src"));
        assert!(page.header("permissions-policy").contains("camera=(self)"));

        let odd = visitor.get(&format!("{path}?room=%22%3E%3Cscript%3E")).await;
        assert!(!odd.text.contains("\"><script>"), "{}", odd.text);
        let bad = visitor.get(&format!("{path}?room=a%0Ab")).await;
        assert_eq!((bad.status, bad.code().as_str()), (StatusCode::BAD_REQUEST, "invalid_room"));

        applications::revoke_key(server.services(), &access, demo.id, demo.keys[0].id).await.unwrap();
        assert_eq!(visitor.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(visitor.get("/demo/app_019aa2c1000070008000000000000000").await.status, StatusCode::NOT_FOUND);
        assert_eq!(visitor.get("/demo/garbage").await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn files_are_served_compressed_and_to_whom_they_are_meant() {
    let data = tempfile::tempdir().unwrap();
    let options = options(&data);
    let write = |path: std::path::PathBuf, text: &str| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(options.site_root.join("pkg/console.js"), "plain");
    write(options.site_root.join("pkg/console.js.br"), "brotli");
    write(options.site_root.join("secret.txt"), "not under pkg");
    write(options.public_dir.join("sdk/index.js"), "export {}");
    write(options.public_dir.join("demo/demo.js"), "demo");
    let server = TestServer::start_with(options, data).await.unwrap();
    let browser = server.browser();

    assert_eq!(browser.get("/pkg/console.js").await.text, "plain");
    let compressed = browser.request(http::Method::GET, "/pkg/console.js", &[("accept-encoding", "br")], "").await;
    assert_eq!((compressed.header("content-encoding"), compressed.text.as_str()), ("br", "brotli"));
    let sdk = browser.get("/sdk/index.js").await;
    assert_eq!(sdk.header("access-control-allow-origin"), "*");
    assert_eq!(sdk.header("cross-origin-resource-policy"), "cross-origin");
    assert!(sdk.header("content-type").contains("javascript"));
    assert_eq!(browser.get("/demo-assets/demo.js").await.text, "demo");
    for path in ["/pkg/../secret.txt", "/pkg/%2e%2e/secret.txt", "/pkg/..%2Fsecret.txt", "/secret.txt", "/pkg/"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

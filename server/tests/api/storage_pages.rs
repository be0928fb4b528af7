//! Account → Recordings by its real forms, without JavaScript.

use crate::{on_both_databases, support::server::sign_in};
use domain::storage::{self, StorageKind};
use http::StatusCode;

const ADD: &str = "/account/recordings/add/s3_compatible";
const SECRET: &str = "planted-secret-access-key";

fn fields(bucket: &str) -> [(&'static str, &str); 6] {
    [
        ("form[endpoint]", "http://127.0.0.1:9"),
        ("form[bucket]", bucket),
        ("form[region]", "eu"),
        ("form[prefix]", "calls"),
        ("form[access_key_id]", "AKIAEXAMPLE"),
        ("secret_access_key", SECRET),
    ]
}

on_both_databases! {
    async fn a_refused_form_gives_back_everything_but_the_secret(server) {
        server.owner().await;
        let browser = server.browser();
        sign_in(&browser).await;
        let refused = browser.submit(ADD, "create-storage", &fields("Not A Bucket")).await;
        let page = browser.visit(&refused.location().expect("a redirect")).await;
        let field = page.text.split("<input").find(|tag| tag.contains("id=\"bucket\"")).expect("the field").to_owned();
        assert!(field.contains("aria-invalid=\"true\"") && field.contains("Not A Bucket"), "{field}");
        assert!(page.text.contains("value=\"AKIAEXAMPLE\""), "{}", page.text);
        assert!(!page.text.contains(SECRET));
        let again = browser.visit(ADD).await;
        assert!(!again.text.contains("AKIAEXAMPLE"), "what was typed is given back once");
    }

    async fn a_storage_is_added_and_never_shows_its_secret(server) {
        let access = server.owner().await;
        let browser = server.browser();
        sign_in(&browser).await;
        let added = browser.submit(ADD, "create-storage", &fields("acme-calls")).await.location().expect("a redirect");
        let page = browser.visit(&added).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text.contains("arn:aws:s3:::acme-calls/calls/*"), "the policy names the bucket");
        assert!(page.text.contains("data-validation="), "{}", page.text);
        assert!(!page.text.contains(SECRET));

        let changes = [("form[name]", "Archive"), ("form[tags]", "cost-center=42")];
        browser.submit(&added, "update-storage", &changes).await;
        let overview = storage::overview(server.services(), &access).await.unwrap();
        let stored = overview.storages.iter().find(|storage| storage.kind == StorageKind::S3Compatible).unwrap();
        assert_eq!((stored.name.as_str(), stored.tags.as_slice()), ("Archive", &[("cost-center".into(), "42".into())][..]));
        assert_eq!((stored.prefix.as_str(), stored.access_key_id.as_deref()), ("calls/", Some("AKIAEXAMPLE")));

        browser.submit(&added, "remove-storage", &[]).await;
        assert_eq!(browser.visit(&added).await.status, StatusCode::NOT_FOUND);
    }

    async fn what_a_role_needs_is_shown_before_there_is_one(server) {
        let access = server.owner().await;
        let external_id = storage::overview(server.services(), &access).await.unwrap().external_id;
        let browser = server.browser();
        sign_in(&browser).await;
        let page = browser.visit("/account/recordings/add/aws_role").await;
        assert!(!external_id.is_empty() && page.text.contains(&external_id), "{}", page.text);
        let page = browser.visit("/account/recordings/add/aws_role?bucket=acme-calls&region=eu-west-1&prefix=calls").await;
        assert!(page.text.contains("arn:aws:s3:::acme-calls/calls/*") && page.text.contains("name=\"form[role_arn]\""));
        assert_eq!(browser.visit("/account/recordings/add/carrier_pigeon").await.status, StatusCode::NOT_FOUND);
    }
}

//! `/healthz` and `/readyz`.

use crate::{on_both_databases, support::soon};
use http::StatusCode;
use serde_json::json;

on_both_databases! {
    async fn readiness_says_what_is_missing(server) {
        let browser = server.browser();
        assert_eq!(browser.get("/healthz").await.status, StatusCode::OK);

        let before = browser.get("/readyz").await;
        assert_eq!(before.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(before.json(), json!({"ready": false, "missing": ["media_node"], "impaired": []}));

        let node = server.linked_node().await;
        let ready = browser.get("/readyz").await;
        assert_eq!((ready.status, ready.json()), (StatusCode::OK, json!({"ready": true, "missing": [], "impaired": []})));

        let identity = node.identity;
        drop(node);
        soon("the link to end", server.plane.links.unlinked(identity.node)).await;
    }
}

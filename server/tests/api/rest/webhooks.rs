//! Webhook endpoints and deliveries, from the first message to a replay.

use super::Program;
use crate::{
    on_both_databases,
    support::{Page, receiver::Receiver},
};
use domain::api_keys::Scope;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Changes or removes what a page showed, as long as it is still that.
async fn change(program: &Program, method: Method, shown: &Page, path: &str, body: &Value) -> Page {
    let headers = [
        ("authorization", program.authorization.as_str()),
        ("content-type", "application/json"),
        ("if-match", shown.header("etag")),
    ];
    program.client.request(method, path, &headers, &body.to_string()).await
}

/// The delivery once nothing waits any more.
async fn settled(program: &Program, delivery: &str) -> Value {
    crate::support::soon("the end of a delivery", async {
        loop {
            let found = program.ask(Method::GET, &format!("/api/v1/deliveries/{delivery}")).await.json();
            if found["state"] != "waiting" {
                break found;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

on_both_databases! {
    async fn a_program_sets_a_webhook_up_and_sees_what_is_sent(server) {
        let anna = server.owner().await;
        let demo = server.demo(&anna).await.id;
        let program = Program::with(&server, &anna, [Scope::WebhooksWrite]).await;
        let mut receiver = Receiver::start().await;
        let list = format!("/api/v1/applications/{demo}/webhook-endpoints");
        let new = json!({ "url": receiver.url, "events": ["recording.ready"] });
        let made = program.send(Method::POST, &list, &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        let (id, secret) = (made.json()["id"].as_str().unwrap().to_owned(), made.json()["secret"].as_str().unwrap().to_owned());
        let endpoint = format!("/api/v1/webhook-endpoints/{id}");
        assert_eq!(made.header("location"), endpoint);
        let shown = program.ask(Method::GET, &endpoint).await;
        assert!(!shown.text.contains(&secret) && shown.json().get("secret").is_none(), "a secret is shown once");

        let tested = program.ask(Method::POST, &format!("{endpoint}/test")).await;
        assert_eq!(tested.status, StatusCode::ACCEPTED, "{tested:?}");
        let delivery = tested.json()["id"].as_str().unwrap().to_owned();
        let arrived = receiver.delivery().await;
        assert!(arrived.is_signed_with(&secret));
        assert_eq!((&arrived.json()["type"], arrived.header("webhook-id")), (&json!("test"), tested.json()["messageId"].as_str().unwrap()));
        let found = settled(&program, &delivery).await;
        assert_eq!((&found["state"], &found["attempts"], &found["attemptLog"][0]["status"]), (&json!("delivered"), &json!(1), &json!(200)));
        assert_eq!(found["body"].as_str().unwrap().as_bytes(), arrived.body);

        let rotated = program.send(Method::POST, &format!("{endpoint}/secret"), &json!({ "overlapSeconds": 60 })).await.json();
        program.ask(Method::POST, &format!("/api/v1/deliveries/{delivery}/replay")).await;
        let again = receiver.delivery().await;
        assert_eq!(again.header("webhook-id"), arrived.header("webhook-id"));
        assert!(again.is_signed_with(&secret) && again.is_signed_with(rotated["secret"].as_str().unwrap()));

        let stale = change(&program, Method::PATCH, &shown, &endpoint, &json!({ "enabled": false })).await;
        assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "changed_meanwhile"));
        let shown = program.ask(Method::GET, &endpoint).await;
        let off = change(&program, Method::PATCH, &shown, &endpoint, &json!({ "enabled": false })).await;
        assert_eq!(off.json()["state"], "disabled", "{off:?}");
        assert_eq!(program.ask(Method::POST, &format!("{endpoint}/test")).await.code(), "endpoint_not_active");
        let gone = change(&program, Method::DELETE, &off, &endpoint, &json!({})).await;
        assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
        assert_eq!(program.ask(Method::GET, &endpoint).await.code(), "endpoint_not_found");
    }

    async fn the_log_comes_in_pages_that_fit_their_filter_only(server) {
        let anna = server.owner().await;
        let demo = server.demo(&anna).await.id;
        let program = Program::with(&server, &anna, [Scope::WebhooksWrite]).await;
        let mut receiver = Receiver::start().await;
        receiver.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
        let new = json!({ "url": receiver.url });
        let endpoint = program.send(Method::POST, &format!("/api/v1/applications/{demo}/webhook-endpoints"), &new).await;
        let endpoint = endpoint.json()["id"].as_str().unwrap().to_owned();
        for _ in 0..60 {
            program.ask(Method::POST, &format!("/api/v1/webhook-endpoints/{endpoint}/test")).await;
            receiver.delivery().await;
        }
        let log = format!("/api/v1/applications/{demo}/deliveries");
        let first = program.ask(Method::GET, &format!("{log}?event=test&endpoint={endpoint}")).await.json();
        let cursor = first["next"].as_str().unwrap().to_owned();
        let second = program.ask(Method::GET, &format!("{log}?event=test&endpoint={endpoint}&cursor={cursor}")).await.json();
        let count = |page: &Value| page["items"].as_array().unwrap().len();
        assert_eq!((count(&first), count(&second), &second["next"]), (50, 10, &Value::Null));
        let other = program.ask(Method::GET, &format!("{log}?event=room.ended&cursor={cursor}")).await;
        assert_eq!(other.code(), "invalid_cursor");
        let none = program.ask(Method::GET, &format!("{log}?state=delivered")).await.json();
        assert_eq!((count(&none), &none["next"]), (0, &Value::Null));
        for wrong in ["state=late", "event=nothing", "from=yesterday", "page=2"] {
            assert_eq!(program.ask(Method::GET, &format!("{log}?{wrong}")).await.code(), "invalid_query", "{wrong}");
        }
        let range = json!({ "from": "2000-01-01T00:00:00Z" });
        let replayed = program.send(Method::POST, &format!("/api/v1/webhook-endpoints/{endpoint}/replay"), &range).await;
        assert_eq!((replayed.status, replayed.json()), (StatusCode::ACCEPTED, json!({ "count": 0, "more": false })));
    }
}

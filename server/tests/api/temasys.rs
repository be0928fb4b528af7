//! What backends made for Temasys call, as the articles of Temasys document it.

use crate::{
    on_both_databases,
    rest::Program,
    support::{
        Page,
        server::{EMAIL, PASSWORD},
    },
};
use domain::{api_keys::Scope, applications, mail, notifications::endpoints};
use http::{Method, StatusCode};
use protocol::{names::DisplayName, webhook::EndpointState};
use serde_json::{Value, json};

const LOGIN: &str = "/rest/login";
const NOTIFICATIONS: &str = "/rest/recording/notifications";
const JSON: (&str, &str) = ("content-type", "application/json");

/// Why the envelope says no.
fn refused(page: &Page) -> (u16, i64) {
    let said = page.json();
    assert!(!said["message"].as_str().unwrap().is_empty(), "{page:?}");
    (page.status.as_u16(), said["status"].as_i64().unwrap())
}

on_both_databases! {
    async fn a_backend_signs_in_and_sets_notifications(server) {
        let anna = server.owner().await;
        let backend = server.browser();
        let send = async |method: Method, path: &str, body: Value| {
            backend.request(method, path, &[JSON], &body.to_string()).await
        };
        assert_eq!(refused(&send(Method::GET, NOTIFICATIONS, json!({})).await), (401, 0));
        let wrong = send(Method::POST, LOGIN, json!({ "username": EMAIL, "password": "guess" })).await;
        assert_eq!(refused(&wrong), (401, 0));
        let entered = send(Method::POST, LOGIN, json!({ "username": EMAIL, "password": PASSWORD })).await;
        assert_eq!((entered.status, entered.json()["status"].as_i64()), (StatusCode::OK, Some(1)), "{entered:?}");
        // The session opens nothing of the console.
        assert_eq!(backend.get("/applications").await.location().as_deref(), Some("/sign-in"));

        assert_eq!(refused(&send(Method::GET, NOTIFICATIONS, json!({})).await), (404, 0));
        assert_eq!(refused(&send(Method::PUT, NOTIFICATIONS, json!({ "notify": 1 })).await), (404, 0));
        let settings = json!({
            "notify": 1, "url": "https://backend.example/hook", "email": "a@example.com, b@example.com",
            "s3Arn": "arn:aws:s3:::calls", "s3AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "s3SecretAccessKey": "a-secret-that-nobody-reads-again",
        });
        let created = send(Method::POST, NOTIFICATIONS, settings.clone()).await;
        let expected = json!({ "status": 1, "content": { "data": {
            "username": EMAIL, "notify": true, "url": "https://backend.example/hook",
            "email": ["a@example.com", "b@example.com"],
            "s3Settings": {
                "s3Arn": "arn:aws:s3:::calls", "s3AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "s3SecretAccessKey": "********",
            },
        } } });
        assert_eq!(created.json(), expected);
        assert_eq!(send(Method::GET, NOTIFICATIONS, json!({})).await.json(), expected);
        assert_eq!(refused(&send(Method::POST, NOTIFICATIONS, settings).await), (409, 0));

        let form = [("content-type", "application/x-www-form-urlencoded")];
        let changed = backend.request(Method::PUT, NOTIFICATIONS, &form, "notify=false&email=").await.json();
        assert_eq!(changed["content"]["data"]["notify"], false);
        assert_eq!(changed["content"]["data"]["email"], json!([]));
        assert_eq!(changed["content"]["data"]["url"], "https://backend.example/hook");
        for wrong in [
            json!({ "notify": "perhaps" }),
            json!({ "url": "not an address" }),
            json!({ "url": "http://127.0.0.2/" }),
            json!({ "s3Arn": "arn:aws:s3:::other" }),
            json!({ "s3Arn": "calls", "s3AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "s3SecretAccessKey": "x" }),
        ] {
            let answer = send(Method::PUT, NOTIFICATIONS, wrong.clone()).await;
            assert_eq!(refused(&answer), (400, 0), "{wrong}");
        }

        let program = Program::with(&server, &anna, Scope::ALL).await;
        let read = program.ask(Method::GET, NOTIFICATIONS).await;
        assert_eq!((read.json()["status"].as_i64(), &read.json()["content"]["data"]["username"]), (Some(1), &json!("Backend")));
        let reader = Program::with(&server, &anna, [Scope::WebhooksRead]).await;
        let answer = reader.send(Method::PUT, NOTIFICATIONS, &json!({ "notify": 1 })).await;
        assert_eq!(refused(&answer), (403, 0));
        let guess = server.browser().request(Method::GET, NOTIFICATIONS, &[("authorization", "Bearer mdk_guess")], "").await;
        assert_eq!(refused(&guess), (401, 0));
    }

    async fn every_application_tells_whom_the_backend_names(server) {
        let anna = server.owner().await;
        let services = server.services();
        let demo = server.demo(&anna).await.id;
        mail::add_address(services, &anna, demo, "kept@example.com").await.unwrap();
        let program = Program::with(&server, &anna, Scope::ALL).await;
        let told = async |application| {
            let list = mail::addresses(services, &anna, application).await.unwrap();
            let emails: Vec<String> = list.into_iter().map(|address| address.email).filter(|email| email != EMAIL).collect();
            let endpoints = endpoints::list(services, &anna, application).await.unwrap();
            let endpoints: Vec<_> = endpoints.iter().map(|endpoint| (endpoint.url.to_string(), endpoint.state)).collect();
            (emails.join(" "), endpoints)
        };
        let active = |url: &str| vec![(url.to_owned(), EndpointState::Active)];
        let settings = json!({ "notify": 1, "url": "https://backend.example/hook", "email": "B@example.com,c@example.com, b@example.com" });
        program.send(Method::POST, NOTIFICATIONS, &settings).await;
        assert_eq!(told(demo).await, ("b@example.com c@example.com kept@example.com".to_owned(), active("https://backend.example/hook")));
        let later = applications::create(services, &anna, DisplayName::try_from("Later".to_owned()).unwrap()).await.unwrap().id;
        assert_eq!(told(later).await, ("b@example.com c@example.com".to_owned(), active("https://backend.example/hook")));

        let moved = json!({ "url": "https://backend.example/other", "email": "c@example.com,d@example.com" });
        program.send(Method::PUT, NOTIFICATIONS, &moved).await;
        assert_eq!(told(demo).await, ("c@example.com d@example.com kept@example.com".to_owned(), active("https://backend.example/other")));
        program.send(Method::PUT, NOTIFICATIONS, &json!({ "notify": 0 })).await;
        let silent = vec![("https://backend.example/other".to_owned(), EndpointState::Disabled)];
        assert_eq!(told(demo).await, ("kept@example.com".to_owned(), silent.clone()));
        assert_eq!(told(later).await, (String::new(), silent));
        let unusable = program.send(Method::PUT, NOTIFICATIONS, &json!({ "email": "nobody" })).await;
        assert_eq!(refused(&unusable), (400, 0));
    }

    async fn a_page_of_another_site_cannot_use_the_session(server) {
        server.owner().await;
        let backend = server.browser();
        let credentials = json!({ "username": EMAIL, "password": PASSWORD }).to_string();
        backend.request(Method::POST, LOGIN, &[JSON], &credentials).await;
        let forged = [("content-type", "text/plain"), ("sec-fetch-site", "cross-site")];
        let answer = backend.request(Method::POST, NOTIFICATIONS, &forged, "{\"notify\":1}").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}

//! The published libraries of Standard Webhooks accept what is sent, at the time that it is, and nothing else. The one
//! for JavaScript does in e2e/tests/webhook.test.mjs.

use crate::support::{Received, World, on_both};
use domain::{
    clock::Clock,
    notifications::{
        deliveries,
        endpoints::{self, EndpointSecret, NewEndpoint},
    },
};
use protocol::webhook::Signing;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use std::{
    io::Write,
    process::{Command, Stdio},
};

const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../moto/bin/python");
const VERIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify_webhook.py");

/// An endpoint whose secret was replaced, and what it is sent now.
async fn received(mut world: World, signing: Signing) -> (EndpointSecret, EndpointSecret, Received) {
    // The libraries refuse what was signed at another time than now.
    world.clock = Clock::System;
    world.refit(|_| ()).await;
    let access = world.owner().await;
    let demo = world.demo(&access).await;
    let new = NewEndpoint { signing, ..NewEndpoint::at(world.outside.hook_url()) };
    let old = endpoints::create(&world.services, &access, demo.id, new).await.unwrap();
    let id = old.endpoint.id;
    let new = endpoints::rotate_secret(&world.services, &access, id, endpoints::DEFAULT_OVERLAP).await.unwrap();
    deliveries::send_test(&world.services, &access, id).await.unwrap();
    world.run_jobs().await;
    (old, new, world.outside.state(|outside| outside.hooks.pop().unwrap()))
}

fn body(hook: &Received) -> String {
    String::from_utf8(hook.body.clone()).unwrap()
}

fn forged(hook: &Received) -> String {
    body(hook).replace("test", "tost")
}

fn rust_accepts(secret: &EndpointSecret, hook: &Received, body: &str) -> bool {
    let pairs = hook.headers.iter().filter(|(name, _)| name.starts_with("webhook-"));
    let headers: HeaderMap = pairs
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
        .collect();
    let webhook = Webhook::new(secret.secret.as_ref().unwrap().expose_secret()).unwrap();
    webhook.verify(body.as_bytes(), &headers).is_ok()
}

fn python_accepts(key: (&str, &str), hook: &Received, body: &str) -> bool {
    let mut message: Value = json!({ "headers": hook.headers, "body": body });
    message[key.0] = key.1.into();
    let mut child = Command::new(PYTHON)
        .args(["-B", VERIFIER])
        .stdin(Stdio::piped())
        .spawn()
        .expect("Python's packages are not installed: run `scripts/install test`");
    child.stdin.take().unwrap().write_all(message.to_string().as_bytes()).unwrap();
    match child.wait().unwrap().code() {
        Some(0) => true,
        Some(1) => false,
        other => panic!("the verifier ended with {other:?}"),
    }
}

on_both! {
    async fn the_libraries_accept_both_secrets_and_refuse_the_rest(world: World) {
        let (old, new, hook) = received(world, Signing::Hmac).await;
        for secret in [&old, &new] {
            let shown = ("secret", secret.secret.as_ref().unwrap().expose_secret());
            assert!(rust_accepts(secret, &hook, &body(&hook)) && !rust_accepts(secret, &hook, &forged(&hook)));
            assert!(python_accepts(shown, &hook, &body(&hook)) && !python_accepts(shown, &hook, &forged(&hook)));
        }
    }
}

on_both! {
    async fn another_implementation_accepts_both_keys_of_ed25519(world: World) {
        let (old, new, hook) = received(world, Signing::Ed25519).await;
        for made in [&old, &new] {
            let key = ("publicKey", made.endpoint.public_keys[0].as_str());
            assert!(python_accepts(key, &hook, &body(&hook)) && !python_accepts(key, &hook, &forged(&hook)));
        }
    }
}

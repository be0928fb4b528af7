//! AWS as a test sees it: moto behind the checks it lacks, one process for all tests of this binary.

use crate::support::Player;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub const REGION: &str = "eu-central-1";

static MOTO: OnceLock<Mutex<Player>> = OnceLock::new();
static COUNTER: AtomicU64 = AtomicU64::new(1);

fn run<T: DeserializeOwned>(command: &str, arguments: &Value) -> T {
    let moto = MOTO.get_or_init(|| Mutex::new(Player::start("moto", "strict_moto")));
    moto.lock().unwrap().run(command, arguments)
}

fn tell(command: &str, arguments: &Value) {
    run::<()>(command, arguments);
}

/// An access key of a user.
#[derive(Debug, Clone, Deserialize)]
pub struct Key {
    pub arn: String,
    pub access_key_id: String,
    pub secret: String,
    #[serde(default)]
    pub token: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    arn: String,
}

#[derive(Deserialize)]
struct Opened {
    port: u16,
}

fn may_assume() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" }],
    })
}

/// An account with a bucket, and a port of its own to reach AWS by.
pub struct Cloud {
    pub account: String,
    pub bucket: String,
    pub port: u16,
    scheme: &'static str,
}

impl Cloud {
    pub fn new() -> Self {
        Self::on(&json!({}), "http")
    }

    /// One that speaks TLS with this certificate, given by the files' names.
    pub fn secure(certificate: &str, key: &str) -> Self {
        Self::on(&json!({ "certificate": certificate, "key": key }), "https")
    }

    fn on(front: &Value, scheme: &'static str) -> Self {
        let number = COUNTER.fetch_add(1, Ordering::SeqCst);
        let (account, bucket) = (format!("4{number:011}"), format!("recordings-{number}"));
        tell("bucket", &json!({ "account": account, "name": bucket, "region": REGION }));
        let Opened { port } = run("front", front);
        Self { account, bucket, port, scheme }
    }

    pub fn endpoint(&self) -> String {
        format!("{}://localhost:{}", self.scheme, self.port)
    }

    /// As the operator allows it.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// A policy that allows these actions on every object of the bucket.
    pub fn policy(&self, actions: &[&str]) -> Value {
        let resource = format!("arn:aws:s3:::{}/*", self.bucket);
        json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": resource }],
        })
    }

    pub fn user(&self, name: &str, policy: &Value) -> Key {
        run("user", &json!({ "account": self.account, "name": name, "policy": policy }))
    }

    pub fn set_user_policy(&self, name: &str, policy: &Value) {
        tell("user_policy", &json!({ "account": self.account, "name": name, "policy": policy }));
    }

    /// A user of another account, who may assume any role.
    pub fn mixdown(&self) -> Key {
        let account = self.account.replacen('4', "9", 1);
        run("user", &json!({ "account": account, "name": "mixdown", "policy": may_assume() }))
    }

    /// Temporary credentials that may assume any role.
    pub fn session(&self) -> Key {
        run("session", &json!({ "account": self.account, "name": "mixdown", "policy": may_assume() }))
    }

    /// Makes a role; its ARN.
    pub fn role(&self, name: &str, trust: &Value, policy: &Value) -> String {
        let arguments = json!({ "account": self.account, "name": name, "trust": trust, "policy": policy });
        run::<Named>("role", &arguments).arn
    }

    pub fn set_role_policy(&self, name: &str, policy: &Value) {
        tell("role_policy", &json!({ "account": self.account, "name": name, "policy": policy }));
    }

    pub fn set_role_trust(&self, name: &str, trust: &Value) {
        tell("role_trust", &json!({ "account": self.account, "name": name, "trust": trust }));
    }

    pub fn kms_key(&self) -> String {
        run::<Named>("kms_key", &json!({ "account": self.account, "region": REGION })).arn
    }

    /// Lets everybody read what is in the bucket.
    pub fn publish(&self) {
        let mut policy = self.policy(&["s3:GetObject"]);
        policy["Statement"][0]["Principal"] = json!("*");
        tell("bucket_policy", &json!({ "name": self.bucket, "policy": policy }));
    }

    pub fn set_cors(&self, rules: &Value) {
        tell("bucket_cors", &json!({ "name": self.bucket, "rules": rules }));
    }

    /// Turns on Object Lock: the bucket keeps versions, and takes nothing without a checksum.
    pub fn lock(&self) {
        tell("bucket_lock", &json!({ "name": self.bucket }));
    }

    /// Everything in the bucket by its key: `bytes`, `sha256`, `metadata`, `tags`, `encryption`, `kms_key`, `storage_class`.
    pub fn objects(&self) -> BTreeMap<String, Value> {
        run("objects", &json!({ "name": self.bucket }))
    }

    /// Keys of the uploads that were begun and not ended.
    pub fn uploads(&self) -> Vec<String> {
        run("uploads", &json!({ "name": self.bucket }))
    }

    /// Whether the newest session of a role in this account may do this with an object.
    pub fn session_may(&self, action: &str, key: &str) -> bool {
        let resource = format!("arn:aws:s3:::{}/{key}", self.bucket);
        run("session_may", &json!({ "account": self.account, "action": action, "resource": resource }))
    }

    pub fn expire_sessions(&self) {
        tell("expire_sessions", &json!({ "account": self.account }));
    }

    /// Nobody answers on the port any more. What is stored stays.
    pub fn stop(&self) {
        tell("front_close", &json!({ "port": self.port }));
    }

    pub fn start_again(&self) {
        tell("front_open", &json!({ "port": self.port }));
    }

    /// Sets the clock of this port ahead of the real one.
    pub fn shift_time(&self, seconds: i64) {
        tell("front_time", &json!({ "port": self.port, "ahead": seconds }));
    }

    /// From now on refusals do not say which permission is missing.
    pub fn say_less(&self) {
        tell("front_taciturn", &json!({ "port": self.port }));
    }

    /// Requests with these headers are not implemented.
    pub fn lack(&self, headers: &[&str]) {
        tell("front_lacking", &json!({ "port": self.port, "headers": headers }));
    }

    /// Answers as the endpoint of a region that the bucket is not in.
    pub fn redirect_to(&self, region: &str) {
        tell("front_redirect", &json!({ "port": self.port, "region": region }));
    }
}

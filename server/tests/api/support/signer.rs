//! Presigns requests the product never makes (AWS Signature Version 4, query form), to try the embedded store's guard.

use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, Utc};
use domain::settings::EmbeddedStore;
use secrecy::ExposeSecret as _;
use url::Url;

/// A key pair used in a region.
pub struct Signer<'a> {
    pub store: &'a EmbeddedStore,
    pub region: &'a str,
    pub secret: &'a str,
    pub now: DateTime<Utc>,
}

impl<'a> Signer<'a> {
    pub fn new(store: &'a EmbeddedStore, now: DateTime<Utc>) -> Self {
        Self { store, region: &store.region, secret: store.secret.expose_secret(), now }
    }

    /// Signs a path that is already percent-encoded. `query` and `headers` are sorted by name.
    pub fn presign(&self, method: &str, path: &str, query: &[(&str, &str)], headers: &[(&str, &str)]) -> Url {
        let date = self.now.format("%Y%m%d").to_string();
        let time = self.now.format("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let endpoint = &self.store.endpoint;
        let host = format!("{}:{}", endpoint.host_str().unwrap(), endpoint.port().unwrap());
        let mut all_headers = vec![("host", host.as_str())];
        all_headers.extend(headers);
        let names = all_headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let credential = format!("{}/{scope}", self.store.access_key);
        let mut parameters = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", "600"),
            ("X-Amz-SignedHeaders", &names),
        ];
        parameters.extend(query);
        parameters.sort_unstable();
        let encoded: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let query = encoded.join("&");
        let lines: String = all_headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let signed_path = canonical_path(path);
        let canonical = format!("{method}\n{signed_path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD");
        let hash = hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let key = [date.as_str(), self.region, "s3", "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| mac(&key, part));
        let signature = hex::encode(mac(&key, &to_sign));
        let base = endpoint.as_str().trim_end_matches('/');
        Url::parse(&format!("{base}{path}?{query}&X-Amz-Signature={signature}")).unwrap()
    }
}

/// What is signed of a path: its decoded text, encoded again segment by segment.
fn canonical_path(path: &str) -> String {
    let mut bytes = path.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(if byte == b'%' {
            let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
            u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
        } else {
            byte
        });
    }
    String::from_utf8(decoded).unwrap().split('/').map(encode).collect::<Vec<_>>().join("/")
}

fn mac(key: &[u8], data: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data.as_bytes()).as_ref().to_vec()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

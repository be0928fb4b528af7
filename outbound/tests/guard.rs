//! Where requests may go.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use outbound::{AllowPrivate, Method, Outbound, OutboundError, Request};

fn outbound(allow: &str) -> Outbound {
    Outbound::new(allow.parse().unwrap()).unwrap()
}

/// Hosts that lead inside, in every way of writing them.
const INSIDE: [&str; 76] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0177.1",
    "0x7F.0x0.0x0.0x1",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "0.1.2.3",
    "00.0.0.0",
    "0x0",
    "10.0.0.1",
    "10.255.255.255",
    "0xa.1",
    "012.0.0.1",
    "167772161",
    "10.1",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "169.254.0.1",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "172.16.0.1",
    "172.31.255.255",
    "0xac100001",
    "192.168.0.1",
    "192.168.255.255",
    "3232235521",
    "192.168.1",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[100::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:2::1]",
    "[2001:10::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[3fff::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
];

#[test]
fn no_way_of_writing_an_inside_address_is_permitted() {
    let outbound = outbound("");
    for host in INSIDE {
        for url in [format!("https://{host}/"), format!("https://{host}:8443/hook")] {
            if let Ok(url) = url.parse() {
                assert!(!outbound.permits(&url), "{url}");
            }
        }
    }
}

#[test]
fn public_addresses_are_permitted() {
    let outbound = outbound("");
    for url in [
        "https://8.8.8.8/",
        "https://100.128.0.1/",
        "https://[2606:4700::1111]/",
        "https://example.com:8443/x",
        "https://172.32.0.1/",
    ] {
        assert!(outbound.permits(&url.parse().unwrap()), "{url}");
    }
}

#[test]
fn only_https_without_credentials_on_known_ports() {
    let outbound = outbound("");
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for url in [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://example.com:22/",
        "https://example.com:6379/",
        &long,
    ] {
        assert!(!outbound.permits(&url.parse().unwrap()), "{url}");
    }
}

#[test]
fn the_operator_permits_host_and_port() {
    let outbound = outbound("localhost:*, 127.0.0.1:9000,[::1]:9000");
    for (url, permitted) in [
        ("http://localhost:4321/hook", true),
        ("https://LOCALHOST./hook", true),
        ("http://127.0.0.1:9000/", true),
        ("http://127.1:9000/", true),
        ("http://[::1]:9000/", true),
        ("http://127.0.0.1:9001/", false),
        ("http://127.0.0.2:9000/", false),
        ("http://notlocalhost:80/", false),
        ("ftp://localhost:21/", false),
    ] {
        assert_eq!(outbound.permits(&url.parse().unwrap()), permitted, "{url}");
    }
}

#[test]
fn a_list_that_cannot_be_read_is_refused() {
    for text in ["localhost", "localhost:", ":80", "localhost:99999", "http://localhost:80/x:1", "a b:80"] {
        assert!(text.parse::<AllowPrivate>().is_err(), "{text}");
    }
    let list = "localhost:*,10.0.0.5:9000";
    assert_eq!(list.parse::<AllowPrivate>().unwrap().to_string(), list);
    assert!("".parse::<AllowPrivate>().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_reached() {
    let outbound = outbound("");
    let request = Request::new(Method::GET, "https://localhost/".parse().unwrap());
    let error = outbound.send(request).await.unwrap_err();
    assert!(matches!(error, OutboundError::NotAllowed), "{error:?}");
}

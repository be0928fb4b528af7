//! Where requests may go.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use outbound::{AllowPrivate, Method, Names, Outbound, OutboundError, Request};
use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

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

/// Text that a reader or another parser takes for something else.
const TRICKS: [&str; 24] = [
    "https://１２７.０.０.１/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://１６９．２５４．１６９．２５４/",
    "https://0x7f.0.0.1%2f@8.8.8.8/",
    "https://127.0.0.1\\@8.8.8.8/",
    "https://8.8.8.8@127.0.0.1/",
    "https://8.8.8.8:443@127.0.0.1/",
    "https://8.8.8.8%40127.0.0.1@10.0.0.1/",
    "https://example.com:8.8.8.8@169.254.169.254/",
    "https://127.0.0.1#@8.8.8.8/",
    "https://127.0.0.1?@8.8.8.8/",
    "https:127.0.0.1/",
    "https:///127.0.0.1/",
    "https:\\\\127.0.0.1\\",
    "https://127.0.0.1:443/",
    "https://\t127.0.0.1/",
    "https://127.0\n.0.1/",
    "https://%31%32%37.0.0.1/",
    "https://127.0.0.1:00443/",
    "https://[::ffff:7f00:1]:443/",
    "https://[0000::0001]/",
    "https://example.com:0/",
    "https://example.com:65535/",
];

#[test]
fn no_trick_of_writing_is_permitted() {
    let outbound = outbound("");
    for text in TRICKS {
        if let Ok(url) = text.parse::<url::Url>() {
            assert!(!outbound.permits(&url), "{text} is {url}");
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

/// Starts a name server in an attacker's hands: its answers follow one another, the last one for ever.
fn name_server(answers: Vec<Vec<IpAddr>>, asked: Arc<AtomicUsize>) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let turn = asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            socket.send_to(&response(&query[..length], &answers[turn]), from).unwrap();
        }
    });
    address
}

/// The question again and a record without a lifetime for each address (RFC 1035 §4.1).
fn response(query: &[u8], addresses: &[IpAddr]) -> Vec<u8> {
    let count = u8::try_from(addresses.len()).unwrap();
    let mut message = [&query[..2], &[0x84, 0, 0, 1, 0, count, 0, 0, 0, 0], &query[12..]].concat();
    for address in addresses {
        let (kind, data) = match address {
            IpAddr::V4(address) => (1, address.octets().to_vec()),
            IpAddr::V6(address) => (28, address.octets().to_vec()),
        };
        message.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, u8::try_from(data.len()).unwrap()]);
        message.extend(data);
    }
    message
}

/// Asks that name server for everything it says about a name.
#[derive(Debug)]
struct Asking(SocketAddr);

impl Names for Asking {
    fn look_up(&self, name: &str) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.bytes());
        }
        query.extend([0, 0, 255, 0, 1]);
        let server = self.0;
        Box::pin(async move {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await?;
            socket.send_to(&query, server).await?;
            let mut message = [0; 512];
            let length = socket.recv(&mut message).await?;
            Ok(addresses(&message[query.len()..length]))
        })
    }
}

fn addresses(mut records: &[u8]) -> Vec<IpAddr> {
    let mut found = Vec::new();
    while let Some((_, data)) = records.split_at_checked(12) {
        let length = usize::from(records[11]);
        found.push(match <[u8; 4]>::try_from(&data[..length]) {
            Ok(address) => IpAddr::from(address),
            Err(_) => IpAddr::from(<[u8; 16]>::try_from(&data[..length]).unwrap()),
        });
        records = &data[length..];
    }
    found
}

/// A client of the attacker's name server, and how often that was asked.
fn rebound(answers: &[&[&str]]) -> (Outbound, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
    let server = name_server(answers.iter().map(parse).collect(), asked.clone());
    (Outbound::with_names(AllowPrivate::default(), Asking(server)).unwrap(), asked)
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_not_followed_inside() {
    // In the public space and routed nowhere, so the connection fails at once.
    const NOWHERE: &str = "2a0f:ffff:ffff:ffff::1";
    let (outbound, asked) = rebound(&[&[NOWHERE], &["127.0.0.1"]]);
    let ask = || {
        let mut request = Request::new(Method::GET, "https://rebinding.example:8443/".parse().unwrap());
        request.time_limit = std::time::Duration::from_secs(2);
        outbound.send(request)
    };
    let first = ask().await.unwrap_err();
    assert!(matches!(first, OutboundError::Connect(_) | OutboundError::TimedOut(_)), "{first:?}");
    // Dialled as checked: the name was not asked for again on the way to the socket.
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let second = ask().await.unwrap_err();
    assert!(matches!(second, OutboundError::NotAllowed), "{second:?}");
}

#[tokio::test]
async fn one_inside_address_spoils_the_whole_answer() {
    for inside in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1"]
    {
        for answer in [[inside, "8.8.8.8"], ["8.8.8.8", inside]] {
            let (outbound, _) = rebound(&[&answer]);
            let request = Request::new(Method::GET, "https://mixed.example/".parse().unwrap());
            let error = outbound.send(request).await.unwrap_err();
            assert!(matches!(error, OutboundError::NotAllowed), "{inside}: {error:?}");
        }
    }
}

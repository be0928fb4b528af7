//! Time from the commit of an event to the first attempt at its webhook: among 200 endpoints, with nothing waiting, and with
//! 10 000 deliveries waiting at one that never answers. Prints, asserts nothing.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    dead_code,
    reason = "a program for developers, with the support of the tests"
)]

#[path = "../tests/api/support/database.rs"]
mod database;
#[path = "../tests/api/support/options.rs"]
mod options;

use axum::{
    Router,
    extract::{Path, State},
    routing::post,
};
use database::Database;
use domain::{
    Access, Services, accounts, applications,
    clock::Clock,
    notifications::{
        deliveries,
        endpoints::{self, NewEndpoint},
    },
    random::Random,
};
use http::{HeaderMap, StatusCode};
use protocol::ids::EndpointId;
use server::control_plane::ControlPlane;
use std::{
    collections::HashMap,
    net::Ipv4Addr,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinSet};

const APPLICATIONS: usize = 20;
const ENDPOINTS_OF_ONE: usize = 10;
const WAITING: usize = 10_000;
const EVENTS: usize = 300;
const PASSWORD: &str = "correct horse battery staple";
/// Between two events.
const PACE: Duration = Duration::from_millis(20);

type Arrivals = mpsc::Sender<(String, Instant)>;

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn instant() -> Instant {
    Instant::now()
}

async fn receive(State(arrivals): State<Arrivals>, Path(name): Path<String>, headers: HeaderMap) -> StatusCode {
    let arrived = instant();
    if name == "dead" {
        std::future::pending::<()>().await;
    }
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    arrivals.send((id, arrived)).await.unwrap();
    StatusCode::OK
}

/// The first endpoint never answers.
async fn make_endpoints(services: &Services, access: &Access, port: u16) -> Vec<EndpointId> {
    let mut made = Vec::new();
    for number in 0..APPLICATIONS {
        let name = format!("Application {number}").try_into().unwrap();
        let application = applications::create(services, access, name).await.unwrap().id;
        for _ in 0..ENDPOINTS_OF_ONE {
            let name = if made.is_empty() { "dead" } else { "fine" };
            let url = format!("http://127.0.0.1:{port}/{name}").parse().unwrap();
            made.push(
                endpoints::create(services, access, application, NewEndpoint::at(url)).await.unwrap().endpoint.id,
            );
        }
    }
    made
}

/// Sends to one endpoint after the other and prints how long the first attempts took to arrive.
async fn measure(
    what: &str,
    services: &Services,
    access: &Access,
    to: &[EndpointId],
    arrivals: &mut mpsc::Receiver<(String, Instant)>,
) {
    let (mut committed, mut arrived) = (HashMap::new(), HashMap::new());
    for endpoint in to.iter().cycle().take(EVENTS) {
        let delivery = deliveries::send_test(services, access, *endpoint).await.unwrap();
        committed.insert(delivery.message.to_string(), instant());
        tokio::time::sleep(PACE).await;
    }
    while committed.keys().any(|id| !arrived.contains_key(id)) {
        let (id, at) = arrivals.recv().await.unwrap();
        arrived.entry(id).or_insert(at);
    }
    let mut times: Vec<_> = committed.iter().map(|(id, at)| arrived[id].saturating_duration_since(*at)).collect();
    times.sort();
    let ms = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1000.0;
    println!("  {what:<44} p50 {:7.1} ms  p99 {:7.1} ms", ms(50), ms(99));
}

async fn run(name: &str, database: Database) {
    let (sender, mut arrivals) = mpsc::channel(100_000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = Router::new().route("/{name}", post(receive)).with_state(sender);
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await.unwrap() });

    let data = tempfile::tempdir().unwrap();
    let options = options::in_directory(data.path(), database.create().await);
    let plane = ControlPlane::start(&options, Clock::System, Random::System).await.unwrap();
    let services = plane.services.clone();
    let token = accounts::setup_token(&services).await.unwrap().unwrap();
    let user = accounts::complete_setup(&services, &token, "anna@example.com", PASSWORD, Ipv4Addr::LOCALHOST.into())
        .await
        .unwrap();
    let access = accounts::access(&services, user).await.unwrap();
    let made = make_endpoints(&services, &access, port).await;
    let (dead, fine) = made.split_first().unwrap();

    println!("{name}: {} endpoints", made.len());
    measure("nothing waits", &services, &access, fine, &mut arrivals).await;
    for _ in 0..WAITING {
        deliveries::send_test(&services, &access, *dead).await.unwrap();
    }
    measure("10 000 wait at an endpoint that is dead", &services, &access, fine, &mut arrivals).await;
    plane.stop().await;
}

#[tokio::main]
async fn main() {
    run("sqlite", Database::Sqlite).await;
    run("postgres", Database::Postgres).await;
}

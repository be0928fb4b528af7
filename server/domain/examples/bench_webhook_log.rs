//! Time for one page of the log of webhook deliveries among a million of them, on both databases, by what one looks
//! for. Prints, asserts nothing.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    unused_imports,
    unused_macros,
    reason = "a program for developers, with the support of the tests"
)]

#[path = "../tests/database/support/mod.rs"]
mod support;

use domain::notifications::deliveries::{self, DeliveryFilter};
use protocol::{
    ids::{DeliveryId, EndpointId},
    webhook::{DeliveryState, EventType},
};
use std::time::{Duration, Instant};
use support::World;

const DELIVERIES: u64 = 1_000_000;
/// Pages measured for each filter, beginning all over the log.
const PAGES: u64 = 200;
const FIRST_MS: u64 = 1_795_000_000_000;

#[expect(clippy::disallowed_methods, reason = "real time is what is measured")]
fn instant() -> Instant {
    Instant::now()
}

/// Messages and deliveries in the order of time, one in a thousand failed, over ten endpoints.
fn fill(org: &str, application: &str, endpoints: &[EndpointId], rows: &str, hexadecimal: &str) -> String {
    let endpoint: String = endpoints.iter().enumerate().map(|(n, id)| format!(" WHEN {n} THEN '{id}'")).collect();
    let time = format!("{FIRST_MS} + n");
    // A UUIDv7 of that time, as everywhere.
    let id = format!("substr({hexadecimal}, 1, 12) || '70008000' || substr({hexadecimal}, 1, 12)");
    format!(
        "INSERT INTO messages (org_id, id, application_id, event, body, created_at)
         SELECT '{org}', 'msg_' || {id}, '{application}', 'peer.joined', '{{}}', {time} FROM {rows};
         INSERT INTO deliveries (org_id, id, message_id, endpoint_id, event, state, due_at, attempts, replayed_after, created_at)
         SELECT '{org}', 'dlv_' || {id}, 'msg_' || {id}, CASE n % 10{endpoint} END,
             CASE n % 50 WHEN 7 THEN 'recording.ready' ELSE 'peer.joined' END,
             CASE n % 1000 WHEN 7 THEN 'failed' ELSE 'delivered' END, NULL, 1, 0, {time} FROM {rows};"
    )
}

async fn measure(name: &str, world: World) {
    let access = world.owner().await;
    let demo = world.demo(&access).await;
    let mut endpoints = Vec::new();
    for _ in 0..10 {
        endpoints.push(world.webhook(&access, demo.id, &[]).await.endpoint.id);
    }
    let (org, application) = (access.org().to_string(), demo.id.to_string());
    let statements = if name == "sqlite" {
        let rows = format!(
            "(WITH RECURSIVE c(n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM c WHERE n < {}) SELECT n FROM c)",
            DELIVERIES - 1
        );
        fill(&org, &application, &endpoints, &rows, &format!("printf('%012x', {FIRST_MS} + n)"))
    } else {
        let rows = format!("generate_series(0, {}) AS n", DELIVERIES - 1);
        // As it does by itself before long.
        let analyze = "ANALYZE deliveries; ANALYZE messages;";
        fill(&org, &application, &endpoints, &rows, &format!("lpad(to_hex({FIRST_MS} + n), 12, '0')")) + analyze
    };
    let began = instant();
    world.execute(&statements).await.unwrap();
    println!("{name}: {DELIVERIES} deliveries written in {:.0} s", began.elapsed().as_secs_f64());

    let all = DeliveryFilter::default();
    let (event, state) = (Some(EventType::RecordingReady), Some(DeliveryState::Failed));
    for (what, filter) in [
        ("all of the application", all),
        ("one endpoint", DeliveryFilter { endpoint: Some(endpoints[7]), ..all }),
        ("one event", DeliveryFilter { event, ..all }),
        ("failed ones", DeliveryFilter { state, ..all }),
        ("failed ones of an event", DeliveryFilter { event, state, ..all }),
        ("an event that never failed", DeliveryFilter { event: Some(EventType::PeerJoined), state, ..all }),
    ] {
        let mut times = Vec::new();
        for page in 0..PAGES {
            let after = DeliveryId::from_parts(FIRST_MS + (page + 1) * (DELIVERIES / PAGES), [0; 10]);
            let began = instant();
            deliveries::list(&world.services, &access, demo.id, filter, Some(after)).await.unwrap();
            times.push(began.elapsed());
        }
        times.sort();
        println!("  {what:<28} p50 {} p99 {}", ms(times[times.len() / 2]), ms(times[times.len() * 99 / 100]));
    }
}

fn ms(time: Duration) -> String {
    format!("{:6.2} ms", time.as_secs_f64() * 1000.0)
}

#[tokio::main]
async fn main() {
    measure("sqlite", World::sqlite().await).await;
    measure("postgres", World::postgres().await).await;
}

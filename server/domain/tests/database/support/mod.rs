//! One world per test: a fresh database, a clock, a server to talk to.

mod blocking;
mod dump;
mod keys;
mod outside;
mod player;
mod upload;

pub use blocking::Blocking;
pub use keys::{Keys, master_key};
pub use outside::{Outside, Received};
pub use player::Player;
pub use upload::{client, upload};

use domain::{
    Access, Services, Settings, accounts, applications,
    applications::Application,
    clock::Clock,
    jobs, nodes,
    notifications::{
        endpoints::{self, EndpointSecret, NewEndpoint},
        sending,
    },
    random::Random,
    recordings::{self, StartRequest},
    settings::{Aws, EmbeddedStore},
};
use protocol::{
    ids::{AppKeyId, ApplicationId, BootId, NodeId, PeerId, RecordingId, RequestId, UserId},
    link::Event,
    names::RoomName,
    recording::{RecordingSpec, StartRefusal},
    webhook::EventType,
};
use secrecy::SecretString;
use sqlx::{Connection, Executor};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

pub const EMAIL: &str = "anna@example.com";
pub const PASSWORD: &str = "correct horse battery";
pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
/// 2026-11-21T09:00:00Z
const BEGINNING: u64 = 1_795_251_600_000;

/// Makes two tests of one: `name::sqlite` and `name::postgres`.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block) => {
        async fn $name($world: $crate::support::World) $body

        mod $name {
            #[tokio::test]
            async fn sqlite() {
                super::$name($crate::support::World::sqlite().await).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$name($crate::support::World::postgres().await).await;
            }
        }
    };
}
pub(crate) use on_both;

static COUNTER: AtomicU64 = AtomicU64::new(0);

pub struct World {
    pub services: Services,
    pub clock: Clock,
    pub outside: Outside,
    /// The master keys, as the services see them from now on.
    pub keys: Arc<Keys>,
    pub database_url: String,
    numbers: AtomicU64,
    _directory: Option<TempDir>,
}

impl World {
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", directory.path().join("mixdown.db").display());
        Self::open(url, Some(directory)).await
    }

    #[expect(clippy::disallowed_methods, reason = "where the test server is, only the environment knows")]
    pub async fn postgres() -> Self {
        let server = std::env::var("MIXDOWN_TEST_POSTGRES").expect(
            "MIXDOWN_TEST_POSTGRES is not set: run the tests with `make test`, which starts a PostgreSQL for them",
        );
        let name = format!("domain_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::SeqCst));
        let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
        let statement = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(sqlx::raw_sql(statement)).await.unwrap();
        let mut url: url::Url = server.parse().unwrap();
        url.set_path(&name);
        Self::open(url.into(), None).await
    }

    async fn open(database_url: String, directory: Option<TempDir>) -> Self {
        let outside = Outside::start().await;
        let clock = Clock::fixed(BEGINNING);
        let keys = Keys::new(&[7]);
        let settings = settings(&database_url, &outside, keys.clone());
        let services = Services::open(settings, clock.clone(), Random::System).await.unwrap();
        Self { services, clock, outside, keys, database_url, numbers: AtomicU64::new(1), _directory: directory }
    }

    /// Opens the same database again, with these master keys.
    pub async fn reopen(&self, keys: &[u8]) -> Result<Services, domain::OpenError> {
        let settings = settings(&self.database_url, &self.outside, Keys::new(keys));
        Services::open(settings, self.clock.clone(), Random::System).await
    }

    /// Starts the installation once more beside this one, with other settings.
    pub async fn open_with(&self, change: impl FnOnce(&mut Settings)) -> Result<Services, domain::OpenError> {
        let mut settings = settings(&self.database_url, &self.outside, self.keys.clone());
        change(&mut settings);
        Services::open(settings, self.clock.clone(), Random::System).await
    }

    /// Starts the installation again with other settings.
    pub async fn refit(&mut self, change: impl FnOnce(&mut Settings)) {
        self.services = self.open_with(change).await.unwrap();
    }

    /// Completes the set-up; the owner.
    pub async fn owner(&self) -> Access {
        let token = accounts::setup_token(&self.services).await.unwrap().unwrap();
        let user = accounts::complete_setup(&self.services, &token, EMAIL, PASSWORD, HERE).await.unwrap();
        accounts::access(&self.services, user).await.unwrap()
    }

    pub async fn demo(&self, access: &Access) -> Application {
        applications::list(&self.services, access).await.unwrap().remove(0)
    }

    /// The owner of another org that owns nothing.
    pub async fn stranger(&self) -> Access {
        let (user, org) = (UserId::from_parts(1, [1; 10]), protocol::ids::OrgId::from_parts(1, [1; 10]));
        self.execute(&format!(
            "INSERT INTO orgs (id, name, plan, external_id, created_at) VALUES ('{org}', 'Other', 'pro', 'other', 0);
             INSERT INTO users (id, email, password_hash, created_at) VALUES ('{user}', 'other@example.com', '', 0);
             INSERT INTO members (org_id, user_id, role, created_at) VALUES ('{org}', '{user}', 'owner', 0);"
        ))
        .await
        .unwrap();
        accounts::access(&self.services, user).await.unwrap()
    }

    /// Runs statements past the domain.
    pub async fn execute(&self, statements: &str) -> sqlx::Result<()> {
        let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()));
        if self.database_url.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(&self.database_url).await?;
            statements.execute(&mut connection).await.map(drop)
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.database_url).await?;
            statements.execute(&mut connection).await.map(drop)
        }
    }

    /// Everything the database holds as text, beside `table.column`.
    pub async fn cells(&self) -> Vec<(String, String)> {
        dump::cells(&self.database_url).await
    }

    /// Holds what writers of a table wait for; readers do not.
    pub async fn block_writers(&self, table: &str) -> Blocking {
        Blocking::begin(&self.database_url, table).await
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// A number no other call gets.
    pub fn number(&self) -> u8 {
        u8::try_from(self.numbers.fetch_add(1, Ordering::SeqCst)).unwrap()
    }

    /// A node that opened the link.
    pub async fn node(&self) -> TestNode {
        let id = NodeId::from_parts(1, [self.number(); 10]);
        let node = TestNode { id, boot: BootId::from_parts(1, [1; 10]), events: AtomicU64::new(0) };
        nodes::register(&self.services, node.id, node.boot, "ws://localhost:3001", 0).await.unwrap();
        node
    }

    pub fn start_request(&self, application: &Application, room: &str) -> StartRequest {
        StartRequest {
            request: RequestId::from_parts(1, [self.number(); 10]),
            application: application.id,
            app_key: application.keys[0].id,
            room: RoomName::try_from(room.to_owned()).unwrap(),
            peer: PeerId::from_parts(1, [1; 10]),
        }
    }

    pub async fn start(&self, node: &TestNode, request: &StartRequest) -> Result<RecordingSpec, StartRefusal> {
        recordings::start(&self.services, node.id, request.clone()).await.unwrap()
    }

    /// The owner of a fresh installation, a node, and the recording that has begun there in the room "lobby".
    pub async fn recording(&self) -> (Access, TestNode, RecordingId) {
        let access = self.owner().await;
        let demo = self.demo(&access).await;
        let node = self.node().await;
        let id = self.start(&node, &self.start_request(&demo, "lobby")).await.unwrap().id;
        (access, node, id)
    }

    /// Reports the next event of a node.
    pub async fn event(&self, node: &TestNode, event: Event) {
        let sequence = node.events.fetch_add(1, Ordering::SeqCst) + 1;
        recordings::apply_event(&self.services, node.id, sequence, event).await.unwrap();
    }

    /// Runs and sends whatever is due until nothing but periodic work is left.
    pub async fn run_jobs(&self) {
        for _ in 0..100 {
            let jobs = jobs::run_due(&self.services).await.unwrap();
            if jobs + sending::run_due(&self.services).await.unwrap() == 0 {
                return;
            }
        }
        panic!("jobs keep being due");
    }

    /// An endpoint of an application that this world's outside plays; without events for every one.
    pub async fn webhook(&self, access: &Access, application: ApplicationId, events: &[EventType]) -> EndpointSecret {
        let new = NewEndpoint { events: events.to_vec(), ..NewEndpoint::at(self.outside.hook_url()) };
        endpoints::create(&self.services, access, application, new).await.unwrap()
    }
}

pub struct TestNode {
    pub id: NodeId,
    pub boot: BootId,
    events: AtomicU64,
}

/// An identifier nothing has.
pub fn nothing() -> (RecordingId, AppKeyId) {
    (RecordingId::from_parts(1, [255; 10]), AppKeyId::from_parts(1, [255; 10]))
}

fn settings(url: &str, outside: &Outside, keys: Arc<Keys>) -> Settings {
    Settings {
        database_url: url.to_owned(),
        master_keys: keys,
        node_secret: SecretString::from("node secret"),
        public_url: "http://localhost:3000".parse().unwrap(),
        allow_private: format!("localhost:{}", outside.port()).parse().unwrap(),
        embedded_store: Some(EmbeddedStore {
            endpoint: format!("http://127.0.0.1:{}", outside.port()).parse().unwrap(),
            region: "local".into(),
            bucket: "recordings".into(),
            access_key: "key".into(),
            secret: SecretString::from("secret"),
        }),
        aws: Aws::default(),
        hold_limit: Duration::from_secs(7 * 24 * 3600),
        smtp: None,
    }
}

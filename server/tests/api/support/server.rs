//! A whole control plane in this process, on ports of its own.

use super::{Browser, Database, FakeNode, options, soon};
use domain::{
    Access, Services,
    access::Role,
    accounts,
    applications::{self, Application},
    clock::Clock,
    random::Random,
};
use server::{config::ControlPlaneOptions, control_plane::ControlPlane, start_error::StartError};
use std::{
    net::{IpAddr, Ipv4Addr},
    process::Stdio,
};
use tempfile::TempDir;
use tokio::process::Command;
use url::Url;

pub const EMAIL: &str = "anna@example.com";
pub const PASSWORD: &str = "correct horse battery staple";
pub const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A running control plane with its data.
pub struct TestServer {
    pub plane: ControlPlane,
    /// Stands still until a test moves it; begins at the present, as signed URLs are checked against real time.
    pub clock: Clock,
    pub options: ControlPlaneOptions,
    data: TempDir,
}

impl TestServer {
    pub async fn start(database: Database) -> Self {
        let data = tempfile::tempdir().unwrap();
        let options = options::in_directory(data.path(), database.create().await);
        Self::start_with(options, data).await.unwrap()
    }

    pub async fn start_with(options: ControlPlaneOptions, data: TempDir) -> Result<Self, StartError> {
        let clock = Clock::fixed(Clock::System.unix_ms());
        let plane = ControlPlane::start(&options, clock.clone(), Random::System).await?;
        Ok(Self { plane, clock, options, data })
    }

    /// Stops it and starts it again on the same data.
    pub async fn restart(self) -> Self {
        self.plane.stop().await;
        Self::start_with(self.options, self.data).await.unwrap()
    }

    /// Stops it and gives its data back.
    pub async fn into_stopped(self) -> (ControlPlaneOptions, TempDir) {
        self.plane.stop().await;
        (self.options, self.data)
    }

    pub fn services(&self) -> &Services {
        &self.plane.services
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.plane.address.port())).unwrap()
    }

    pub fn data_dir(&self) -> &std::path::Path {
        self.data.path()
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.url("/"))
    }

    /// Runs a command of the program on the server's data; its exit code and what it printed.
    pub async fn command(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut program = Command::new(env!("CARGO_BIN_EXE_mixdown"));
        program.args(arguments).arg("--data-dir").arg(self.data_dir()).env_remove("RUST_LOG").stdin(Stdio::null());
        if let Some(url) = &self.options.data.database_url {
            program.args(["--database-url", url]);
        }
        let output = soon("the command", program.kill_on_drop(true).output()).await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    /// The token of the set-up link.
    pub async fn set_up_token(&self) -> Option<String> {
        let link = self.plane.set_up_link().await.unwrap()?;
        link.query_pairs().find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
    }

    /// Completes the set-up and signs the owner in, behind the console.
    pub async fn owner(&self) -> Access {
        let token = self.set_up_token().await.expect("there is no owner yet");
        let user = accounts::complete_setup(self.services(), &token, EMAIL, PASSWORD, ADDRESS).await.unwrap();
        let access = accounts::access(self.services(), user).await.unwrap();
        assert_eq!(access.role(), Some(Role::Owner));
        access
    }

    /// The application that setting up makes.
    pub async fn demo(&self, access: &Access) -> Application {
        applications::list(self.services(), access).await.unwrap().remove(0)
    }

    /// A node that is linked and registered.
    pub async fn linked_node(&self) -> FakeNode {
        let mut node = FakeNode::connect(self, FakeNode::identity(1)).await;
        node.hello(0).await;
        self.plane.links.linked().await;
        node
    }
}

pub fn options(data: &TempDir) -> ControlPlaneOptions {
    options::in_directory(data.path(), None)
}

/// Signs in by the form.
pub async fn sign_in(browser: &Browser) {
    let page = browser.submit("/sign-in", "sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.location().as_deref(), Some("/applications"), "{page:?}");
}

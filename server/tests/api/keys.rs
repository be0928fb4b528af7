//! `mixdown keys` beside a server that runs on.

use crate::{
    on_both_databases,
    support::{FakeNode, TestServer, receiver::Receiver, server::sign_in},
};
use domain::{
    clock::Clock,
    secrets::{self, MasterKey},
};
use protocol::{
    link::{Answer, Event, Query},
    recording::FailureCause,
    webhook::EventType,
};
use server::{config::KeyCommand, key_commands, start_error::StartError};
use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};
use zeroize::Zeroizing;

async fn keys(server: &TestServer, command: &str) -> (Option<i32>, String) {
    server.command(&["keys", command]).await
}

/// The same in this process, at the time of this clock.
async fn retire_at(server: &TestServer, clock: Clock) -> Result<String, StartError> {
    let mut out = Vec::new();
    let command = KeyCommand::Retire { data: server.options.data.clone() };
    key_commands::run(&command, clock, &mut out).await.map(|()| String::from_utf8(out).unwrap())
}

fn key_file(server: &TestServer) -> Vec<String> {
    let path = server.data_dir().join("keys/master.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn id(line: &str) -> String {
    let mut bytes = [0; 32];
    hex::decode_to_slice(line, &mut bytes).unwrap();
    MasterKey::new(Zeroizing::new(bytes)).id()
}

on_both_databases! {
    async fn a_rotation_replaces_the_key_of_a_running_server(server) {
        let access = server.owner().await;
        let demo = server.demo(&access).await;
        let mut receiver = Receiver::start().await;
        let told = [EventType::RecordingFailed];
        let secret = receiver.subscribe(server.services(), &access, demo.id, &told).await;
        let mut node = server.linked_node().await;
        let start = FakeNode::start_query(1, demo.id, demo.keys[0].id, "standup");
        let Answer::Recording { spec } = node.ask(start).await else { panic!("a recording expected") };
        let before = key_file(&server);

        let (code, text) = keys(&server, "rotate").await;
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("The rotation is finished"), "{text}");
        let after = key_file(&server);
        assert_eq!((after.len(), &after[1]), (2, &before[0]));
        assert!(after.iter().all(|line| !text.contains(line)), "{text}");
        let (code, listed) = keys(&server, "list").await;
        assert_eq!(code, Some(0), "{listed}");
        assert!(listed.lines().any(|line| line.contains(&id(&after[0])) && line.contains("seals")), "{listed}");
        assert!(listed.lines().any(|line| line.contains(&id(&after[1])) && line.contains("can be retired")), "{listed}");

        // The old key is kept while requests under way may use it, then removed.
        let (code, refused) = keys(&server, "retire").await;
        assert_eq!((code, refused.lines().count()), (Some(2), 1), "{refused}");
        let later = Clock::fixed(Clock::System.unix_ms());
        later.advance(Duration::from_secs(121));
        retire_at(&server, later).await.unwrap();
        assert_eq!(key_file(&server), after[..1]);
        assert!(secrets::uses(server.services().vault()).await.unwrap().iter().all(|key| key.held && key.seals));

        // All the while, the same process: people sign in, the node gets its capture key, and webhooks are signed.
        sign_in(&server.browser()).await;
        let answer = node.ask(Query::ResumeRecording { recording: spec.id }).await;
        assert_eq!(answer, Answer::Recording { spec: spec.clone() });
        let event = Event::RecordingFailed { recording: spec.id, cause: FailureCause::MixFailed, detail: String::new() };
        node.report(1, event).await;
        assert!(receiver.delivery().await.is_signed_with(&secret));
        sign_in(&server.restart().await.browser()).await;
    }

    async fn a_rotation_that_was_cut_off_makes_no_second_key(server) {
        server.linked_node().await;
        // As it is when the command was killed as soon as the new key was in the file.
        let path = server.data_dir().join("keys/master.key");
        let added = format!("{}\n{}\n", "ab".repeat(32), key_file(&server)[0]);
        fs::write(&path, added).unwrap();
        let (code, text) = keys(&server, "rotate").await;
        assert_eq!(code, Some(0), "{text}");
        assert!(text.starts_with("Going on"), "{text}");
        assert_eq!((key_file(&server).len(), id(&key_file(&server)[0])), (2, id(&"ab".repeat(32))));
        assert!(!secrets::is_unfinished(server.services().vault()).await.unwrap());
        let (code, _) = keys(&server, "rotate").await;
        assert_eq!((code, key_file(&server).len()), (Some(0), 3));
    }

    async fn keys_of_another_installation_are_refused_in_one_sentence(server) {
        server.linked_node().await;
        fs::write(server.data_dir().join("keys/master.key"), format!("{}\n", "cd".repeat(32))).unwrap();
        for command in ["list", "rotate", "retire"] {
            let (code, text) = keys(&server, command).await;
            assert_eq!((code, text.lines().count()), (Some(2), 1), "{text}");
            assert!(text.contains("not the key"), "{text}");
        }
        assert_eq!(key_file(&server), ["cd".repeat(32)]);
    }
}

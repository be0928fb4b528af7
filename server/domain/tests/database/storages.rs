use crate::support::{World, on_both, upload};
use domain::{
    Access, audit, mail,
    nodes::{self, Report},
    recordings,
    revision::Expected,
    storage::{self, Health, Standing, Storage, StorageInput, StorageKind},
};
use protocol::{
    link::{Answer, Command, PartRefusal},
    recording::{FailureCause, RecordingState},
    webhook::EventType,
};
use secrecy::SecretString;

const SECRET: &str = "the secret access key";
const DAY: u64 = 24 * 3600;

fn input(world: &World, bucket: &str) -> StorageInput {
    StorageInput {
        endpoint: format!("http://localhost:{}", world.outside.port()),
        bucket: bucket.into(),
        path_style: true,
        access_key_id: "AKIAEXAMPLE".into(),
        secret_access_key: SecretString::from(SECRET.replace(' ', "-")),
        prefix: "calls".into(),
        ..StorageInput::default()
    }
}

async fn primary(world: &World, access: &Access) -> Storage {
    storage::overview(&world.services, access).await.unwrap().storages.remove(0)
}

async fn second(world: &World, access: &Access) -> Storage {
    let made = storage::create(&world.services, access, StorageKind::S3Compatible, &input(world, "second")).await;
    let made = made.unwrap();
    world.run_jobs().await;
    storage::use_as(&world.services, access, made.id, &Expected::Any, Standing::Second).await.unwrap();
    storage::get(&world.services, access, made.id).await.unwrap()
}

on_both! {
    async fn storages_come_into_use_once_they_are_proven(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let first = primary(&world, &access).await;
        world.outside.state(|outside| outside.bucket_closed = true);
        let made = storage::create(services, &access, StorageKind::S3Compatible, &input(&world, "recordings")).await.unwrap();
        world.run_jobs().await;
        assert_eq!((made.standing, &made.health), (Standing::Spare, &Health::Unproven));
        let refused = storage::use_as(services, &access, made.id, &Expected::Any, Standing::Primary).await.unwrap_err();
        assert_eq!(refused.code(), "storage_not_validated");

        world.outside.state(|outside| outside.bucket_closed = false);
        storage::validate(services, &access, made.id).await.unwrap();
        world.run_jobs().await;
        storage::use_as(services, &access, made.id, &Expected::Any, Standing::Primary).await.unwrap();
        let storages = storage::overview(services, &access).await.unwrap().storages;
        assert_eq!(storages.iter().map(|storage| storage.id).collect::<Vec<_>>(), [made.id, first.id]);
        assert_eq!(storages.iter().map(|storage| storage.standing).collect::<Vec<_>>(), [Standing::Primary, Standing::Spare]);

        assert_eq!(storage::remove(services, &access, made.id).await.unwrap_err().code(), "storage_in_use");
        storage::remove(services, &access, first.id).await.unwrap();
        assert_eq!(storage::get(services, &access, first.id).await.unwrap_err().code(), "storage_not_found");
    }
}

on_both! {
    async fn a_change_keeps_the_secret_unless_another_is_given(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let storage = second(&world, &access).await;
        let keep = StorageInput { secret_access_key: SecretString::default(), prefix: "other".into(), ..input(&world, "second") };
        let changed = storage::update(services, &access, storage.id, &keep).await.unwrap();
        assert_eq!((changed.prefix.as_str(), changed.revision), ("other/", 2));
        let other_key = StorageInput { access_key_id: "AKIAOTHER".into(), ..keep };
        assert_eq!(storage::update(services, &access, storage.id, &other_key).await.unwrap_err().code(), "secret_missing");
    }
}

on_both! {
    async fn a_bucket_that_refuses_holds_recordings_and_everyone_hears_of_it(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let events = [EventType::RecordingReady, EventType::StorageDegraded, EventType::StorageRecovered];
        world.webhook(&access, demo.id, &events).await;
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        world.outside.state(|outside| outside.bucket_closed = true);
        let held = Answer::Held { retry_seconds: 30 };
        assert_eq!(recordings::begin_upload(services, node.id, id, None).await.unwrap(), held);

        let Health::Degraded { reason, .. } = world.demo(&access).await.storage_health else { panic!("not degraded") };
        assert!(reason.contains("AccessDenied"), "{reason}");
        assert!(recordings::get(services, &access, id).await.unwrap().held_since.is_some());
        let overview = storage::overview(services, &access).await.unwrap();
        assert_eq!((overview.held.recordings, overview.held.limit_hours), (1, 7 * 24));
        assert!(overview.held.lost_at.unwrap() > overview.held.oldest_at.unwrap());
        let other = world.start(&node, &world.start_request(&demo, "other room")).await;
        assert!(other.is_ok(), "recording goes on: the capture is safe on the node");

        world.run_jobs().await;
        let subjects = |mails: Vec<mail::Mail>| mails.into_iter().map(|mail| mail.subject).collect::<Vec<_>>();
        let mails = subjects(mail::list(services, &access).await.unwrap());
        assert_eq!(mails, ["Storage Embedded store does not work: recordings are held"]);

        world.outside.state(|outside| outside.bucket_closed = false);
        world.advance(900);
        world.run_jobs().await;
        assert_eq!(world.demo(&access).await.storage_health, Health::Working);
        world.advance(1);
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((ready.state, ready.held_since), (RecordingState::Ready, None));
        let mails = subjects(mail::list(services, &access).await.unwrap());
        assert_eq!(mails[1], "Storage Embedded store works again");
        let events: Vec<String> = world.outside.state(|outside| {
            outside.hooks.iter().map(|hook| serde_json::from_slice::<serde_json::Value>(&hook.body).unwrap()["type"].as_str().unwrap().to_owned()).collect()
        });
        assert_eq!(events, ["storage.degraded", "storage.recovered", "recording.ready"]);
        let actions: Vec<String> = audit::list(services, &access).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert!(actions.contains(&"storage.degraded".to_owned()) && actions.contains(&"storage.recovered".to_owned()));
    }
}

on_both! {
    async fn a_bucket_that_is_silent_for_a_moment_is_not_called_degraded(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        let begin = async |refusal: Option<PartRefusal>| recordings::begin_upload(services, node.id, id, refusal.as_ref()).await.unwrap();
        let silent = PartRefusal { status: None, detail: "connection reset".into() };
        assert!(matches!(begin(Some(silent.clone())).await, Answer::Upload { .. }));
        assert_eq!(primary(&world, &access).await.health, Health::Working);
        assert!(recordings::get(services, &access, id).await.unwrap().held_since.is_some());
        world.advance(301);
        assert!(matches!(begin(Some(silent)).await, Answer::Held { .. }), "that it lets uploads begin proves nothing");
        assert!(matches!(primary(&world, &access).await.health, Health::Degraded { .. }));
    }
}

on_both! {
    async fn a_bucket_that_passes_validations_but_takes_no_recording_is_not_believed_for_ever(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        let forbidden = PartRefusal { status: Some(403), detail: "AccessDenied".into() };
        for _ in 0..200 {
            let refusal = matches!(primary(&world, &access).await.health, Health::Working).then_some(&forbidden);
            recordings::begin_upload(services, node.id, id, refusal).await.unwrap();
            world.run_jobs().await;
            world.advance(300);
        }
        let mails = mail::list(services, &access).await.unwrap();
        assert!(mails.len() < 20, "{} mails in 17 hours", mails.len());
        world.advance(7 * DAY);
        nodes::report(services, node.id, Report { rooms: 0, peers: 0, recordings: vec![id], leaving: false }).await.unwrap();
        world.run_jobs().await;
        let failed = recordings::get(services, &access, id).await.unwrap();
        assert_eq!(failed.failure_cause, Some(FailureCause::StorageUnavailable), "counted from the first refusal");
    }
}

on_both! {
    async fn what_is_on_its_way_follows_a_changed_prefix(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let node = world.node().await;
        let storage = second(&world, &access).await;
        storage::use_as(services, &access, storage.id, &Expected::Any, Standing::Primary).await.unwrap();
        let demo = world.demo(&access).await;
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        let moved = StorageInput { secret_access_key: SecretString::default(), prefix: "other".into(), ..input(&world, "second") };
        storage::update(services, &access, storage.id, &moved).await.unwrap();
        world.run_jobs().await;
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!(ready.state, RecordingState::Ready);
        assert!(ready.object_key.starts_with("other/app_"), "{}", ready.object_key);
    }
}

on_both! {
    async fn a_removed_storage_is_opened_for_nothing(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let node = world.node().await;
        let demo = world.demo(&access).await;
        let first = primary(&world, &access).await;
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        recordings::playback_url(services, &access, id).await.unwrap();
        let storage = second(&world, &access).await;
        storage::use_as(services, &access, storage.id, &Expected::Any, Standing::Primary).await.unwrap();
        storage::remove(services, &access, first.id).await.unwrap();
        assert_eq!(recordings::playback_url(services, &access, id).await.unwrap_err().code(), "storage_removed");
    }
}

on_both! {
    async fn the_second_storage_takes_what_the_first_does_not(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let storage = second(&world, &access).await;
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        world.outside.state(|outside| outside.bucket_closed = true);
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((ready.state, ready.bucket.as_str()), (RecordingState::Ready, storage.bucket.as_str()));
        assert!(ready.object_key.starts_with("calls/app_"), "{}", ready.object_key);
        assert!(world.outside.state(|outside| outside.objects.contains_key(&format!("second/{}", ready.object_key))));
    }
}

on_both! {
    async fn what_is_held_follows_its_application_to_a_new_storage(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        world.outside.state(|outside| outside.bucket_closed = true);
        let answer = recordings::begin_upload(services, node.id, id, None).await.unwrap();
        assert!(matches!(answer, Answer::Held { .. }), "{answer:?}");
        let storage = second(&world, &access).await;
        storage::use_as(services, &access, storage.id, &Expected::Any, Standing::Primary).await.unwrap();
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((ready.state, ready.bucket.as_str()), (RecordingState::Ready, "second"));
    }
}

on_both! {
    async fn what_was_uploaded_before_the_bucket_failed_goes_to_the_second_storage(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        second(&world, &access).await;
        let id = world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap().id;
        upload(&world, &node, id, 16).await;
        world.outside.state(|outside| outside.bucket_closed = true);
        world.run_jobs().await;
        world.advance(30);
        world.run_jobs().await;
        let commands = nodes::commands_after(services, node.id, 0).await.unwrap();
        assert_eq!(commands.last().unwrap().1, Command::UploadAgain { recording: id });
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((ready.state, ready.bucket.as_str()), (RecordingState::Ready, "second"));
    }
}

on_both! {
    async fn an_upload_that_the_bucket_lost_is_asked_for_again(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        upload(&world, &node, id, 16).await;
        world.outside.state(|outside| outside.uploads.clear());
        world.run_jobs().await;
        assert_eq!(recordings::get(services, &access, id).await.unwrap().state, RecordingState::Mixing);
        assert_eq!(primary(&world, &access).await.health, Health::Working, "the bucket's rules are not its failure");
        upload(&world, &node, id, 16).await;
        world.run_jobs().await;
        assert_eq!(recordings::get(services, &access, id).await.unwrap().state, RecordingState::Ready);
    }
}

on_both! {
    async fn a_recording_is_not_held_for_ever(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        world.outside.state(|outside| outside.bucket_closed = true);
        recordings::begin_upload(services, node.id, id, None).await.unwrap();
        for _ in 0..6 {
            world.advance(DAY);
            nodes::report(services, node.id, Report { rooms: 0, peers: 0, recordings: vec![id], leaving: false }).await.unwrap();
            world.run_jobs().await;
        }
        assert!(!recordings::get(services, &access, id).await.unwrap().state.is_final());
        world.advance(DAY + 1);
        nodes::report(services, node.id, Report { rooms: 0, peers: 0, recordings: vec![id], leaving: false }).await.unwrap();
        world.run_jobs().await;
        let failed = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((failed.state, failed.failure_cause), (RecordingState::Failed, Some(FailureCause::StorageUnavailable)));
    }
}

on_both! {
    async fn the_secret_of_a_storage_is_stored_sealed_and_never_shown(world: World) {
        let access = world.owner().await;
        let storage = second(&world, &access).await;
        let secret = SECRET.replace(' ', "-");
        assert!(!format!("{storage:?}").contains(&secret));
        let sealed = async || world.cells().await.into_iter().filter(|(place, _)| place == "storages.secret").count();
        assert_eq!(sealed().await, 1);
        assert!(world.cells().await.iter().all(|(_, cell)| !cell.contains(&secret)));
        storage::use_as(&world.services, &access, storage.id, &Expected::Any, Standing::Spare).await.unwrap();
        storage::remove(&world.services, &access, storage.id).await.unwrap();
        assert_eq!(sealed().await, 0);
    }
}

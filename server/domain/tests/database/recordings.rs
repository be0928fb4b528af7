use crate::support::{TestNode, World, on_both, upload};
use domain::{Access, applications, jobs, mail, nodes, recordings};
use protocol::{
    ids::{NodeId, RecordingId},
    link::{Answer, Command, Event},
    recording::{FailureCause, RecordingState, StartRefusal, StopCause},
};

async fn state(world: &World, access: &Access, id: RecordingId) -> RecordingState {
    recordings::get(&world.services, access, id).await.unwrap().state
}

async fn last_command(world: &World, node: &TestNode) -> Command {
    nodes::commands_after(&world.services, node.id, 0).await.unwrap().pop().unwrap().1
}

on_both! {
    async fn from_start_to_ready(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let id = world.start(&node, &world.start_request(&demo, "Team call")).await.unwrap().id;
        assert_eq!(state(&world, &access, id).await, RecordingState::Requested);
        assert_eq!(recordings::playback_url(services, &access, id).await.unwrap_err().code(), "recording_not_ready");
        world.event(&node, Event::RecordingStarted { recording: id, at: 1000 }).await;
        world.event(&node, Event::RecordingStopped { recording: id, at: 62_000, cause: StopCause::PeerRequest }).await;
        world.event(&node, Event::RecordingMixing { recording: id }).await;
        assert!(recordings::resume(services, node.id, id).await.unwrap().is_some());
        upload(&world, &node, id, 16).await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Uploading);
        world.run_jobs().await;

        let ready = recordings::get(services, &access, id).await.unwrap();
        assert_eq!((ready.state, ready.bytes, ready.duration_ms), (RecordingState::Ready, Some(16), Some(61_000)));
        assert_eq!(ready.object_key, format!("{}/team-call/2026-11-21/{id}.mp4", demo.id));
        assert_eq!(world.outside.state(|outside| outside.objects[&ready.object_key].clone()), b"first partsecond");
        assert!(recordings::resume(services, node.id, id).await.unwrap().is_none());
        assert_eq!(recordings::begin_upload(services, node.id, id, None).await.unwrap(), Answer::Gone);

        let commands = nodes::commands_after(services, node.id, 0).await.unwrap();
        let [(1, Command::RecordingReady { recording, .. })] = commands.as_slice() else { panic!("{commands:?}") };
        assert_eq!(*recording, id);
        let mails = mail::list(services, &access).await.unwrap();
        assert_eq!((mails.len(), mails[0].subject.as_str()), (1, "Recording of Team call is ready"));
        assert!(mails[0].sent_at.is_some() && mails[0].text.contains("1:01") && mails[0].html.contains("Team call"));
        let download = recordings::download_url(services, &access, id).await.unwrap();
        assert!(download.as_str().contains("team-call-1970-01-01-000001.mp4"), "{download}");
        let list = recordings::list(services, &access, demo.id, None).await.unwrap();
        assert_eq!((list.items.len(), list.next), (1, None));
    }
}

on_both! {
    async fn one_recording_at_a_time_but_the_next_may_start_while_mixing(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let request = world.start_request(&demo, "lobby");
        let first = world.start(&node, &request).await.unwrap();
        assert_eq!(world.start(&node, &request).await.unwrap(), first, "the same request gets the same recording");
        let next = world.start_request(&demo, "lobby");
        assert_eq!(world.start(&node, &next).await, Err(StartRefusal::AlreadyRecording));
        world.start(&node, &world.start_request(&demo, "other")).await.unwrap();
        world.event(&node, Event::RecordingStopped { recording: first.id, at: 1, cause: StopCause::RoomEmpty }).await;
        let second = world.start(&node, &next).await.unwrap();
        assert_ne!(second.id, first.id);
        assert_ne!(second.capture_key, first.capture_key);
        let foreign = recordings::resume(&world.services, NodeId::from_parts(9, [9; 10]), first.id).await.unwrap();
        assert_eq!(foreign, None);
    }
}

on_both! {
    async fn starts_at_the_same_time_make_one_recording(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let requests: Vec<_> = (0..4).map(|_| world.start_request(&demo, "lobby")).collect();
        let start = |index: usize| recordings::start(&world.services, node.id, requests[index].clone());
        let (a, b, c, d) = tokio::join!(start(0), start(1), start(2), start(3));
        let answers = [a, b, c, d].map(Result::unwrap);
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).all(|refusal| *refusal == StartRefusal::AlreadyRecording));
    }
}

on_both! {
    async fn each_missing_condition_refuses_the_start(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        let start = async || world.start(&node, &world.start_request(&demo, "lobby")).await.unwrap_err();
        applications::set_recording(services, &access, demo.id, false).await.unwrap();
        assert_eq!(start().await, StartRefusal::RecordingOff);
        applications::set_relay(services, &access, demo.id, false).await.unwrap();
        assert_eq!(start().await, StartRefusal::RelayRequired);
        applications::set_relay(services, &access, demo.id, true).await.unwrap();
        applications::set_recording(services, &access, demo.id, true).await.unwrap();
        world.execute("UPDATE storages SET validated_at = NULL").await.unwrap();
        assert_eq!(start().await, StartRefusal::StorageNotValidated);
        world.execute("UPDATE orgs SET plan = 'free'").await.unwrap();
        assert_eq!(start().await, StartRefusal::PlanRequired);
        applications::revoke_key(services, &access, demo.id, demo.keys[0].id).await.unwrap();
        assert_eq!(start().await, StartRefusal::ApplicationGone);
    }
}

on_both! {
    async fn an_object_that_does_not_verify_is_made_again_but_not_for_ever(world: World) {
        let (access, node, id) = world.recording().await;
        for round in 1..=4 {
            upload(&world, &node, id, 17).await;
            world.run_jobs().await;
            assert_eq!(state(&world, &access, id).await, RecordingState::Uploading, "a store may lag behind itself");
            world.advance(5);
            world.run_jobs().await;
            if round < 4 {
                assert_eq!(state(&world, &access, id).await, RecordingState::Mixing, "the node still has the capture");
                assert_eq!(last_command(&world, &node).await, Command::UploadAgain { recording: id });
            }
        }
        let failed = recordings::get(&world.services, &access, id).await.unwrap();
        assert_eq!((failed.state, failed.failure_cause), (RecordingState::Failed, Some(FailureCause::UploadFailed)));
        let failure = Command::RecordingFailed { recording: id, cause: FailureCause::UploadFailed };
        assert_eq!(last_command(&world, &node).await, failure);
        assert!(mail::list(&world.services, &access).await.unwrap()[0].subject.ends_with("failed"));
        assert!(world.outside.state(|outside| outside.uploads.is_empty()));
    }
}

on_both! {
    async fn a_bucket_that_is_away_for_a_while_costs_nothing(world: World) {
        let (access, node, id) = world.recording().await;
        upload(&world, &node, id, 16).await;
        world.outside.state(|outside| outside.bucket_closed = true);
        for _ in 0..5 {
            world.run_jobs().await;
            world.advance(600);
        }
        assert_eq!(state(&world, &access, id).await, RecordingState::Uploading);
        world.outside.state(|outside| outside.bucket_closed = false);
        world.advance(3600);
        world.run_jobs().await;
        world.advance(30);
        world.run_jobs().await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Ready);
    }
}

on_both! {
    async fn a_worker_that_died_is_replaced_and_a_late_one_changes_nothing(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        upload(&world, &node, id, 16).await;
        let late = jobs::claim(services, jobs::Lane::Internal, 10, &[]).await.unwrap();
        assert!(jobs::claim(services, jobs::Lane::Internal, 10, &[]).await.unwrap().is_empty());
        world.advance(181);
        world.run_jobs().await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Ready);
        for job in late {
            jobs::run(services, job).await;
        }
        assert_eq!(mail::list(services, &access).await.unwrap().len(), 1);
        assert_eq!(nodes::commands_after(services, node.id, 0).await.unwrap().len(), 1);
    }
}

on_both! {
    async fn beginning_an_upload_again_gives_the_earlier_one_up(world: World) {
        let (access, node, id) = world.recording().await;
        let first = recordings::begin_upload(&world.services, node.id, id, None).await.unwrap();
        let Answer::Upload { upload: first, .. } = first else { panic!("{first:?}") };
        upload(&world, &node, id, 16).await;
        let stale = recordings::sign_parts(&world.services, node.id, id, &first, &[1]).await.unwrap();
        assert_eq!(stale, Answer::Unavailable);
        world.run_jobs().await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Ready);
        assert!(world.outside.state(|outside| !outside.uploads.contains_key(&first)), "it cost the customer space");
    }
}

on_both! {
    async fn the_reconciler_ends_what_nobody_works_on(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let demo = world.demo(&access).await;
        let (present, absent) = (world.node().await, world.node().await);
        let kept = world.start(&present, &world.start_request(&demo, "kept")).await.unwrap().id;
        let lost = world.start(&present, &world.start_request(&demo, "lost")).await.unwrap().id;
        let away = world.start(&absent, &world.start_request(&demo, "away")).await.unwrap().id;
        let report = || nodes::Report { rooms: 1, peers: 1, recordings: vec![kept], leaving: false };
        for _ in 0..4 {
            world.advance(15);
            nodes::report(services, present.id, report()).await.unwrap();
            world.run_jobs().await;
            assert_eq!(state(&world, &access, lost).await, RecordingState::Requested);
        }
        world.advance(15);
        nodes::report(services, present.id, report()).await.unwrap();
        world.run_jobs().await;
        let failed = recordings::get(services, &access, lost).await.unwrap();
        assert_eq!(failed.failure_cause, Some(FailureCause::CaptureLost));
        assert_eq!(state(&world, &access, away).await, RecordingState::Requested);

        world.advance(24 * 3600);
        nodes::report(services, present.id, report()).await.unwrap();
        world.run_jobs().await;
        let failed = recordings::get(services, &access, away).await.unwrap();
        assert_eq!(failed.failure_cause, Some(FailureCause::NodeLost));
        assert_eq!(state(&world, &access, kept).await, RecordingState::Requested);
        world.event(&absent, Event::RecordingMixing { recording: away }).await;
        assert_eq!(state(&world, &access, away).await, RecordingState::Failed);
    }
}

on_both! {
    async fn a_node_that_comes_back_gets_time_to_find_its_captures(world: World) {
        let (access, node, id) = world.recording().await;
        let services = &world.services;
        world.advance(3600);
        nodes::register(services, node.id, node.boot, "ws://localhost:3001", 0).await.unwrap();
        world.run_jobs().await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Requested);
        nodes::report(services, node.id, nodes::Report { rooms: 0, peers: 0, recordings: vec![id], leaving: false }).await.unwrap();
        world.advance(61);
        nodes::report(services, node.id, nodes::Report { rooms: 0, peers: 0, recordings: vec![id], leaving: false }).await.unwrap();
        world.run_jobs().await;
        assert_eq!(state(&world, &access, id).await, RecordingState::Requested);
    }
}

on_both! {
    async fn lists_come_in_pages(world: World) {
        let access = world.owner().await;
        let demo = world.demo(&access).await;
        let node = world.node().await;
        for number in 0..60 {
            world.clock.advance(std::time::Duration::from_millis(1));
            world.start(&node, &world.start_request(&demo, &format!("room {number}"))).await.unwrap();
        }
        let first = recordings::list(&world.services, &access, demo.id, None).await.unwrap();
        let cursor = first.next.unwrap().to_string().parse().unwrap();
        let second = recordings::list(&world.services, &access, demo.id, Some(cursor)).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), second.next), (50, 10, None));
        let rooms: Vec<_> = first.items.iter().chain(&second.items).map(|recording| recording.room.to_string()).collect();
        assert_eq!(rooms, (0..60).rev().map(|number| format!("room {number}")).collect::<Vec<_>>());
    }
}

//! Mails as they reach a mail server, or do not.

mod addresses;
mod server;

use crate::support::{EMAIL, HERE, TestNode, World, on_both};
use domain::{
    Access, OpenError, accounts, mail,
    mail::{Mail, Route},
    settings::{SmtpSecurity, SmtpSettings},
};
use protocol::{ids::RecordingId, link::Event, recording::FailureCause};
use secrecy::SecretString;
use server::{Arrived, Counts, MailServer};
use std::time::Duration;
use tokio::net::TcpListener;

/// The owner of an installation with this mail server. It has been told to confirm the address, and that arrived.
async fn owner_with(world: &mut World, server: &MailServer) -> Access {
    world.refit(|settings| settings.smtp = Some(server.settings())).await;
    let owner = world.owner().await;
    world.run_jobs().await;
    owner
}

/// A recording in a room of this name that fails: the cheapest reason for a mail.
async fn fail_recording(world: &World, owner: &Access, room: &str) -> (TestNode, RecordingId) {
    world.advance(1);
    let node = world.node().await;
    let demo = world.demo(owner).await;
    let recording = world.start(&node, &world.start_request(&demo, room)).await.unwrap().id;
    let detail = String::new();
    world.event(&node, Event::RecordingFailed { recording, cause: FailureCause::MixFailed, detail }).await;
    (node, recording)
}

async fn latest(world: &World, owner: &Access) -> Mail {
    mail::list(&world.services, owner).await.unwrap().remove(0)
}

async fn change_settings(world: &mut World, server: &MailServer, change: impl FnOnce(&mut SmtpSettings)) {
    let mut smtp = server.settings();
    change(&mut smtp);
    world.refit(|settings| settings.smtp = Some(smtp)).await;
}

on_both! {
    async fn a_mail_arrives_as_it_was_written(world: World) {
        let mut world = world;
        let server = MailServer::with_login();
        let owner = owner_with(&mut world, &server).await;
        fail_recording(&world, &owner, "Küche <b>1</b>").await;
        world.run_jobs().await;

        let [first, second]: [Arrived; 2] = server.mails().try_into().unwrap();
        assert_eq!(first.header("subject"), "Confirm your address");
        assert_eq!((second.from.as_str(), &second.to[..]), ("mixdown@example.com", &[EMAIL.to_owned()][..]));
        assert!(second.login && !second.secure);
        assert_eq!(second.header("from"), "Mixdown <mixdown@example.com>");
        assert_eq!((second.header("to"), second.header("auto-submitted")), (EMAIL, "auto-generated"));
        assert_eq!(second.header("subject"), "Recording of Küche <b>1</b> failed");
        assert_eq!(second.header("date"), "Sat, 21 Nov 2026 09:00:01 +0000");
        let stored = latest(&world, &owner).await;
        assert_eq!(second.header("message-id"), format!("<{}@example.com>", stored.id));
        assert!(second.text.contains("Küche <b>1</b>") && second.text.replace("\r\n", "\n") == stored.text);
        assert!(second.html.contains("Küche &#60;b&#62;1") && !second.html.contains("<b>1</b>"), "{}", second.html);
        assert_eq!((stored.sent_at, stored.problem.as_deref()), (Some(world.clock.now()), None));
        assert_eq!(mail::route(&world.services), Route::MailServer { trouble: None });
        assert_eq!(server.counts(), Counts { greetings: 1, logins: 1 }, "the connection was used again");
    }
}

on_both! {
    async fn tls_is_checked_against_the_authority(world: World) {
        let mut world = world;
        for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
            let server = MailServer::secure(security);
            change_settings(&mut world, &server, |smtp| smtp.authorities = None).await;
            let owner = match accounts::setup_token(&world.services).await.unwrap() {
                Some(_) => world.owner().await,
                None => continue_as_owner(&world).await,
            };
            fail_recording(&world, &owner, "room").await;
            world.run_jobs().await;
            let problem = latest(&world, &owner).await.problem.unwrap();
            assert!(problem.contains("not secure"), "{problem}");
            assert!(matches!(mail::route(&world.services), Route::MailServer { trouble: Some(_) }));

            world.refit(|settings| settings.smtp = Some(server.settings())).await;
            world.advance(600);
            world.run_jobs().await;
            let arrived = server.mails();
            assert!(!arrived.is_empty() && arrived.iter().all(|mail| mail.secure && mail.login), "{arrived:?}");
        }
    }
}

async fn continue_as_owner(world: &World) -> Access {
    let user = accounts::sign_in(&world.services, EMAIL, crate::support::PASSWORD, HERE).await.unwrap();
    accounts::access(&world.services, user).await.unwrap()
}

on_both! {
    async fn nothing_is_sent_in_the_clear_instead(world: World) {
        let mut world = world;
        let server = MailServer::with_login();
        change_settings(&mut world, &server, |smtp| smtp.security = SmtpSecurity::StartTls).await;
        let owner = world.owner().await;
        fail_recording(&world, &owner, "room").await;
        world.run_jobs().await;
        let problem = latest(&world, &owner).await.problem.unwrap();
        assert!(problem.contains("STARTTLS"), "{problem}");
        assert_eq!((server.counts().logins, server.mails().len()), (0, 0));
    }
}

on_both! {
    async fn a_refused_login_is_shown_and_not_tried_in_a_storm(world: World) {
        let mut world = world;
        let server = MailServer::with_login();
        server.set_password("another password");
        let owner = owner_with(&mut world, &server).await;
        for room in ["one", "two", "three"] {
            fail_recording(&world, &owner, room).await;
        }
        world.run_jobs().await;
        assert_eq!(server.counts().logins, 1, "one try for all of them");
        let waiting = latest(&world, &owner).await;
        let problem = waiting.problem.unwrap();
        assert!(problem.contains("refuses the login: 535"), "{problem}");
        assert!(waiting.failed_at.is_none() && waiting.next_at.is_some());
        assert_eq!(mail::route(&world.services), Route::MailServer { trouble: Some(problem) });

        world.advance(600);
        world.run_jobs().await;
        assert_eq!(server.counts().logins, 2);
        server.set_password(server::PASSWORD);
        world.advance(600);
        world.run_jobs().await;
        world.advance(600);
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 4);
        assert_eq!(mail::route(&world.services), Route::MailServer { trouble: None });
        assert!(latest(&world, &owner).await.problem.is_none());
    }
}

on_both! {
    async fn what_the_server_defers_is_tried_again(world: World) {
        let mut world = world;
        let server = MailServer::plain();
        let owner = owner_with(&mut world, &server).await;
        server.refuse(&["451 4.7.1 Greylisted, come back later"]);
        fail_recording(&world, &owner, "room").await;
        world.run_jobs().await;
        let waiting = latest(&world, &owner).await;
        assert!(waiting.problem.as_ref().unwrap().contains("451 4.7.1 Greylisted"), "{waiting:?}");
        let next = waiting.next_at.unwrap() - world.clock.now();
        assert!(next.num_seconds() >= 60, "{next}");
        assert_eq!(mail::route(&world.services), Route::MailServer { trouble: None }, "that was about one mail");
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 1, "not before its time");
        world.advance(70);
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 2);
        let sent = latest(&world, &owner).await;
        assert_eq!((sent.sent_at, sent.problem, sent.next_at), (Some(world.clock.now()), None, None));
    }
}

on_both! {
    async fn what_the_server_refuses_stays_with_its_answer(world: World) {
        let mut world = world;
        let server = MailServer::plain();
        let owner = owner_with(&mut world, &server).await;
        server.refuse(&["550 5.1.1 No such user"]);
        fail_recording(&world, &owner, "room").await;
        world.run_jobs().await;
        let failed = latest(&world, &owner).await;
        assert_eq!((failed.sent_at, failed.failed_at), (None, Some(world.clock.now())));
        assert!(failed.problem.unwrap().contains("550 5.1.1 No such user"));
        world.advance(100_000);
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 1, "it is not tried again");

        mail::send_again(&world.services, &owner, failed.id).await.unwrap();
        world.run_jobs().await;
        let sent = latest(&world, &owner).await;
        assert_eq!((sent.id, sent.sent_at, sent.problem), (failed.id, Some(world.clock.now()), None));
        assert_eq!(server.mails().len(), 2, "unless somebody wants it");
        let twice = mail::send_again(&world.services, &owner, failed.id).await;
        assert_eq!(twice.unwrap_err().code(), "mail_not_failed");
    }
}

on_both! {
    async fn a_server_that_is_away_is_asked_again_for_three_days(world: World) {
        let mut world = world;
        let server = MailServer::plain();
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
        change_settings(&mut world, &server, |smtp| smtp.port = away).await;
        let owner = world.owner().await;
        fail_recording(&world, &owner, "one").await;
        world.run_jobs().await;
        let problem = latest(&world, &owner).await.problem.unwrap();
        assert!(problem.contains("cannot be reached"), "{problem}");

        // The operator starts it again elsewhere.
        world.refit(|settings| settings.smtp = Some(server.settings())).await;
        world.advance(70);
        world.run_jobs().await;
        assert_eq!(server.mails().len(), 2);

        change_settings(&mut world, &server, |smtp| smtp.port = away).await;
        fail_recording(&world, &owner, "two").await;
        for _ in 0..40 {
            world.run_jobs().await;
            world.advance(3 * 3600 + 1100);
        }
        let failed = latest(&world, &owner).await;
        assert!(failed.failed_at.unwrap() - failed.created_at >= chrono::TimeDelta::hours(72), "{failed:?}");
        assert!(failed.next_at.is_none());
    }
}

on_both! {
    async fn a_server_that_says_nothing_does_not_hold_us_up(world: World) {
        let mut world = world;
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = MailServer::plain();
        let port = silent.local_addr().unwrap().port();
        change_settings(&mut world, &server, |smtp| {
            smtp.port = port;
            smtp.time_limit = Duration::from_millis(50);
        })
        .await;
        let owner = world.owner().await;
        world.run_jobs().await;
        let waiting = latest(&world, &owner).await;
        assert!(waiting.problem.unwrap().contains("did not answer in time") && waiting.next_at.is_some());
    }
}

on_both! {
    async fn links_for_one_reader_are_nobody_elses(world: World) {
        let mut world = world;
        let owner = world.owner().await;
        accounts::request_reset(&world.services, EMAIL, HERE).await.unwrap();
        world.run_jobs().await;
        let shown = latest(&world, &owner).await;
        let token = shown.text.split("token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        assert!(shown.html.contains(&token));
        world.advance(1);
        for (column, cell) in world.cells().await {
            assert!(!cell.contains(&token), "{column} holds the token");
        }
        let invited = accounts::invite(&world.services, &owner, "ben@example.com", domain::Role::Admin).await.unwrap();
        let link = crate::team::token(&world, &owner).await;
        let ben = accounts::accept_invitation(&world.services, &link, "zebra-lamp-41", HERE).await.unwrap();
        let ben = accounts::access(&world.services, ben).await.unwrap();
        assert_eq!(invited.email, ben.name());
        let mails = mail::list(&world.services, &ben).await.unwrap();
        assert!(mails.iter().all(|mail| mail.withheld && mail.text.is_empty() && mail.html.is_empty()), "{mails:?}");

        // With a mail server they are not even the owner's, and gone once they were sent.
        let server = MailServer::plain();
        world.refit(|settings| settings.smtp = Some(server.settings())).await;
        world.advance(1);
        accounts::request_reset(&world.services, EMAIL, HERE).await.unwrap();
        world.run_jobs().await;
        assert!(server.mails()[0].text.contains("/reset-password?token="));
        assert!(latest(&world, &owner).await.withheld);
        world.advance(8 * 24 * 3600);
        world.run_jobs().await;
        assert!(world.cells().await.iter().all(|(column, _)| column != "mails.sealed_body"));
    }
}

on_both! {
    async fn settings_that_cannot_work_are_refused_at_the_start(world: World) {
        let server = MailServer::plain();
        let refused = async |change: &dyn Fn(&mut SmtpSettings)| {
            let mut smtp = server.settings();
            change(&mut smtp);
            match world.open_with(|settings| settings.smtp = Some(smtp)).await {
                Err(OpenError::Mailer(error)) => error.to_string(),
                other => panic!("{other:?}"),
            }
        };
        assert!(refused(&|smtp| smtp.from = "nobody".into()).await.contains("sender"));
        let no_certificate = |smtp: &mut SmtpSettings| {
            smtp.security = SmtpSecurity::Tls;
            smtp.authorities = Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".into());
        };
        assert!(refused(&no_certificate).await.contains("certificates"));
    }
}

on_both! {
    async fn the_password_of_the_server_is_shown_nowhere(world: World) {
        let mut smtp = MailServer::with_login().settings();
        smtp.login = Some(("mixdown".into(), SecretString::from("hunter2-of-the-server")));
        assert!(!format!("{smtp:?}").contains("hunter2"));
        let services = world.open_with(|settings| settings.smtp = Some(smtp)).await.unwrap();
        assert!(!format!("{services:?}").contains("hunter2"));
    }
}

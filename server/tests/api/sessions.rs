//! Console sessions: their cookie, their end.

use crate::{
    on_both_databases,
    support::{Browser, server::sign_in},
};
use http::StatusCode;
use std::time::Duration;

const COOKIE: &str = "__Host-mixdown";

async fn is_signed_in(browser: &Browser) -> bool {
    let page = browser.visit("/applications").await;
    page.text.contains("Demo")
}

on_both_databases! {
    async fn the_cookie_is_for_this_host_and_no_script(server) {
        server.owner().await;
        let browser = server.browser();
        let page = browser.submit("/sign-in", "sign-in", &[
            ("email", crate::support::server::EMAIL), ("password", crate::support::server::PASSWORD),
        ]).await;
        assert_eq!(page.location().as_deref(), Some("/applications"), "{page:?}");
        let cookie = page.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap())
            .find(|line| line.starts_with(COOKIE)).expect("a session cookie");
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
        assert!(is_signed_in(&browser).await);
    }

    async fn signing_in_changes_the_identifier_and_signing_out_ends_it(server) {
        server.owner().await;
        let browser = server.browser();
        sign_in(&browser).await;
        let first = browser.cookie(COOKIE).unwrap();
        sign_in(&browser).await;
        let second = browser.cookie(COOKIE).unwrap();
        assert_ne!(first, second);
        let page = browser.submit("/applications", "sign-out", &[]).await;
        assert_eq!(page.status, StatusCode::FOUND);
        for stolen in [first, second] {
            let thief = server.browser();
            thief.set_cookie(COOKIE, &stolen);
            assert!(!is_signed_in(&thief).await);
        }
    }

    async fn a_session_ends_when_idle_and_in_any_case_after_a_day_of_work(server) {
        server.owner().await;
        let idle = server.browser();
        sign_in(&idle).await;
        server.clock.advance(Duration::from_secs(29 * 60));
        assert!(is_signed_in(&idle).await);
        server.clock.advance(Duration::from_secs(31 * 60));
        assert!(!is_signed_in(&idle).await);

        let busy = server.browser();
        sign_in(&busy).await;
        for _ in 0..35 {
            server.clock.advance(Duration::from_secs(20 * 60));
            assert!(is_signed_in(&busy).await);
        }
        server.clock.advance(Duration::from_secs(21 * 60));
        assert!(!is_signed_in(&busy).await);
    }

    async fn a_session_survives_a_restart(server) {
        server.owner().await;
        let before = server.browser();
        sign_in(&before).await;
        let cookie = before.cookie(COOKIE).unwrap();
        let server = server.restart().await;
        let after = server.browser();
        after.set_cookie(COOKIE, &cookie);
        assert!(is_signed_in(&after).await);
    }
}

use crate::support::{HERE, World, on_both};
use domain::{
    Access,
    api_keys::{self, AllowedNetworks, NewApiKey, Scope},
    applications,
    error::Kind,
    idempotency::{self, Begun, Request},
    jobs,
};
use protocol::names::DisplayName;
use secrecy::ExposeSecret as _;

const REQUEST: Request<'static> = Request { key: "5c6b", operation: "POST /applications", content: b"Shop" };
/// Longer than any work takes.
const CUT_OFF: u64 = 60;

fn name(name: &str) -> DisplayName {
    DisplayName::try_from(name.to_owned()).unwrap()
}

async fn program(world: &World, owner: &Access) -> Access {
    let new = NewApiKey {
        name: name("Backend"),
        scopes: Scope::ALL.into_iter().collect(),
        application: None,
        allowed_networks: AllowedNetworks::default(),
        expires_at: None,
    };
    let token = api_keys::create(&world.services, owner, new).await.unwrap().token;
    api_keys::authenticate(&world.services, token.expose_secret(), HERE).await.unwrap()
}

/// Claims the request; who does the work.
async fn claim(world: &World, access: &Access) -> Access {
    match idempotency::begin(&world.services, access, REQUEST).await.unwrap() {
        Begun::Work(access) => access,
        Begun::Answered(_) => panic!("nobody answered yet"),
    }
}

async fn refusal(world: &World, access: &Access) -> &'static str {
    idempotency::begin(&world.services, access, REQUEST).await.unwrap_err().code()
}

on_both! {
    async fn work_that_was_cut_off_before_it_took_effect_is_done_again(world: World) {
        let access = program(&world, &world.owner().await).await;
        let first = claim(&world, &access).await;
        assert_eq!(refusal(&world, &access).await, "request_in_progress");
        world.advance(CUT_OFF);
        let second = claim(&world, &access).await;
        // The one that was thought dead comes back.
        let late = applications::create(&world.services, &first, name("Late")).await;
        assert_eq!(late.unwrap_err().kind(), Kind::Internal);
        idempotency::finish(&world.services, &first, Some(b"late")).await.unwrap();
        applications::create(&world.services, &second, name("Shop")).await.unwrap();
        idempotency::finish(&world.services, &second, Some(b"made")).await.unwrap();
        let Begun::Answered(answer) = idempotency::begin(&world.services, &access, REQUEST).await.unwrap() else {
            panic!("it was answered")
        };
        assert_eq!(answer.as_slice(), b"made");
        let names = applications::list(&world.services, &access).await.unwrap();
        assert_eq!(names.iter().map(|found| found.name.as_str()).collect::<Vec<_>>(), ["Demo", "Shop"]);
    }
}

on_both! {
    async fn work_that_took_effect_is_never_done_again(world: World) {
        let access = program(&world, &world.owner().await).await;
        let first = claim(&world, &access).await;
        applications::create(&world.services, &first, name("Shop")).await.unwrap();
        assert_eq!(refusal(&world, &access).await, "request_in_progress");
        world.advance(CUT_OFF);
        assert_eq!(refusal(&world, &access).await, "answer_lost");
        idempotency::finish(&world.services, &first, None).await.unwrap();
        assert_eq!(refusal(&world, &access).await, "answer_lost");
    }
}

on_both! {
    async fn what_failed_without_effect_may_be_tried_at_once(world: World) {
        let access = program(&world, &world.owner().await).await;
        let first = claim(&world, &access).await;
        idempotency::finish(&world.services, &first, None).await.unwrap();
        claim(&world, &access).await;
    }
}

on_both! {
    async fn answers_are_sealed_and_forgotten_after_a_day(world: World) {
        let access = program(&world, &world.owner().await).await;
        let first = claim(&world, &access).await;
        idempotency::finish(&world.services, &first, Some(b"a secret that is shown once")).await.unwrap();
        for (place, cell) in world.cells().await {
            assert!(!cell.contains("shown once") && !cell.contains("5c6b"), "{place}");
        }
        let stored = world.cells().await;
        assert!(stored.iter().any(|(place, _)| place == "idempotent_requests.answer"));
        world.advance(24 * 3600);
        jobs::run_due(&world.services).await.unwrap();
        let kept = world.cells().await;
        assert!(!kept.iter().any(|(place, _)| place == "idempotent_requests.answer"));
    }
}

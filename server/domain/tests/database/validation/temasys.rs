//! What a backend made for Temasys sets for its account.

use super::{ACTIONS, Cloud, REGION, facing};
use crate::support::on_both;
use domain::{
    applications,
    notifications::endpoints,
    storage::{self, Standing},
    temasys::{self, Change, NewS3},
};
use protocol::webhook::{BodyFormat, EndpointState};

fn hook(port: u16, path: &str) -> String {
    format!("http://localhost:{port}/{path}")
}

on_both! {
    async fn its_bucket_becomes_the_primary_storage_once_it_is_proven(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let before = storage::overview(&world.services, &access).await.unwrap().storages[0].id;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let s3 = |secret: &str| NewS3 {
            arn: format!("arn:aws:s3:::{}/calls", cloud.bucket),
            access_key_id: user.access_key_id.clone(),
            secret_access_key: secret.to_owned().into(),
        };
        let wrong = Change { s3: Some(s3("not-the-secret-of-anybody")), ..Change::default() };
        let set = temasys::create(&world.services, &access, wrong).await.unwrap();
        assert_eq!(set.s3.unwrap().access_key_id, user.access_key_id);
        world.run_jobs().await;
        let storages = storage::overview(&world.services, &access).await.unwrap().storages;
        assert_eq!((storages.len(), storages[0].id, storages[0].standing), (2, before, Standing::Primary));

        let right = Change { s3: Some(s3(&user.secret)), ..Change::default() };
        temasys::update(&world.services, &access, right).await.unwrap();
        world.run_jobs().await;
        let storages = storage::overview(&world.services, &access).await.unwrap().storages;
        let primary = &storages[0];
        assert_eq!((storages.len(), primary.standing), (2, Standing::Primary));
        assert_eq!((primary.bucket.as_str(), primary.region.as_str()), (cloud.bucket.as_str(), REGION));
        assert_eq!(primary.prefix, "calls/");

        // Whoever decides otherwise later is not overruled by the next validation.
        storage::use_as(&world.services, &access, before, &Default::default(), Standing::Primary).await.unwrap();
        storage::validate(&world.services, &access, storages[0].id).await.unwrap();
        world.run_jobs().await;
        assert_eq!(storage::overview(&world.services, &access).await.unwrap().storages[0].id, before);
    }
}

on_both! {
    async fn its_address_becomes_an_endpoint_of_every_application(world: World) {
        let access = world.owner().await;
        let services = &world.services;
        let port = world.outside.port();
        applications::create(services, &access, "Other".to_owned().try_into().unwrap()).await.unwrap();
        let missing = temasys::update(services, &access, Change::default()).await.unwrap_err();
        assert_eq!(missing.code(), "notifications_not_set");
        let change = |url: String, notify: bool| Change { notify: Some(notify), url: Some(url), ..Change::default() };
        temasys::create(services, &access, change(hook(port, "first"), true)).await.unwrap();
        let again = temasys::create(services, &access, change(hook(port, "first"), true)).await.unwrap_err();
        assert_eq!(again.code(), "notifications_set_already");
        let all = async || {
            let mut found = Vec::new();
            for application in applications::list(services, &access).await.unwrap() {
                for endpoint in endpoints::list(services, &access, application.id).await.unwrap() {
                    assert_eq!(endpoint.format, BodyFormat::Temasys);
                    found.push((endpoint.url.path().to_owned(), endpoint.state));
                }
            }
            found
        };
        assert_eq!(all().await, vec![("/first".to_owned(), EndpointState::Active); 2]);
        temasys::update(services, &access, change(hook(port, "second"), false)).await.unwrap();
        assert_eq!(all().await, vec![("/second".to_owned(), EndpointState::Disabled); 2]);
        temasys::update(services, &access, change(String::new(), true)).await.unwrap();
        assert!(all().await.is_empty());

        let inside = temasys::update(services, &access, change("https://169.254.169.254/".to_owned(), true)).await;
        assert_eq!(inside.unwrap_err().code(), "webhook_url_not_allowed");
        assert_eq!(temasys::get(services, &access).await.unwrap().url, None);
        let stranger = world.stranger().await;
        assert_eq!(temasys::get(services, &stranger).await.unwrap_err().code(), "notifications_not_set");
    }
}

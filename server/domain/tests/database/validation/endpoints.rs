//! Stores that cannot be reached, or not safely.

use super::{ACTIONS, Cloud, add, again, allowing, facing, failure, names, warnings, with_key};
use crate::support::on_both;
use domain::storage::{self, StepName, StorageInput, StorageKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

/// Writes a certificate for this machine and its key; the authority that signed it, as PEM.
fn certificate(folder: &Path) -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let signed = CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("certificate.pem"), signed.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    authority.pem()
}

/// A site that has the same page for everything.
async fn serve(listener: TcpListener, status: &'static str) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let _ = stream.read_buf(&mut Vec::with_capacity(16 * 1024)).await;
        let page = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 6\r\n\r\n<html>");
        let _ = stream.write_all(page.as_bytes()).await;
    }
}

on_both! {
    async fn a_certificate_is_trusted_only_with_its_authority(world: World) {
        let mut world = world;
        let folder = tempfile::tempdir().unwrap();
        let authority = certificate(folder.path());
        let file = |name| folder.path().join(name).display().to_string();
        let cloud = Cloud::secure(&file("certificate.pem"), &file("key.pem"));
        let access = allowing(&mut world, &cloud.address()).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let input = StorageInput { endpoint: cloud.endpoint(), path_style: true, ..with_key(&cloud, &user) };
        let (storage, validation) = add(&world, &access, StorageKind::S3Compatible, &input).await;
        let (step, finding, remedy) = failure(&validation);
        assert_eq!(step, StepName::Endpoint);
        assert!(finding.contains("is not trusted") && remedy.contains("CA certificate"), "{finding} {remedy}");

        let trusting = StorageInput { ca_certificate: authority, ..input };
        storage::update(&world.services, &access, storage.id, &trusting).await.unwrap();
        world.run_jobs().await;
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);
    }
}

on_both! {
    async fn nobody_there_and_not_allowed_are_told_apart(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = allowing(&mut world, &cloud.address()).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let input = StorageInput { endpoint: cloud.endpoint(), path_style: true, ..with_key(&cloud, &user) };
        cloud.stop();
        let (storage, validation) = add(&world, &access, StorageKind::S3Compatible, &input).await;
        let (step, finding, _) = failure(&validation);
        assert_eq!((step, finding), (StepName::Endpoint, format!("{} accepts no connection.", cloud.address())));
        cloud.start_again();
        assert_eq!(names(&warnings(&again(&world, &access, &storage).await)), [StepName::Cors]);

        world.refit(|_| ()).await;
        let (step, finding, remedy) = failure(&again(&world, &access, &storage).await);
        assert_eq!(step, StepName::Endpoint);
        assert!(finding.contains("may reach") && remedy.contains("MIXDOWN_ALLOW_PRIVATE"), "{finding} {remedy}");
        let refused = storage::create(&world.services, &access, StorageKind::S3Compatible, &input).await.unwrap_err();
        assert_eq!(refused.code(), "endpoint_not_allowed");
    }
}

on_both! {
    async fn something_else_than_a_store_is_recognised(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        let mut sites = JoinSet::new();
        let mut addresses = Vec::new();
        for answer in ["200 OK", "404 Not Found"] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            addresses.push(format!("localhost:{}", listener.local_addr().unwrap().port()));
            sites.spawn(serve(listener, answer));
        }
        let access = allowing(&mut world, &addresses.join(",")).await;
        for address in addresses {
            let endpoint = format!("http://{address}");
            let input = StorageInput { endpoint, path_style: true, ..with_key(&cloud, &user) };
            let (_, validation) = add(&world, &access, StorageKind::S3Compatible, &input).await;
            let (step, finding, _) = failure(&validation);
            assert_eq!((step, finding), (StepName::Credentials, format!("What answers at {address} is no S3 store.")));
        }
    }
}

on_both! {
    async fn a_clock_that_is_wrong_is_measured(world: World) {
        let mut world = world;
        let cloud = Cloud::new();
        let access = facing(&mut world, &cloud).await;
        let user = cloud.user("recorder", &cloud.policy(&ACTIONS));
        cloud.shift_time(20 * 60 + 5);
        let (storage, behind) = add(&world, &access, StorageKind::AwsKeys, &with_key(&cloud, &user)).await;
        cloud.shift_time(-30 * 60 + 5);
        let ahead = again(&world, &access, &storage).await;
        for (validation, expected) in [(&behind, "21 minutes behind"), (&ahead, "30 minutes ahead of")] {
            let (step, finding, remedy) = failure(validation);
            assert_eq!(step, StepName::Endpoint);
            assert!(finding.contains(expected) && remedy.contains("NTP"), "{finding}");
        }
    }
}

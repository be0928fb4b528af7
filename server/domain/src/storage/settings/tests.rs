use super::*;
use proptest::prelude::*;

fn input() -> StorageInput {
    StorageInput {
        region: " eu-central-1 ".into(),
        bucket: "calls".into(),
        access_key_id: "AKIAEXAMPLE".into(),
        ..StorageInput::default()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_storage_on_aws_needs_little() {
    let input = input();
    let target = target(StorageKind::AwsKeys, &input).unwrap();
    assert_eq!((target.region.as_str(), target.bucket.as_str(), target.endpoint), ("eu-central-1", "calls", None));
    let options = options(StorageKind::AwsKeys, &input).unwrap();
    assert_eq!(options.access_key_id.as_deref(), Some("AKIAEXAMPLE"));
    assert_eq!(options.key_template.to_string(), DEFAULT_TEMPLATE);
    assert_eq!(name(&input).unwrap(), "calls");
}

#[test]
fn names_of_buckets_follow_the_rules_of_s3() {
    for bucket in ["abc", "my.bucket-1", &"a".repeat(63)] {
        assert!(target(StorageKind::AwsKeys, &StorageInput { bucket: bucket.into(), ..input() }).is_ok(), "{bucket}");
    }
    for bucket in ["", "ab", "Calls", "-calls", "calls.", "a..b", "192.168.1.1", "calls/x", "käse", &"a".repeat(64)] {
        let input = StorageInput { bucket: bucket.into(), ..input() };
        assert_eq!(code(target(StorageKind::AwsKeys, &input)), "bucket_name_invalid", "{bucket}");
    }
}

#[test]
fn endpoints_are_origins() {
    let with = |endpoint: &str| {
        target(StorageKind::S3Compatible, &StorageInput { endpoint: endpoint.into(), region: String::new(), ..input() })
    };
    let target = with("https://minio.example.com:9000").unwrap();
    assert_eq!(
        (target.endpoint.unwrap().as_str(), target.region.as_str()),
        ("https://minio.example.com:9000/", "us-east-1")
    );
    for endpoint in
        ["", "minio", "ftp://minio", "https://a@b", "https://minio/path", "https://minio?x", "https://minio#x"]
    {
        assert_eq!(code(with(endpoint)), "endpoint_invalid", "{endpoint}");
    }
}

#[test]
fn roles_are_arns_of_roles() {
    let with = |role_arn: &str| {
        options(StorageKind::AwsRole, &StorageInput { role_arn: role_arn.into(), ..input() })
            .map(|options| options.role_arn)
    };
    for arn in ["arn:aws:iam::123456789012:role/mixdown", "arn:aws-cn:iam::123456789012:role/team/mixdown"] {
        assert_eq!(with(arn).unwrap().as_deref(), Some(arn));
    }
    for arn in
        ["", "mixdown", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:role/"]
    {
        assert_eq!(code(with(arn)), "role_arn_invalid", "{arn}");
    }
}

#[test]
fn attributes_are_what_s3_takes() {
    let with = |metadata: &str, tags: &str| {
        let input = StorageInput { metadata: metadata.into(), tags: tags.into(), ..input() };
        options(StorageKind::AwsKeys, &input).map(|options| (options.metadata, options.tags))
    };
    let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    assert_eq!(with(" Team = support \n\n", "cost=a=b").unwrap(), (pair("team", "support"), pair("cost", "a=b")));
    for metadata in ["x", "=x", "ä=1", "a=ä", "mixdown-room=1", "a=1\nA=2", &format!("a={}", "x".repeat(2000))] {
        assert_eq!(code(with(metadata, "")), "metadata_invalid", "{metadata}");
    }
    let eleven: String = (0..11).map(|n| format!("t{n}=x\n")).collect();
    for tags in ["x", "aws:x=1", "a=<b>", &eleven] {
        assert_eq!(code(with("", tags)), "tags_invalid", "{tags}");
    }
}

#[test]
fn what_cannot_be_read_back_is_refused() {
    let with = |class: &str, kms: &str| {
        let encryption = Encryption::Kms { key_id: kms.into() };
        options(StorageKind::AwsKeys, &StorageInput { storage_class: class.into(), encryption, ..input() })
    };
    assert_eq!(with("STANDARD_IA", "alias/calls").unwrap().storage_class.as_deref(), Some("STANDARD_IA"));
    assert_eq!(code(with("DEEP_ARCHIVE", "alias/calls")), "storage_class_invalid");
    assert_eq!(code(with("standard", "alias/calls")), "storage_class_invalid");
    assert_eq!(code(with("", " ")), "kms_key_invalid");
    let input = StorageInput { ca_certificate: "not a certificate".into(), ..input() };
    assert_eq!(code(options(StorageKind::S3Compatible, &input)), "ca_certificate_invalid");
}

proptest! {
    #[test]
    fn foreign_text_never_panics(text in ".{0,200}") {
        for &kind in StorageKind::ALL {
            let input = StorageInput {
                name: text.clone(), region: text.clone(), bucket: text.clone(), endpoint: text.clone(),
                ca_certificate: text.clone(), access_key_id: text.clone(), role_arn: text.clone(), account: text.clone(),
                prefix: text.clone(), key_template: text.clone(), storage_class: text.clone(), metadata: text.clone(),
                tags: text.clone(), ..StorageInput::default()
            };
            let _ = (name(&input), target(kind, &input), options(kind, &input));
        }
    }
}

use super::{
    Holder, NAME, Target, Text, TextName, commands::quoted, cors_rules, permissions, terraform::string, texts,
};
use serde_json::{Value, json};
use std::process::Command;

const PRINCIPAL: &str = "arn:aws:iam::111122223333:user/mixdown";
const EXTERNAL_ID: &str = "mixdown-0d2f";

fn target<'a>(holder: Holder<'a>) -> Target<'a> {
    Target {
        bucket: "acme-calls",
        region: "eu-central-1",
        prefix: "recordings/",
        kms_key: None,
        account: None,
        tagged: false,
        origin: "https://mixdown.example",
        holder,
    }
}

fn role<'a>() -> Holder<'a> {
    Holder::Role { name: "acme-mixdown", principal: Some(PRINCIPAL), external_id: EXTERNAL_ID }
}

fn body(texts: &[Text], name: TextName) -> &str {
    &texts.iter().find(|text| text.name == name).unwrap().body
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// The words that a shell makes of a command line.
fn words(line: &str) -> Vec<String> {
    let script = format!("printf '%s\\0' {line}");
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

#[test]
fn no_more_is_allowed_than_is_needed() {
    let policy = parsed(&permissions(&target(Holder::User)));
    assert_eq!(
        policy,
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Sid": "MixdownRecordings",
                "Effect": "Allow",
                "Action": ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload", "s3:DeleteObject"],
                "Resource": "arn:aws:s3:::acme-calls/recordings/*",
            }],
        })
    );
    let tagged = parsed(&permissions(&Target { tagged: true, ..target(Holder::User) }));
    assert!(tagged["Statement"][0]["Action"].as_array().unwrap().contains(&json!("s3:PutObjectTagging")));
}

#[test]
fn a_key_is_used_through_s3_alone_and_is_the_one_named() {
    let statement = |key, account| {
        let target = Target { kms_key: Some(key), account, ..target(Holder::User) };
        let statement = parsed(&permissions(&target))["Statement"][1].clone();
        assert_eq!(statement["Action"], json!(["kms:GenerateDataKey", "kms:Decrypt"]));
        assert_eq!(statement["Condition"]["StringEquals"]["kms:ViaService"], "s3.eu-central-1.amazonaws.com");
        statement
    };
    let arn = "arn:aws:kms:eu-central-1:444455556666:key/0a1b";
    assert_eq!(statement(arn, None)["Resource"], arn);
    assert_eq!(statement("0a1b", Some("444455556666"))["Resource"], arn);
    assert_eq!(statement("0a1b", None)["Resource"], "arn:aws:kms:eu-central-1:*:key/0a1b");
    for alias in ["alias/calls", "arn:aws:kms:eu-central-1:444455556666:alias/calls"] {
        let statement = statement(alias, Some("444455556666"));
        assert_eq!(statement["Resource"], "arn:aws:kms:eu-central-1:444455556666:key/*");
        assert_eq!(statement["Condition"]["ForAnyValue:StringEquals"]["kms:ResourceAliases"], "alias/calls");
    }
}

#[test]
fn signs_in_a_prefix_stand_for_themselves() {
    let resource = |prefix, region| {
        let target = Target { prefix, region, ..target(Holder::User) };
        parsed(&permissions(&target))["Statement"][0]["Resource"].as_str().unwrap().to_owned()
    };
    assert_eq!(resource("a*b?$c/", "eu-west-1"), "arn:aws:s3:::acme-calls/a${*}b${?}${$}c/*");
    assert_eq!(resource("", "us-gov-west-1"), "arn:aws-us-gov:s3:::acme-calls/*");
}

#[test]
fn only_we_may_assume_the_role_and_only_for_this_tenant() {
    let texts = texts(&target(role()));
    let policy = parsed(body(&texts, TextName::TrustPolicy));
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Principal"], json!({ "AWS": PRINCIPAL }));
    assert_eq!(statement["Action"], json!(["sts:AssumeRole"]));
    assert_eq!(statement["Condition"], json!({ "StringEquals": { "sts:ExternalId": EXTERNAL_ID } }));
    assert!(statement.get("Resource").is_none());
}

#[test]
fn without_an_identity_nobody_is_trusted() {
    let holder = Holder::Role { name: NAME, principal: None, external_id: EXTERNAL_ID };
    let texts = texts(&target(holder));
    assert!(texts.iter().all(|text| text.name != TextName::TrustPolicy && !text.body.contains("sts:AssumeRole")));
}

#[test]
fn the_console_may_play_what_is_in_the_bucket() {
    let rules = parsed(&cors_rules("https://mixdown.example"));
    assert_eq!(rules[0]["AllowedOrigins"], json!(["https://mixdown.example"]));
    assert_eq!(rules[0]["AllowedMethods"], json!(["GET", "HEAD"]));
}

#[test]
fn commands_carry_the_same_documents_through_the_shell() {
    for prefix in ["recordings/", "it's \"$HOME\" `id`/"] {
        let target = Target { prefix, ..target(role()) };
        let texts = texts(&target);
        let script = body(&texts, TextName::Commands).replace("\\\n", "");
        let lines: Vec<_> = script.lines().map(words).collect();
        let names: Vec<_> = lines.iter().map(|words| words[..words.len().min(3)].join(" ")).collect();
        assert_eq!(
            names,
            ["aws iam create-role", "aws iam put-role-policy", "aws iam get-role", "aws --region eu-central-1"]
        );
        for (line, name) in [(&lines[0], TextName::TrustPolicy), (&lines[1], TextName::Permissions)] {
            assert_eq!(parsed(line.last().unwrap()), parsed(body(&texts, name)));
        }
        let cors = parsed(lines[3].last().unwrap());
        assert_eq!(cors["CORSRules"], parsed(body(&texts, TextName::Cors)));
    }
}

#[test]
fn a_store_that_is_not_aws_gets_what_it_understands() {
    let texts = texts(&target(Holder::Key { endpoint: "https://s3.example:9000" }));
    let names: Vec<_> = texts.iter().map(|text| text.name).collect();
    assert_eq!(names, [TextName::Permissions, TextName::Cors, TextName::Commands]);
    assert!(words(body(&texts, TextName::Commands)).contains(&"https://s3.example:9000".to_owned()));
}

#[test]
fn terraform_reads_the_documents_back() {
    let target = Target { prefix: "${x}%{y}/", ..target(role()) };
    let texts = texts(&target);
    let terraform = body(&texts, TextName::Terraform);
    let documents: Vec<_> = terraform
        .split("<<-JSON\n")
        .skip(1)
        .map(|rest| rest.split_once("\n  JSON\n").unwrap().0.replace("$${", "${").replace("%%{", "%{"))
        .collect();
    assert_eq!(parsed(&documents[0]), parsed(body(&texts, TextName::TrustPolicy)));
    assert_eq!(parsed(&documents[1]), parsed(body(&texts, TextName::Permissions)));
    assert!(!terraform.replace("$${", "").contains("${"), "{terraform}");
    assert!(terraform.contains("bucket = \"acme-calls\""));
}

#[test]
fn quoting_survives_anything() {
    for text in ["", "plain-name.1", "two words", "it's", "$(id)", "a\"b\\c", "-n", "ä\n`x`"] {
        assert_eq!(words(&quoted(text)), [text]);
    }
    assert_eq!(string("a\"b\\c\n${d}"), r#""a\"b\\c\n$${d}""#);
}

//! The same as lines of a POSIX shell for the `aws` program.

use super::{Holder, NAME, Target, compact, cors_rule, permissions_document, trust_document};
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CorsConfiguration<R> {
    #[serde(rename = "CORSRules")]
    rules: [R; 1],
}

pub(super) fn lines(target: &Target<'_>) -> String {
    let permissions = quoted_json(&permissions_document(target));
    let cors = quoted_json(&CorsConfiguration { rules: [cors_rule(target.origin)] });
    let bucket = quoted(target.bucket);
    let cors = |endpoint: String| {
        format!("aws{endpoint} s3api put-bucket-cors --bucket {bucket} \\\n  --cors-configuration {cors}")
    };
    let access = match target.holder {
        Holder::Role { name, principal, external_id } => {
            let name = quoted(name);
            let trust = principal.map(|principal| quoted_json(&trust_document(principal, external_id)));
            let create = trust.map(|trust| {
                format!("aws iam create-role --role-name {name} \\\n  --assume-role-policy-document {trust}\n")
            });
            format!(
                "{}aws iam put-role-policy --role-name {name} --policy-name {NAME} \\\n  --policy-document {permissions}\n\
                 aws iam get-role --role-name {name} --query Role.Arn --output text",
                create.unwrap_or_default()
            )
        }
        Holder::User => format!(
            "aws iam create-user --user-name {NAME}\n\
             aws iam put-user-policy --user-name {NAME} --policy-name {NAME} \\\n  --policy-document {permissions}\n\
             aws iam create-access-key --user-name {NAME}"
        ),
        Holder::Key { endpoint } => return cors(format!(" --endpoint-url {}", quoted(endpoint))),
    };
    format!("{access}\n{}", cors(format!(" --region {}", quoted(target.region))))
}

fn quoted_json(document: &impl Serialize) -> String {
    quoted(&compact(document)).into_owned()
}

/// One word of a shell, whatever is in it.
pub(super) fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@,+=".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

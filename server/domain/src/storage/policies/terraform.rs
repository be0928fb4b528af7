//! The same as a Terraform configuration for the AWS provider.

use super::{Holder, NAME, Policy, Target, cors_rule, permissions_document, pretty, trust_document};

pub(super) fn configuration(target: &Target<'_>) -> String {
    let permissions = document("policy", &permissions_document(target));
    let access = match target.holder {
        Holder::Role { name, principal, external_id } => role(name, principal, external_id, &permissions),
        Holder::User | Holder::Key { .. } => user(&permissions),
    };
    format!("{access}\n{}", cors(target))
}

fn role(name: &str, principal: Option<&str>, external_id: &str, permissions: &str) -> String {
    let name = string(name);
    let Some(principal) = principal else {
        return format!(
            "resource \"aws_iam_role_policy\" \"mixdown\" {{\n  name = \"{NAME}\"\n  role = {name}\n{permissions}}}\n"
        );
    };
    let trust = document("assume_role_policy", &trust_document(principal, external_id));
    format!(
        "resource \"aws_iam_role\" \"mixdown\" {{\n  name = {name}\n{trust}}}\n\n\
         resource \"aws_iam_role_policy\" \"mixdown\" {{\n  name = \"{NAME}\"\n  role = aws_iam_role.mixdown.id\n{permissions}}}\n\n\
         output \"mixdown_role_arn\" {{\n  value = aws_iam_role.mixdown.arn\n}}\n"
    )
}

fn user(permissions: &str) -> String {
    format!(
        "resource \"aws_iam_user\" \"mixdown\" {{\n  name = \"{NAME}\"\n}}\n\n\
         resource \"aws_iam_user_policy\" \"mixdown\" {{\n  name = \"{NAME}\"\n  user = aws_iam_user.mixdown.name\n{permissions}}}\n\n\
         resource \"aws_iam_access_key\" \"mixdown\" {{\n  user = aws_iam_user.mixdown.name\n}}\n\n\
         output \"mixdown_access_key_id\" {{\n  value = aws_iam_access_key.mixdown.id\n}}\n\n\
         output \"mixdown_secret_access_key\" {{\n  value     = aws_iam_access_key.mixdown.secret\n  sensitive = true\n}}\n"
    )
}

fn cors(target: &Target<'_>) -> String {
    let rule = cors_rule(target.origin);
    format!(
        "resource \"aws_s3_bucket_cors_configuration\" \"mixdown\" {{\n  bucket = {}\n\n  cors_rule {{\n    \
         allowed_origins = {}\n    allowed_methods = {}\n    allowed_headers = {}\n    expose_headers  = {}\n    \
         max_age_seconds = {}\n  }}\n}}",
        string(target.bucket),
        list(&rule.allowed_origins),
        list(&rule.allowed_methods),
        list(&rule.allowed_headers),
        list(&rule.expose_headers),
        rule.max_age_seconds
    )
}

/// An argument that holds a policy; JSON stays JSON between the two marks.
fn document(argument: &str, policy: &Policy) -> String {
    let json = without_templates(&pretty(policy)).replace('\n', "\n    ");
    format!("  {argument} = <<-JSON\n    {json}\n  JSON\n")
}

fn list(texts: &[&str]) -> String {
    format!("[{}]", texts.iter().map(|text| string(text)).collect::<Vec<_>>().join(", "))
}

/// A quoted string of HCL, whatever is in it.
pub(super) fn string(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    format!("\"{}\"", without_templates(&escaped))
}

/// HCL takes `${…}` and `%{…}` for something to be filled in.
fn without_templates(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

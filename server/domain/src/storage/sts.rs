//! Requests to the AWS Security Token Service: who a key belongs to, and sessions of customers' roles.

use super::{credentials::Keys, xml};
use crate::{
    error::{Error, Result},
    services::Services,
};
use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use chrono::{DateTime, Utc};
use outbound::{
    Answer, Method, OutboundError, Request, Trusted,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use std::error::Error as StdError;
use url::{Url, form_urlencoded};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
/// STS knows every identity of the partition in every region.
const OWN_REGION: &str = "us-east-1";
const VERSION: &str = "2011-06-15";

/// Why STS did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StsError {
    #[error("STS was not reached")]
    Outbound(#[from] OutboundError),
    /// `code` is empty when the answer names none.
    #[error("STS answered {status} {code}")]
    Refused { status: u16, code: String },
    #[error("the answer of STS could not be understood")]
    Malformed,
    /// The operator gave this installation no AWS identity.
    #[error("this installation has no AWS identity")]
    NoIdentity,
    #[error("the request could not be signed")]
    Unsigned(#[source] Box<dyn StdError + Send + Sync>),
}

/// Whose keys these are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub arn: String,
    pub account: String,
}

impl Identity {
    /// What a trust policy names: the role behind a session, otherwise the user itself.
    pub(crate) fn principal(&self) -> String {
        let role = self.arn.split_once(":assumed-role/").and_then(|(head, rest)| {
            let head = head.replacen(":sts:", ":iam:", 1);
            Some(format!("{head}:role/{}", rest.split('/').next()?))
        });
        role.unwrap_or_else(|| self.arn.clone())
    }
}

/// A session of a role, as asked for.
#[derive(Debug)]
pub(crate) struct AssumeRole<'a> {
    pub role_arn: &'a str,
    pub session_name: &'a str,
    pub external_id: Option<&'a str>,
    /// Narrows what the role allows.
    pub policy: Option<&'a str>,
    /// 900 to 3600: what every role allows.
    pub seconds: u32,
}

/// A session of a role.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub keys: Keys,
    pub expires_at: DateTime<Utc>,
}

/// Whose keys these are.
pub(crate) async fn caller_identity(services: &Services, region: &str, keys: &Keys) -> Result<Identity, StsError> {
    let answer = call(services, region, keys, &[("Action", "GetCallerIdentity"), ("Version", VERSION)]).await?;
    let field = |name| xml::first_text(&answer, name).ok_or(StsError::Malformed);
    Ok(Identity { arn: field("Arn")?, account: field("Account")? })
}

/// Whom customers' roles must trust: the identity of this installation, when it has one that AWS knows.
pub(crate) async fn own_principal(services: &Services) -> Option<String> {
    let keys = services.settings().aws.keys.as_ref()?;
    let ask = async || caller_identity(services, OWN_REGION, keys).await.map(|identity| identity.principal());
    match services.aws_principal().get_or_try_init(ask).await {
        Ok(principal) => Some(principal.clone()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn StdError, "the AWS identity of this installation is not usable");
            None
        }
    }
}

/// Begins a session with the identity of this installation.
pub(crate) async fn assume_role(
    services: &Services,
    region: &str,
    request: &AssumeRole<'_>,
) -> Result<Session, StsError> {
    let own = services.settings().aws.keys.as_ref().ok_or(StsError::NoIdentity)?;
    let seconds = request.seconds.to_string();
    let mut fields = vec![
        ("Action", "AssumeRole"),
        ("Version", VERSION),
        ("RoleArn", request.role_arn),
        ("RoleSessionName", request.session_name),
        ("DurationSeconds", &seconds),
    ];
    fields.extend(request.external_id.map(|id| ("ExternalId", id)));
    fields.extend(request.policy.map(|policy| ("Policy", policy)));
    let answer = call(services, region, own, &fields).await?;
    let field = |name| xml::first_text(&answer, name).ok_or(StsError::Malformed);
    Ok(Session {
        keys: Keys {
            id: field("AccessKeyId")?,
            secret: SecretString::from(field("SecretAccessKey")?),
            token: Some(SecretString::from(field("SessionToken")?)),
        },
        expires_at: field("Expiration")?.parse().map_err(|_| StsError::Malformed)?,
    })
}

/// Sends a signed form; the body of a successful answer.
async fn call(services: &Services, region: &str, keys: &Keys, fields: &[(&str, &str)]) -> Result<String, StsError> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let url = endpoint(services, region).map_err(|error| StsError::Unsigned(error.into()))?;
    let request = signed(services, region, keys, url, body).map_err(StsError::Unsigned)?;
    let answer = services.outbound().send(request).await?;
    if answer.is_success() { Ok(answer.text()) } else { Err(refused(&answer)) }
}

/// The regional endpoint (AWS recommends it over the global one), or the one the operator names.
fn endpoint(services: &Services, region: &str) -> Result<Url, url::ParseError> {
    match &services.settings().aws.sts_endpoint {
        Some(endpoint) => Ok(endpoint.clone()),
        None => format!("https://sts.{region}.{}/", super::partition(region).domain).parse(),
    }
}

fn signed(
    services: &Services,
    region: &str,
    keys: &Keys,
    url: Url,
    body: String,
) -> Result<Request, Box<dyn StdError + Send + Sync>> {
    let token = keys.token.as_ref().map(|token| token.expose_secret().to_owned());
    let identity = Credentials::new(&keys.id, keys.secret.expose_secret(), token, None, "mixdown").into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(services.clock().wall())
        .settings(SigningSettings::default())
        .build()?;
    let headers = [("content-type", FORM)];
    let signable =
        SignableRequest::new("POST", url.as_str(), headers.into_iter(), SignableBody::Bytes(body.as_bytes()))?;
    let (instructions, _) = sign(signable, &parameters.into())?.into_parts();
    let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static(FORM))];
    for (name, value) in instructions.headers() {
        headers.push((HeaderName::try_from(name)?, HeaderValue::try_from(value)?));
    }
    let trusted = services.settings().aws.sts_endpoint.as_ref().and_then(Trusted::of);
    Ok(Request { headers, body: body.into(), trusted, ..Request::new(Method::POST, url) })
}

fn refused(answer: &Answer) -> StsError {
    StsError::Refused { status: answer.status, code: xml::code(&answer.text()) }
}

impl From<StsError> for Error {
    fn from(error: StsError) -> Self {
        Error::unavailable("storage_unavailable", "The role of the storage could not be assumed.").with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trust_policies_name_the_role_behind_a_session() {
        let principal = |arn: &str| Identity { arn: arn.to_owned(), account: "123456789012".to_owned() }.principal();
        assert_eq!(principal("arn:aws:iam::123456789012:user/mixdown"), "arn:aws:iam::123456789012:user/mixdown");
        assert_eq!(
            principal("arn:aws-cn:sts::123456789012:assumed-role/mixdown/i-0abc"),
            "arn:aws-cn:iam::123456789012:role/mixdown"
        );
    }
}

//! How the words of webhooks are said to people.

use super::view::EndpointView;
use protocol::webhook::{AttemptProblem, BodyFormat, DeliveryState, EndpointState, Signing, SuspensionCause};

/// Class and text of a badge.
pub type Badge = (&'static str, &'static str);

/// How an endpoint does.
pub fn state_badge(endpoint: &EndpointView) -> Badge {
    match endpoint.state {
        EndpointState::Active if endpoint.failing_ms.is_some() => ("badge badge-bad", "Failing"),
        EndpointState::Active => ("badge badge-good", "Active"),
        EndpointState::Disabled => ("badge", "Disabled"),
        EndpointState::Suspended => ("badge badge-bad", "Suspended"),
    }
}

pub fn delivery_badge(state: DeliveryState, attempts: u64) -> Badge {
    match state {
        DeliveryState::Waiting if attempts == 0 => ("badge badge-busy", "Sending"),
        DeliveryState::Waiting => ("badge badge-busy", "Trying again"),
        DeliveryState::Delivered => ("badge badge-good", "Delivered"),
        DeliveryState::Failed => ("badge badge-bad", "Failed"),
    }
}

pub fn suspended(cause: SuspensionCause) -> &'static str {
    match cause {
        SuspensionCause::Gone => "It answered 410, which says that it is gone for good.",
        SuspensionCause::Failing => "No message has arrived there for days.",
    }
}

pub fn problem(problem: AttemptProblem) -> &'static str {
    match problem {
        AttemptProblem::Unreachable => "No answer: the address could not be reached.",
        AttemptProblem::TimedOut => "No complete answer in time.",
        AttemptProblem::Redirected => "It points elsewhere. Messages do not follow; enter the final address.",
        AttemptProblem::Refused => "The answer is not a success.",
        AttemptProblem::Gone => "The answer says that the endpoint is gone for good.",
    }
}

pub fn format(format: BodyFormat) -> &'static str {
    match format {
        BodyFormat::Standard => "Mixdown's own",
        BodyFormat::Temasys => "As Temasys sends them, for recordings that are ready",
    }
}

pub fn signing(signing: Signing) -> &'static str {
    match signing {
        Signing::Hmac => "Shared secret (HMAC-SHA256)",
        Signing::Ed25519 => "Public key (Ed25519)",
    }
}

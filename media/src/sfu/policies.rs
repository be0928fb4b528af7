//! The newest policy of each application this worker has heard of. A join token carries the policy of when it was
//! signed; a later one pushed by the control plane wins.

use protocol::{ids::ApplicationId, policy::AppPolicy};
use std::collections::HashMap;

#[derive(Debug, Default)]
pub struct Policies(HashMap<ApplicationId, AppPolicy>);

impl Policies {
    /// Takes a policy unless a newer one is known. Returns the one in force.
    pub fn update(&mut self, application: ApplicationId, policy: AppPolicy) -> &AppPolicy {
        let entry = self.0.entry(application).or_insert_with(|| policy.clone());
        if policy.revision > entry.revision {
            *entry = policy;
        }
        entry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_token_cannot_undo_a_setting() {
        let application = ApplicationId::from_parts(0, [0; 10]);
        let policy = |revision, recording| AppPolicy {
            revision,
            relay: true,
            recording,
            max_duration_seconds: 60,
            idle_timeout_seconds: 10,
            allowed_origins: vec![],
        };
        let mut policies = Policies::default();
        policies.update(application, policy(1, true));
        policies.update(application, policy(3, false));
        assert!(!policies.update(application, policy(2, true)).recording);
    }
}

//! Who asks, for which tenant, with which role.

use crate::error::{Error, Kind, Result};
use protocol::ids::{OrgId, UserId};
use std::{fmt, str::FromStr};

/// What a member may do in an org.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Owner,
    Admin,
    Developer,
    Viewer,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Viewer => "viewer",
        }
    }

    /// Whether this role carries a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::View => true,
            Permission::Operate => self != Self::Viewer,
            Permission::Configure => matches!(self, Self::Owner | Self::Admin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Owner, Self::Admin, Self::Developer, Self::Viewer]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or(UnknownRole)
    }
}

/// The text names no role.
#[derive(Debug, thiserror::Error)]
#[error("unknown role")]
pub struct UnknownRole;

/// What an action asks of the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Look at settings and recordings.
    View,
    /// Stop recordings.
    Operate,
    /// Change applications, keys, storage and notifications.
    Configure,
}

/// A signed-in member of one org: the only way to what the org owns.
#[derive(Debug, Clone)]
pub struct Access {
    user: UserId,
    email: String,
    org: OrgId,
    org_name: String,
    role: Role,
}

impl Access {
    pub(crate) fn new(user: UserId, email: String, org: OrgId, org_name: String, role: Role) -> Self {
        Self { user, email, org, org_name, role }
    }

    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    #[must_use]
    pub fn org_name(&self) -> &str {
        &self.org_name
    }

    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    pub(crate) fn require(&self, permission: Permission) -> Result<()> {
        if self.role.may(permission) {
            Ok(())
        } else {
            Err(Error::new(
                Kind::Forbidden,
                "role_not_sufficient",
                "Your role in this organization does not allow this.",
            ))
        }
    }
}

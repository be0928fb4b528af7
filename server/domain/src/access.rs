//! Who asks, for which tenant, and what the caller may do.

use crate::{
    api_keys::{Scope, Scopes},
    audit::Actor,
    error::{Error, Kind, Result},
    idempotency::Claim,
};
use protocol::{
    ids::{ApiKeyId, ApplicationId, OrgId, UserId},
    recording::StopCause,
    wire_enum,
};

wire_enum! {
    /// What a member may do in an org.
    Role {
        Owner = "owner",
        Admin = "admin",
        Developer = "developer",
        Viewer = "viewer",
    }
}

impl Role {
    /// Whether this role carries a permission.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            Permission::ViewApplications
            | Permission::ViewRecordings
            | Permission::ViewStorage
            | Permission::ViewWebhooks
            | Permission::ViewRooms
            | Permission::ViewUsage
            | Permission::ViewAuditLog
            | Permission::ViewTeam
            | Permission::ViewMails => true,
            Permission::OperateRecordings | Permission::OperateRooms => self != Self::Viewer,
            Permission::ConfigureApplications
            | Permission::CreateApplications
            | Permission::GovernRecordings
            | Permission::ConfigureStorage
            | Permission::ConfigureWebhooks
            | Permission::ManageTeam
            | Permission::ViewApiKeys
            | Permission::ManageApiKeys => matches!(self, Self::Owner | Self::Admin),
            // A token stands on the key that it is given for.
            Permission::MintTokens => false,
        }
    }
}

/// What an action asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    ViewApplications,
    /// Change switches, keys, origins, notifications, retention.
    ConfigureApplications,
    CreateApplications,
    /// Look at recordings, also at their pictures.
    ViewRecordings,
    /// Stop recordings and share links to them.
    OperateRecordings,
    /// Delete recordings, and hold them against deletion.
    GovernRecordings,
    ViewStorage,
    ConfigureStorage,
    /// Look at webhook endpoints and at what was sent to them.
    ViewWebhooks,
    /// Change webhook endpoints, and send again.
    ConfigureWebhooks,
    ViewAuditLog,
    ViewMails,
    /// See who belongs to the org.
    ViewTeam,
    /// Invite and remove members and change their roles; only owners do that to owners.
    ManageTeam,
    /// Look at rooms in use and who is in them.
    ViewRooms,
    /// End rooms, remove peers.
    OperateRooms,
    ViewUsage,
    ViewApiKeys,
    /// Make and revoke keys of the API.
    ManageApiKeys,
    /// Make tokens of StreamRec clients.
    MintTokens,
}

impl Permission {
    /// What a key of the API needs for it; `None` when only people may.
    #[must_use]
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::ViewApplications => Some(Scope::ApplicationsRead),
            Self::ConfigureApplications | Self::CreateApplications => Some(Scope::ApplicationsWrite),
            Self::ViewRecordings => Some(Scope::RecordingsRead),
            Self::OperateRecordings | Self::GovernRecordings => Some(Scope::RecordingsWrite),
            Self::ViewStorage => Some(Scope::StorageRead),
            Self::ConfigureStorage => Some(Scope::StorageWrite),
            Self::ViewWebhooks => Some(Scope::WebhooksRead),
            Self::ConfigureWebhooks => Some(Scope::WebhooksWrite),
            Self::ViewAuditLog => Some(Scope::AuditRead),
            Self::ViewRooms => Some(Scope::RoomsRead),
            Self::OperateRooms => Some(Scope::RoomsWrite),
            Self::ViewUsage => Some(Scope::UsageRead),
            Self::ViewApiKeys => Some(Scope::ApiKeysRead),
            Self::ManageApiKeys => Some(Scope::ApiKeysWrite),
            Self::MintTokens => Some(Scope::Streamrec),
            Self::ViewMails | Self::ViewTeam | Self::ManageTeam => None,
        }
    }
}

/// A caller in one org, a signed-in member or a key of the API: the only way to what the org owns.
#[derive(Debug, Clone)]
pub struct Access {
    caller: Caller,
    name: String,
    org: OrgId,
    org_name: String,
    /// Of the request that the caller may repeat.
    claim: Option<Claim>,
}

#[derive(Debug, Clone)]
enum Caller {
    Member { user: UserId, role: Role },
    ApiKey { key: ApiKeyId, scopes: Scopes, application: Option<ApplicationId> },
}

impl Access {
    pub(crate) fn of_member(user: UserId, email: String, org: OrgId, org_name: String, role: Role) -> Self {
        Self { caller: Caller::Member { user, role }, name: email, org, org_name, claim: None }
    }

    /// With an application, the key reaches that one only.
    pub(crate) fn of_api_key(
        key: ApiKeyId,
        name: String,
        (org, org_name): (OrgId, String),
        scopes: Scopes,
        application: Option<ApplicationId>,
    ) -> Self {
        Self { caller: Caller::ApiKey { key, scopes, application }, name, org, org_name, claim: None }
    }

    /// The signed-in member.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.caller {
            Caller::Member { user, .. } => Some(user),
            Caller::ApiKey { .. } => None,
        }
    }

    /// The signed-in member's role.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        match self.caller {
            Caller::Member { role, .. } => Some(role),
            Caller::ApiKey { .. } => None,
        }
    }

    /// What people know the caller by: a member's e-mail address, a key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn org(&self) -> OrgId {
        self.org
    }

    #[must_use]
    pub fn org_name(&self) -> &str {
        &self.org_name
    }

    /// Whether the caller may do something, by role or by scope.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.require(permission).is_ok()
    }

    /// The key that the caller has, when it is a program.
    #[must_use]
    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.caller {
            Caller::Member { .. } => None,
            Caller::ApiKey { key, .. } => Some(key),
        }
    }

    /// The same caller, for the work of one request that may be repeated.
    pub(crate) fn with_claim(self, claim: Claim) -> Self {
        Self { claim: Some(claim), ..self }
    }

    pub(crate) fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }

    /// The one application that the caller reaches; `None` for all of the org's.
    pub(crate) fn only_application(&self) -> Option<ApplicationId> {
        match self.caller {
            Caller::Member { .. } => None,
            Caller::ApiKey { application, .. } => application,
        }
    }

    /// For the audit log.
    pub(crate) fn actor(&self) -> Actor {
        match self.caller {
            Caller::Member { user, .. } => Actor::User(user),
            Caller::ApiKey { key, .. } => Actor::ApiKey(key),
        }
    }

    /// Why a recording ends that the caller stops.
    pub(crate) fn stop_cause(&self) -> StopCause {
        match self.caller {
            Caller::Member { .. } => StopCause::ConsoleRequest,
            Caller::ApiKey { .. } => StopCause::ApiRequest,
        }
    }

    pub(crate) fn require(&self, permission: Permission) -> Result<()> {
        match &self.caller {
            Caller::Member { role, .. } if role.may(permission) => Ok(()),
            Caller::Member { .. } => {
                Err(forbidden("role_not_sufficient", "Your role in this organization does not allow this."))
            }
            Caller::ApiKey { scopes, application, .. } => {
                let scope = permission
                    .scope()
                    .ok_or_else(|| forbidden("people_only", "Only a signed-in member may do this, no API key."))?;
                if !scopes.contains(scope) {
                    let said = format!("This API key lacks the scope {scope}.");
                    return Err(Error::new(Kind::Forbidden, "scope_missing", said));
                }
                if application.is_some() && permission == Permission::CreateApplications {
                    return Err(forbidden("key_is_bound", "This API key is for one application only."));
                }
                Ok(())
            }
        }
    }
}

fn forbidden(code: &'static str, message: &'static str) -> Error {
    Error::new(Kind::Forbidden, code, message)
}

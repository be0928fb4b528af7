//! Orgs, users, members, the set-up token and failed sign-ins.

use super::{Text, Tx, execute, fetch_one, fetch_optional, on, signed, unsigned};
use crate::{access::Role, applications::Plan};
use protocol::ids::{OrgId, UserId};

/// A user as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct UserRow {
    id: Text<UserId>,
    pub password_hash: String,
}

impl UserRow {
    pub(crate) fn id(&self) -> UserId {
        self.id.0
    }
}

/// An org to be made.
pub(crate) struct NewOrg<'a> {
    pub id: OrgId,
    pub name: &'a str,
    pub plan: Plan,
    /// What customers' roles ask of us (`sts:ExternalId`).
    pub external_id: &'a str,
}

/// A user to be made.
pub(crate) struct NewUser<'a> {
    pub id: UserId,
    pub email: &'a str,
    pub password_hash: &'a str,
    /// The address is proven.
    pub verified: bool,
}

/// A member with what it says about user and org.
#[derive(sqlx::FromRow)]
pub(crate) struct MemberRow {
    org_id: Text<OrgId>,
    role: Text<Role>,
    pub email: String,
    pub org_name: String,
}

impl MemberRow {
    pub(crate) fn org(&self) -> OrgId {
        self.org_id.0
    }

    pub(crate) fn role(&self) -> Role {
        self.role.0
    }
}

#[derive(sqlx::FromRow)]
struct Failures {
    failures: i64,
}

#[derive(sqlx::FromRow)]
struct Blocked {
    blocked_until: i64,
}

#[derive(sqlx::FromRow)]
struct Count {
    count: i64,
}

impl Tx {
    pub(crate) async fn owner_exists(&mut self) -> sqlx::Result<bool> {
        let row = fetch_one!(self, Count, "SELECT count(*) AS count FROM members WHERE role = 'owner'")?;
        Ok(row.count > 0)
    }

    pub(crate) async fn replace_setup_token(&mut self, token_hash: &str, expires_at: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO setup_tokens (id, token_hash, expires_at) VALUES (1, $1, $2)
             ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at",
            token_hash,
            signed(expires_at),
        )
        .map(drop)
    }

    pub(crate) async fn setup_token_matches(&mut self, token_hash: &str, now: u64) -> sqlx::Result<bool> {
        let row = fetch_one!(
            self,
            Count,
            "SELECT count(*) AS count FROM setup_tokens WHERE token_hash = $1 AND expires_at > $2",
            token_hash,
            signed(now),
        )?;
        Ok(row.count > 0)
    }

    /// True for the one caller who used the token up.
    pub(crate) async fn consume_setup_token(&mut self, token_hash: &str, now: u64) -> sqlx::Result<bool> {
        let rows = execute!(
            self,
            "DELETE FROM setup_tokens WHERE token_hash = $1 AND expires_at > $2",
            token_hash,
            signed(now),
        )?;
        Ok(rows == 1)
    }

    pub(crate) async fn insert_org(&mut self, new: &NewOrg<'_>, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO orgs (id, name, plan, external_id, created_at) VALUES ($1, $2, $3, $4, $5)",
            Text(new.id),
            new.name,
            new.plan.as_str(),
            new.external_id,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn insert_user(&mut self, user: &NewUser<'_>, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO users (id, email, password_hash, email_verified_at, created_at) VALUES ($1, $2, $3, $4, $5)",
            Text(user.id),
            user.email,
            user.password_hash,
            user.verified.then(|| signed(now)),
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn insert_member(&mut self, org: OrgId, user: UserId, role: Role, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
            Text(org),
            Text(user),
            Text(role),
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn user_by_email(&mut self, email: &str) -> sqlx::Result<Option<UserRow>> {
        fetch_optional!(self, UserRow, "SELECT id, password_hash FROM users WHERE email = $1", email)
    }

    /// The membership a user works with: the oldest.
    pub(crate) async fn membership(&mut self, user: UserId) -> sqlx::Result<Option<MemberRow>> {
        fetch_optional!(
            self,
            MemberRow,
            "SELECT m.org_id, m.role, u.email, o.name AS org_name
             FROM members m JOIN users u ON u.id = m.user_id JOIN orgs o ON o.id = m.org_id
             WHERE m.user_id = $1 ORDER BY m.created_at, m.org_id LIMIT 1",
            Text(user),
        )
    }

    /// Counts one attempt before it is made, so that attempts at the same time count too. `None` while blocked;
    /// attempts before `forget_before` no longer count.
    pub(crate) async fn count_sign_in(
        &mut self,
        subject: &str,
        now: u64,
        forget_before: u64,
    ) -> sqlx::Result<Option<u64>> {
        let row = fetch_optional!(
            self,
            Failures,
            "INSERT INTO sign_in_failures AS f (subject, failures, last_at, blocked_until) VALUES ($1, 1, $2, 0)
             ON CONFLICT (subject) DO UPDATE SET
                 failures = CASE WHEN f.last_at < $3 THEN 1 ELSE f.failures + 1 END, last_at = excluded.last_at
             WHERE f.blocked_until <= $2
             RETURNING failures",
            subject,
            signed(now),
            signed(forget_before),
        )?;
        Ok(row.map(|row| unsigned(row.failures)))
    }

    pub(crate) async fn sign_in_blocked_until(&mut self, subject: &str) -> sqlx::Result<u64> {
        let row =
            fetch_optional!(self, Blocked, "SELECT blocked_until FROM sign_in_failures WHERE subject = $1", subject,)?;
        Ok(row.map_or(0, |row| unsigned(row.blocked_until)))
    }

    pub(crate) async fn block_sign_in(&mut self, subject: &str, until: u64) -> sqlx::Result<()> {
        execute!(self, "UPDATE sign_in_failures SET blocked_until = $2 WHERE subject = $1", subject, signed(until),)
            .map(drop)
    }

    pub(crate) async fn forget_sign_in_failures(&mut self, subject: &str) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM sign_in_failures WHERE subject = $1", subject).map(drop)
    }

    /// Takes one counted attempt back.
    pub(crate) async fn uncount_sign_in(&mut self, subject: &str) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE sign_in_failures SET failures = failures - 1 WHERE subject = $1 AND failures > 0",
            subject,
        )
        .map(drop)
    }

    pub(crate) async fn delete_old_sign_in_failures(&mut self, before: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM sign_in_failures WHERE last_at < $1", signed(before))
    }
}

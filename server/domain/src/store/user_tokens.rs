//! Links that were sent to people, and what following them changes.

use super::{Text, Tx, execute, fetch_optional, on, signed};
use protocol::{ids::UserId, wire_enum};

wire_enum! {
    /// What a link is for.
    Purpose {
        VerifyEmail = "verify_email",
        ResetPassword = "reset_password",
    }
}

/// A link to be sent.
pub(crate) struct NewUserToken<'a> {
    pub user: UserId,
    pub purpose: Purpose,
    pub token_hash: &'a str,
    pub expires_at: u64,
}

/// Whom a link was sent to.
#[derive(sqlx::FromRow)]
pub(crate) struct UserTokenRow {
    pub email: String,
}

#[derive(sqlx::FromRow)]
struct Taken {
    user_id: Text<UserId>,
}

impl Tx {
    /// The link before it, with the same purpose, works no more.
    pub(crate) async fn replace_user_token(&mut self, new: &NewUserToken<'_>, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "INSERT INTO user_tokens (user_id, purpose, token_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (user_id, purpose) DO UPDATE SET token_hash = excluded.token_hash,
                 created_at = excluded.created_at, expires_at = excluded.expires_at",
            Text(new.user),
            new.purpose.as_str(),
            new.token_hash,
            signed(now),
            signed(new.expires_at),
        )
        .map(drop)
    }

    pub(crate) async fn user_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: u64,
    ) -> sqlx::Result<Option<UserTokenRow>> {
        fetch_optional!(
            self,
            UserTokenRow,
            "SELECT u.email FROM user_tokens t JOIN users u ON u.id = t.user_id
             WHERE t.purpose = $1 AND t.token_hash = $2 AND t.expires_at > $3",
            purpose.as_str(),
            token_hash,
            signed(now),
        )
    }

    /// The user, for the one caller who used the link up.
    pub(crate) async fn take_user_token(
        &mut self,
        purpose: Purpose,
        token_hash: &str,
        now: u64,
    ) -> sqlx::Result<Option<UserId>> {
        let row = fetch_optional!(
            self,
            Taken,
            "DELETE FROM user_tokens WHERE purpose = $1 AND token_hash = $2 AND expires_at > $3 RETURNING user_id",
            purpose.as_str(),
            token_hash,
            signed(now),
        )?;
        Ok(row.map(|row| row.user_id.0))
    }

    pub(crate) async fn delete_expired_user_tokens(&mut self, now: u64) -> sqlx::Result<u64> {
        execute!(self, "DELETE FROM user_tokens WHERE expires_at <= $1", signed(now))
    }

    /// That the link arrived also proves the address.
    pub(crate) async fn set_password(&mut self, user: UserId, password_hash: &str, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE users SET password_hash = $2, email_verified_at = COALESCE(email_verified_at, $3) WHERE id = $1",
            Text(user),
            password_hash,
            signed(now),
        )
        .map(drop)
    }

    pub(crate) async fn set_email_verified(&mut self, user: UserId, now: u64) -> sqlx::Result<()> {
        execute!(
            self,
            "UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2) WHERE id = $1",
            Text(user),
            signed(now),
        )
        .map(drop)
    }

    /// Ends an account that belongs to no org, with the links that were sent to it.
    pub(crate) async fn delete_user(&mut self, user: UserId) -> sqlx::Result<()> {
        execute!(self, "DELETE FROM user_tokens WHERE user_id = $1", Text(user))?;
        execute!(
            self,
            "DELETE FROM users WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM members WHERE user_id = $1)",
            Text(user),
        )
        .map(drop)
    }
}

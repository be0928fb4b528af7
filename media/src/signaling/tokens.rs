//! Checks join tokens (RFC 7519, HS256 only).

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, errors::ErrorKind};
use protocol::{ids::NodeId, native::ErrorCode, token::JoinClaims};
use serde::de::DeserializeOwned;
use std::sync::{Arc, PoisonError, RwLock};
use zeroize::Zeroizing;

/// The key that verifies tokens for this node; unknown until the control plane was reached once.
#[derive(Clone, Default)]
pub struct TokenKey(Arc<RwLock<Option<Zeroizing<Vec<u8>>>>>);

impl TokenKey {
    /// Takes the key the control plane sent, hexadecimal. Returns whether it was one.
    #[must_use]
    pub fn set(&self, text: &str) -> bool {
        let Ok(key) = hex::decode(text) else { return false };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Zeroizing::new(key));
        true
    }

    /// What the token says, if it was signed for this node and has not expired at `now` (Unix seconds).
    ///
    /// # Errors
    /// The code to answer the client with.
    pub fn verify<C: AsRef<JoinClaims> + DeserializeOwned>(
        &self,
        node: NodeId,
        now: u64,
        token: &str,
    ) -> Result<C, ErrorCode> {
        let key = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let key = DecodingKey::from_secret(key.as_ref().ok_or(ErrorCode::InvalidToken)?);
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[node.to_string()]);
        // Expiry is checked against the given time below.
        validation.validate_exp = false;
        let claims = decode::<C>(token, &key, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => ErrorCode::TokenExpired,
            _ => ErrorCode::InvalidToken,
        })?;
        if claims.claims.as_ref().exp <= now { Err(ErrorCode::TokenExpired) } else { Ok(claims.claims) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use proptest::prelude::*;
    use protocol::{ids, names::RoomName, policy::AppPolicy};

    fn claims(node: NodeId) -> JoinClaims {
        JoinClaims {
            aud: node,
            sub: ids::PeerId::from_parts(1, [1; 10]),
            iat: 100,
            exp: 200,
            org: ids::OrgId::from_parts(1, [1; 10]),
            application: ids::ApplicationId::from_parts(1, [1; 10]),
            app_key: ids::AppKeyId::from_parts(1, [1; 10]),
            room: RoomName::try_from("room".to_owned()).unwrap(),
            name: None,
            policy: AppPolicy {
                revision: 1,
                relay: true,
                recording: true,
                max_duration_seconds: 1,
                idle_timeout_seconds: 1,
                allowed_origins: vec![],
            },
        }
    }

    #[test]
    fn only_a_current_token_for_this_node_is_accepted() {
        let (node, other) = (NodeId::from_parts(1, [2; 10]), NodeId::from_parts(1, [3; 10]));
        let key = TokenKey::default();
        let sign = |claims: &JoinClaims, algorithm, secret: &[u8]| {
            encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
        };
        let token = sign(&claims(node), Algorithm::HS256, &[7; 32]);
        let verify = |node, now, token: &str| key.verify::<JoinClaims>(node, now, token);
        assert_eq!(verify(node, 150, &token), Err(ErrorCode::InvalidToken));
        assert!(key.set(&hex::encode([7; 32])));
        assert_eq!(verify(node, 150, &token), Ok(claims(node)));
        assert_eq!(verify(node, 200, &token), Err(ErrorCode::TokenExpired));
        assert_eq!(verify(other, 150, &token), Err(ErrorCode::InvalidToken));
        assert_eq!(verify(node, 150, &sign(&claims(node), Algorithm::HS256, &[8; 32])), Err(ErrorCode::InvalidToken));
        assert_eq!(verify(node, 150, &sign(&claims(node), Algorithm::HS384, &[7; 32])), Err(ErrorCode::InvalidToken));
        let (_, rest) = token.split_once('.').unwrap();
        let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{rest}");
        assert_eq!(verify(node, 150, &none), Err(ErrorCode::InvalidToken));
    }

    proptest! {
        #[test]
        fn foreign_text_never_panics(token in ".{0,300}") {
            let key = TokenKey::default();
            assert!(key.set(&hex::encode([7; 32])));
            prop_assert!(key.verify::<JoinClaims>(NodeId::from_parts(1, [2; 10]), 0, &token).is_err());
        }
    }
}

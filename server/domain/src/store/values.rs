//! How our types are written in columns: identifiers, words and names as text, structures as JSON text.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{Database, Decode, Encode, Type, encode::IsNull, error::BoxDynError};
use std::{error::Error as StdError, fmt::Display, str::FromStr};

/// A type with one text form.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<T>(pub T);

/// A name that people chose; checked again when read.
#[derive(Debug, Clone)]
pub(super) struct Name<T>(pub T);

/// A structure as JSON.
#[derive(Debug, Clone)]
pub(super) struct JsonText<T>(pub T);

/// Text on the wire for all three.
macro_rules! as_text {
    ($wrapper:ident) => {
        impl<T, DB: Database> Type<DB> for $wrapper<T>
        where
            String: Type<DB>,
        {
            fn type_info() -> DB::TypeInfo {
                String::type_info()
            }

            fn compatible(info: &DB::TypeInfo) -> bool {
                String::compatible(info)
            }
        }
    };
}

as_text!(Text);
as_text!(Name);
as_text!(JsonText);

impl<'q, T: Display, DB: Database> Encode<'q, DB> for Text<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.to_string().encode(buffer)
    }
}

impl<'r, T: FromStr, DB: Database> Decode<'r, DB> for Text<T>
where
    String: Decode<'r, DB>,
    T::Err: StdError + Send + Sync + 'static,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(String::decode(value)?.parse()?))
    }
}

impl<'q, T: Display, DB: Database> Encode<'q, DB> for Name<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.0.to_string().encode(buffer)
    }
}

impl<'r, T: TryFrom<String>, DB: Database> Decode<'r, DB> for Name<T>
where
    String: Decode<'r, DB>,
    T::Error: StdError + Send + Sync + 'static,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(String::decode(value)?.try_into()?))
    }
}

impl<'q, T: Serialize, DB: Database> Encode<'q, DB> for JsonText<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut DB::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_string(&self.0)?.encode(buffer)
    }
}

impl<'r, T: DeserializeOwned, DB: Database> Decode<'r, DB> for JsonText<T>
where
    String: Decode<'r, DB>,
{
    fn decode(value: DB::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(&String::decode(value)?)?))
    }
}

/// Columns hold signed numbers only.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A column that never holds a negative number.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

//! Bodies of requests.

use crate::http::Problem;
use http::StatusCode;
use protocol::names::ClientName;
use serde::de::DeserializeOwned;

/// Reads a body, whatever it says that it is. What is wrong with it is said, a comma before a closing brace included.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut deserializer);
    let value =
        read.map_err(|error| Problem::invalid_body(format!("The body is not what this address takes: {error}.")))?;
    deserializer.end().map_err(|error| Problem::invalid_body(format!("There is more than one body: {error}.")))?;
    Ok(value)
}

/// A name of a client or supervisor.
pub fn client(field: &str, text: String) -> Result<ClientName, Problem> {
    ClientName::try_from(text).map_err(|error| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "client_id_invalid", format!("{field} {error}."))
    })
}

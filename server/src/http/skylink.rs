//! What Skylink clients ask of their room server: `GET /api/{appKey}/{room}`, with credentials
//! `/api/{appKey}/{room}/{start}/{duration}?cred=…`, and a place where to leave statistics.

use super::{ClientAddress, Problem, Web, cross_origin};
use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
    routing::{get, options},
};
use domain::skylink::{Credentials, RoomGrant, RoomRefusal, RoomRequest, open_room};
use http::{HeaderMap, StatusCode, Uri};
use protocol::{ids::AppKeyId, names::RoomName, skylink::Generation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SDK_VERSION: &str = "skylink_sdk_version";
const ALLOWED_HEADERS: &str =
    "content-type, skylink_sdk_type, skylink_sdk_version, skylink_api_version, x-server-select";
const METHODS: &str = "GET, POST, OPTIONS";
/// First folders under `/api` that are something else.
const RESERVED: [&str; 4] = ["v1", "v2", "console", "docs"];

/// The routes of the room server.
pub fn routes() -> Router<Web> {
    let unknown = || async { Problem::not_found() };
    Router::new()
        .route("/api/{app_key}/{*room}", get(open).options(preflight).fallback(unknown))
        .route("/rest/stats/{*kind}", options(preflight).post(forget))
}

async fn preflight(headers: HeaderMap) -> Response {
    cross_origin::preflight(&headers, METHODS, ALLOWED_HEADERS)
}

/// Takes statistics and drops them: clients complain where there is nobody to take them.
async fn forget(headers: HeaderMap, _body: Bytes) -> Response {
    cross_origin::readable(&headers, Json(json!({})).into_response())
}

#[derive(Deserialize)]
struct Signature {
    cred: Option<String>,
}

async fn open(
    State(web): State<Web>,
    Extension(client): Extension<ClientAddress>,
    Path((app_key, room)): Path<(String, String)>,
    Query(signature): Query<Signature>,
    headers: HeaderMap,
) -> Response {
    if RESERVED.contains(&app_key.as_str()) {
        return Problem::not_found().into_response();
    }
    let answer = match web.join_pace.admit(client) {
        Err(problem) => Err(Refusal::new(problem.status(), 4021, problem.detail())),
        Ok(()) => match request(&app_key, &room, signature.cred, &headers) {
            Ok(request) => open_room(&web.services, request).await.map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        },
    };
    let response = match answer {
        Ok(grant) => Json(granted(&grant)).into_response(),
        Err(Refusal { status, document }) => (status, Json(document)).into_response(),
    };
    cross_origin::readable(&headers, response)
}

/// A refusal as the clients read it.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    document: RefusalDocument,
}

#[derive(Debug, Serialize)]
struct RefusalDocument {
    success: bool,
    error: u16,
    info: String,
}

impl Refusal {
    fn new(status: StatusCode, error: u16, info: &str) -> Self {
        Self { status, document: RefusalDocument { success: false, error, info: info.to_owned() } }
    }
}

impl From<RoomRefusal> for Refusal {
    fn from(refusal: RoomRefusal) -> Self {
        let (status, error) = match &refusal {
            RoomRefusal::UnknownKey => (StatusCode::FORBIDDEN, 4001),
            RoomRefusal::OriginNotAllowed => (StatusCode::FORBIDDEN, 4003),
            RoomRefusal::CredentialsMalformed => (StatusCode::FORBIDDEN, 4004),
            RoomRefusal::CredentialsNotMatching => (StatusCode::FORBIDDEN, 4005),
            RoomRefusal::NoMediaNode => (StatusCode::SERVICE_UNAVAILABLE, 4021),
            RoomRefusal::Failed(error) => {
                tracing::error!(?error, "a room could not be opened");
                (StatusCode::INTERNAL_SERVER_ERROR, 4021)
            }
        };
        Self::new(status, error, &refusal.to_string())
    }
}

/// Clients encode nothing, so a room's name may hold slashes; with credentials the last two segments are theirs.
fn request(app_key: &str, path: &str, cred: Option<String>, headers: &HeaderMap) -> Result<RoomRequest, Refusal> {
    let app_key: AppKeyId = app_key.parse().map_err(|_| RoomRefusal::UnknownKey)?;
    let (room, credentials) = match cred {
        None => (path, None),
        Some(cred) => {
            let mut parts = path.rsplitn(3, '/');
            let (Some(duration), Some(start), Some(room)) = (parts.next(), parts.next(), parts.next()) else {
                return Err(RoomRefusal::CredentialsMalformed.into());
            };
            // A plus that was not encoded has become a space.
            let signature = cred.replace(' ', "+");
            (room, Some(Credentials { start: start.to_owned(), duration: duration.to_owned(), signature }))
        }
    };
    let room = RoomName::try_from(room.to_owned())
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, 400, &format!("The name of the room {error}.")))?;
    let sdk_version = headers.get(SDK_VERSION).and_then(|version| version.to_str().ok()).map(str::to_owned);
    Ok(RoomRequest { app_key, room, credentials, origin: cross_origin::origin(headers), sdk_version })
}

fn granted(grant: &RoomGrant) -> Value {
    let (host, port) = host_and_port(&grant.signaling_url);
    // 2.x takes the text as it is, the others append a port.
    let server = if grant.generation == Generation::Modern { format!("{host}:{port}") } else { host };
    json!({
        "success": true,
        "cid": grant.application,
        "apiOwner": grant.application,
        "ipSigserver": server,
        "ipSigserverPath": "/socket.io",
        "httpPortList": [port],
        "httpsPortList": [port],
        "isPrivileged": grant.key.privileged,
        "autoIntroduce": grant.key.auto_introduce,
        "hasMCU": grant.relay,
        "enable_stats_config": false,
        "hasPersistentMessage": false,
        "username": grant.peer,
        "userCred": grant.token,
        "timeStamp": grant.issued.to_string(),
        "room_key": grant.room_key,
        "roomCred": grant.room_key,
        "start": grant.start,
        "len": grant.hours,
        "pc_constraints": "{}",
        "offer_constraints": "{}",
        "media_constraints": "{}",
        "roomSessionId": grant.room_key,
        "peerSessionId": grant.peer,
    })
}

fn host_and_port(address: &str) -> (String, u16) {
    let uri = address.parse::<Uri>().unwrap_or_default();
    let usual = if uri.scheme_str() == Some("wss") { 443 } else { 80 };
    (uri.host().unwrap_or("localhost").to_owned(), uri.port_u16().unwrap_or(usual))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(path: &str, cred: Option<&str>) -> RoomRequest {
        request(&AppKeyId::from_parts(1, [1; 10]).to_string(), path, cred.map(str::to_owned), &HeaderMap::new())
            .unwrap()
    }

    #[test]
    fn rooms_may_have_slashes_and_credentials_are_read_from_the_right() {
        assert_eq!(parsed("a/b", None).room.as_str(), "a/b");
        let request = parsed("my room/é/2026-11-21T10:00:00.000Z/0.5", Some("a b="));
        assert_eq!(request.room.as_str(), "my room/é");
        let credentials = request.credentials.unwrap();
        assert_eq!(
            [credentials.start.as_str(), &credentials.duration, &credentials.signature],
            ["2026-11-21T10:00:00.000Z", "0.5", "a+b="]
        );
    }

    #[test]
    fn refusals_have_the_clients_codes() {
        let code = |key: &str, path: &str, cred: Option<&str>| {
            let refused = request(key, path, cred.map(str::to_owned), &HeaderMap::new()).unwrap_err();
            (refused.status.as_u16(), refused.document.error)
        };
        let known = AppKeyId::from_parts(1, [1; 10]).to_string();
        assert_eq!(code("5f874168", "room", None), (403, 4001));
        assert_eq!(code(&known, "room/1", Some("x")), (403, 4004));
        assert_eq!(code(&known, &"x".repeat(200), None), (400, 400));
    }

    #[test]
    fn the_signaling_address_is_taken_apart() {
        for (address, host, port) in [
            ("ws://localhost:3001", "localhost", 3001),
            ("wss://media.example", "media.example", 443),
            ("ws://media.example/", "media.example", 80),
        ] {
            assert_eq!(host_and_port(address), (host.to_owned(), port));
        }
    }
}

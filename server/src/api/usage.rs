//! What an organization used.

use super::{authentication::Caller, request::Query};
use crate::http::{Problem, Web};
use axum::{Json, extract::State};
use domain::usage::{self, Month};
use http::StatusCode;
use protocol::ids::ApplicationId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MonthQuery {
    /// In UTC; this month without it.
    #[param(example = "2026-11", pattern = r"^\d{4}-\d{2}$")]
    month: Option<String>,
}

/// What was used in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct Usage {
    #[schema(example = "2026-11")]
    month: String,
    /// By application; those without any are left out.
    items: Vec<ApplicationUsage>,
}

/// What one application used in a month. Recordings count in the month in which they began, also when they were deleted
/// since.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationUsage {
    #[schema(value_type = String, example = "app_019aa2c1000070008000000000000000")]
    application_id: ApplicationId,
    /// Finished ones.
    recordings: u64,
    /// Those that ended without a file.
    failed: u64,
    recorded_seconds: u64,
    bytes: u64,
    /// Time that peers spent in rooms; it counts in the month in which they left.
    peer_seconds: u64,
}

/// Read what was used in a month
#[utoipa::path(
    get,
    path = "/usage",
    operation_id = "getUsage",
    tag = "Usage",
    params(MonthQuery),
    security(("apiKey" = ["usage:read"])),
    responses((status = 200, description = "What the applications that the key reaches used.", body = Usage)),
)]
pub async fn get(
    State(web): State<Web>,
    Caller(access): Caller,
    Query(query): Query<MonthQuery>,
) -> Result<Json<Usage>, Problem> {
    let month = match query.month.as_deref().map(str::parse::<Month>) {
        Some(Ok(month)) => month,
        Some(Err(error)) => {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "month_invalid",
                format!("The query is wrong: {error}."),
            ));
        }
        None => usage::this_month(&web.services),
    };
    let items = usage::of_month(&web.services, &access, month).await?.into_iter().map(|used| ApplicationUsage {
        application_id: used.application,
        recordings: used.recordings,
        failed: used.failed,
        recorded_seconds: used.recorded_ms / 1000,
        bytes: used.bytes,
        peer_seconds: used.peer_ms / 1000,
    });
    Ok(Json(Usage { month: month.to_string(), items: items.collect() }))
}

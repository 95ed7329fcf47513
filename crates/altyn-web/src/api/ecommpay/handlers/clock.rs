//! The clock of a test project, moved by whoever has the project's secret (ruling 15).

use altyn_app::clock::advance_clock;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;

use super::{Answer, open, taken};
use crate::api::ecommpay::read;
use crate::api::ecommpay::view::date;
use crate::api::ecommpay::wire::ClockMoved;
use crate::state::Web;

/// `POST /v2/test/clock`.
pub async fn forward(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let by_ms = read::forward(&request)?;
    let project = request.project.project.id;
    let now = advance_clock(&web.context, project, by_ms).await?;
    Ok(Json(ClockMoved { status: "success", project_id: project.get(), now: date(now) })
        .into_response())
}

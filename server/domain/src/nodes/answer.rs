//! Answers what nodes ask.

use crate::{
    error::Result,
    recordings::{self, StartRequest},
    services::Services,
    streamrec::{
        lifecycle,
        uploads::{self, UploadRequest},
    },
};
use protocol::{
    ids::NodeId,
    link::{Answer, Query},
};
use std::error::Error as StdError;

/// Answers any query of a node; what fails inside is logged and answered with `Unavailable`.
pub async fn answer(services: &Services, node: NodeId, query: Query) -> Answer {
    match try_answer(services, node, query).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::warn!(%node, error = &error as &dyn StdError, "a node's query was not answered");
            Answer::Unavailable
        }
    }
}

async fn try_answer(services: &Services, node: NodeId, query: Query) -> Result<Answer> {
    match query {
        Query::StartRecording { request, application, app_key, room, peer } => {
            let request = StartRequest { request, application, app_key, room, peer };
            Ok(match recordings::start(services, node, request).await? {
                Ok(spec) => Answer::Recording { spec },
                Err(refusal) => Answer::Refused { refusal },
            })
        }
        Query::ResumeRecording { recording } => {
            let spec = recordings::resume(services, node, recording).await?;
            Ok(spec.map_or(Answer::Gone, |spec| Answer::Recording { spec }))
        }
        Query::BeginUpload { recording, refused } => {
            recordings::begin_upload(services, node, recording, refused.as_ref()).await
        }
        Query::OpenSession { session, token, origin } => {
            lifecycle::opened(services, node, session, token.expose(), origin.as_deref()).await
        }
        Query::StartUpload { request, session, stream, url, webhook } => {
            let request = UploadRequest { request, session, stream, url, webhook };
            Ok(match uploads::start(services, node, request).await? {
                Ok(spec) => Answer::Recording { spec },
                Err(refusal) => Answer::Refused { refusal },
            })
        }
        Query::UploadTarget { recording } => uploads::target(services, node, recording).await,
        Query::SignParts { recording, upload, parts } => {
            recordings::sign_parts(services, node, recording, &upload, &parts).await
        }
        Query::SignPoster { recording, upload } => recordings::sign_poster(services, node, recording, &upload).await,
    }
}

//! The bucket that recordings go to, and whether everything they need works there.

mod api;

use crate::{
    components::{Card, EmptyState, FormNotice, Instant, PageHeader, Problem},
    note::Form,
};
use api::{UseEmbeddedStorage, ValidateStorage, load_storage};
use leptos::{either::EitherOf3, prelude::*, server_fn::ServerFn};
use protocol::ids::StorageId;
use serde::{Deserialize, Serialize};

/// The org's storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageView {
    pub id: StorageId,
    pub endpoint: String,
    pub region: String,
    pub bucket: String,
    pub validated_ms: Option<u64>,
    pub steps: Vec<StepView>,
}

/// One step of the latest validation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    pub label: String,
    pub outcome: StepOutcome,
    pub remedy: Option<String>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepOutcome {
    Passed,
    Failed,
    Skipped,
}

#[component]
pub fn StoragePage() -> impl IntoView {
    view! {
        <PageHeader title="Storage" summary="Finished recordings go straight into this bucket. The media node never sees its credentials."/>
        <Suspense>
            {Suspend::new(async move {
                match load_storage().await {
                    Ok(Some(storage)) => EitherOf3::A(view! { <StorageCards storage/> }),
                    Ok(None) => EitherOf3::B(view! { <NoStorage/> }),
                    Err(error) => EitherOf3::C(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn StorageCards(storage: StorageView) -> impl IntoView {
    let state = match storage.validated_ms {
        Some(at) => {
            view! { <span class="badge badge-good">"Validated"</span>" "<Instant unix_ms=at/>" UTC" }.into_any()
        }
        None => {
            view! { <span class="badge badge-bad">"Not validated"</span>" Recording cannot be switched on." }.into_any()
        }
    };
    view! {
        <div class="cards">
            <Card id="bucket" title="Bucket">
                <dl class="facts">
                    <dt>"Bucket"</dt><dd><code>{storage.bucket}</code></dd>
                    <dt>"Endpoint"</dt><dd><code class="identifier">{storage.endpoint}</code></dd>
                    <dt>"Region"</dt><dd><code>{storage.region}</code></dd>
                    <dt>"State"</dt><dd>{state}</dd>
                </dl>
            </Card>
            <Card id="validation" title="Validation">
                <Steps steps=storage.steps/>
                <form method="post" action=ValidateStorage::url()>
                    <input type="hidden" name="storage" value=storage.id.to_string()/>
                    <button type="submit" class="button">"Validate again"</button>
                </form>
                <FormNotice form=Form::Storage done="Everything was tried just now."/>
            </Card>
        </div>
    }
}

#[component]
fn Steps(steps: Vec<StepView>) -> impl IntoView {
    let items = steps.into_iter().map(|step| {
        let (class, mark, word) = match step.outcome {
            StepOutcome::Passed => ("step step-passed", "M3 8.5l3.500 3.500L13 4.500", "passed"),
            StepOutcome::Failed => ("step step-failed", "M4 4l8 8M12 4l-8 8", "failed"),
            StepOutcome::Skipped => ("step", "M4 8h8", "skipped"),
        };
        view! {
            <li class=class>
                <svg class="step-mark" viewBox="0 0 16 16" aria-hidden="true"><path d=mark/></svg>
                <span>{step.label}<span class="visually-hidden">": "{word}</span></span>
                {step.remedy.map(|remedy| view! { <p class="step-remedy">{remedy}</p> })}
            </li>
        }
    });
    view! { <ol class="steps">{items.collect_view()}</ol> }
}

#[component]
fn NoStorage() -> impl IntoView {
    view! {
        <EmptyState title="No storage yet">
            <p>"Recordings need a bucket. The store that runs inside Mixdown is ready to use."</p>
            <form method="post" action=UseEmbeddedStorage::url()>
                <button type="submit" class="button button-primary">"Use the embedded store"</button>
            </form>
            <FormNotice form=Form::Storage/>
        </EmptyState>
    }
}

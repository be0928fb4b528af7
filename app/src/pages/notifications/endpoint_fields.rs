use super::{
    view::{EndpointView, EventView},
    words,
};
use crate::components::{Choice, Field};
use leptos::prelude::*;
use protocol::webhook::{BodyFormat, EventType, Signing};

/// Where an endpoint is and what it is told.
#[component]
pub fn AddressFields(url: String, chosen: Vec<EventType>, events: Vec<EventView>) -> impl IntoView {
    let boxes =
        events.into_iter().filter(|known| known.event != EventType::Test).map(|EventView { event, summary }| {
            let checked = chosen.contains(&event);
            view! {
                <label class="check" title=summary>
                    <input type="checkbox" name="events[]" value=event.as_str() checked=checked/>
                    <code>{event.as_str()}</code>
                </label>
            }
        });
    view! {
        <Field
            id="endpoint-url"
            name="url"
            label="Address"
            kind="url"
            value=url
            placeholder="https://example.com/mixdown"
            hint="Public https, on port 443 or 8443."
        />
        <fieldset class="field">
            <legend>"Events"</legend>
            <div class="checks">{boxes.collect_view()}</div>
            <p class="hint">"None ticked means every event, also those that are added later."</p>
        </fieldset>
    }
    .into_any()
}

/// What stays as it is once an endpoint exists.
#[component]
pub fn KindFields() -> impl IntoView {
    let formats = BodyFormat::ALL.iter().map(|&each| (each.to_string(), words::format(each).to_owned())).collect();
    let signings = Signing::ALL.iter().map(|&each| (each.to_string(), words::signing(each).to_owned())).collect();
    view! {
        <Choice id="endpoint-format" name="format" label="Bodies" options=formats value=BodyFormat::Standard.to_string()
            hint="Every request has the headers of Standard Webhooks, whatever its body."/>
        <Choice id="endpoint-signing" name="signing" label="Signed with" options=signings value=Signing::Hmac.to_string()/>
    }
    .into_any()
}

/// What is told, in one line.
pub fn told(endpoint: &EndpointView) -> String {
    if endpoint.events.is_empty() {
        return "every event".to_owned();
    }
    endpoint.events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ")
}

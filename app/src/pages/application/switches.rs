use super::{
    api::{SetRecording, SetRelay},
    view::MissingCondition,
};
use crate::{
    components::{Card, FormNotice},
    note::Form,
    paths,
};
use leptos::{prelude::*, server_fn::ServerFn};
use protocol::ids::ApplicationId;

/// Media Relay and Recording.
#[component]
pub fn SwitchesCard(
    application: ApplicationId,
    relay: bool,
    recording: bool,
    missing: Vec<MissingCondition>,
) -> impl IntoView {
    view! {
        <Card id="switches" title="Calls">
            <Setting
                application
                form=Form::Relay
                action=SetRelay::url()
                name="Media Relay"
                id="relay"
                help="Audio and video go through Mixdown's node. When off, participants connect to each other directly. Switching it ends running calls of this application; recordings of them are delivered."
                on=relay
            />
            <Setting
                application
                form=Form::Recording
                action=SetRecording::url()
                name="Recording"
                id="recording"
                help="Participants may start recordings. Switching it off stops the running ones within seconds and delivers what they captured."
                on=recording
            >
                <Conditions missing/>
            </Setting>
        </Card>
    }
}

/// One switch with what it does, and below it what its form had to say.
#[component]
fn Setting(
    application: ApplicationId,
    form: Form,
    /// Where the form goes.
    action: &'static str,
    name: &'static str,
    /// Unique on the page; names the parts that describe the switch.
    id: &'static str,
    help: &'static str,
    on: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let (label, description) = (format!("{id}-label"), format!("{id}-help"));
    view! {
        <div class="setting">
            <div class="setting-text">
                <h3 id=label.clone()>{name}</h3>
                <p id=description.clone() class="muted">{help}</p>
            </div>
            <form method="post" action=action>
                <input type="hidden" name="application" value=application.to_string()/>
                <SwitchButton on label description/>
            </form>
            <FormNotice form/>
            {children.map(|children| children())}
        </div>
    }
}

/// A button that says what pressing it brings about; the form carries the new position.
#[component]
fn SwitchButton(
    on: bool,
    /// Identifiers of what names and describes it.
    label: String,
    description: String,
) -> impl IntoView {
    view! {
        <input type="hidden" name="on" value=(!on).to_string()/>
        <button
            type="submit"
            role="switch"
            class="switch"
            aria-checked=on.to_string()
            aria-labelledby=label
            aria-describedby=description
        >
            <span class="switch-track" aria-hidden="true"></span>
            <span class="switch-word" aria-hidden="true">{if on { "On" } else { "Off" }}</span>
        </button>
    }
}

/// What Recording still needs, each with the way to get it.
#[component]
fn Conditions(missing: Vec<MissingCondition>) -> impl IntoView {
    if missing.is_empty() {
        return None;
    }
    let items = missing.into_iter().map(|condition| {
        let advice = match condition.code.as_str() {
            "relay_required" => view! { "Switch it on above." }.into_any(),
            "storage_not_validated" => {
                view! { <a href=paths::RECORDINGS>"Open the storage and check it."</a> }.into_any()
            }
            "plan_required" => view! { "Ask whoever runs this installation to change the plan." }.into_any(),
            _ => ().into_any(),
        };
        view! { <li data-condition=condition.code>{condition.sentence}" "{advice}</li> }
    });
    Some(view! {
        <div class="notice conditions">
            <p>"Recording needs:"</p>
            <ul>{items.collect_view()}</ul>
        </div>
    })
}

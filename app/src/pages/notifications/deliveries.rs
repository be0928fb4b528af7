use super::{
    api::{ReplayFailed, list_deliveries},
    delivery::DeliveryPanel,
    view::{DeliveryList, DeliveryView},
    words,
};
use crate::{
    components::{Card, Choice, EmptyState, FormNotice, Instant, PageHeader, Problem},
    format,
    load::load,
    note::Form,
    paths,
};
use leptos::{either::Either, prelude::*, server_fn::ServerFn};
use leptos_router::hooks::{use_params_map, use_query_map};
use protocol::{
    ids::EndpointId,
    webhook::{DeliveryState, EventType},
};

/// What of the log the address names; empty texts filter nothing.
#[derive(Debug, Clone, Default)]
struct Selection {
    application: String,
    endpoint: String,
    event: String,
    state: String,
    after: String,
    /// The delivery that is looked at.
    delivery: String,
}

impl Selection {
    fn from_address() -> Self {
        let query = use_query_map();
        let named = |name: &str| query.read_untracked().get(name).unwrap_or_default();
        Self {
            application: use_params_map().read_untracked().get("id").unwrap_or_default(),
            endpoint: named("endpoint"),
            event: named("event"),
            state: named("state"),
            after: named("after"),
            delivery: named("delivery"),
        }
    }

    /// The address of the same selection.
    fn address(&self) -> String {
        let pairs = [
            ("endpoint", &self.endpoint),
            ("event", &self.event),
            ("state", &self.state),
            ("after", &self.after),
            ("delivery", &self.delivery),
        ];
        let query =
            pairs.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={value}"));
        let query = query.collect::<Vec<_>>().join("&");
        format!("{}?{query}", paths::deliveries(&self.application))
    }

    fn looking_at(&self, delivery: impl ToString) -> Self {
        Self { delivery: delivery.to_string(), ..self.clone() }
    }

    fn is_filtered(&self) -> bool {
        [&self.endpoint, &self.event, &self.state].into_iter().any(|filter| !filter.is_empty())
    }
}

/// What became of each message of an application.
#[component]
pub fn DeliveriesPage() -> impl IntoView {
    let selection = Selection::from_address();
    view! {
        <Suspense>
            {Suspend::new(async move {
                let Selection { application, endpoint, event, state, after, .. } = selection.clone();
                match load(list_deliveries(application, endpoint, event, state, after)).await {
                    Ok(list) => Either::Left(view! { <Deliveries list selection/> }),
                    Err(error) => Either::Right(view! { <Problem error/> }),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Deliveries(list: DeliveryList, selection: Selection) -> impl IntoView {
    let DeliveryList { name, endpoints, items, next, may_change } = list;
    let close = selection.looking_at("").address();
    let panel = (!selection.delivery.is_empty())
        .then(|| view! { <DeliveryPanel delivery=selection.delivery.clone() here=selection.address() close=format!("{close}#log")/> });
    let only = endpoints.iter().find(|(id, _)| id.to_string() == selection.endpoint).map(|(id, _)| *id);
    let replay = only.filter(|_| may_change).map(|endpoint| view! { <ReplayCard endpoint/> });
    let older = next.map(|next| {
        let address = Selection { after: next.to_string(), ..selection.looking_at("") }.address();
        view! { <a class="button" href=address rel="next">"Older"</a> }
    });
    let newest = (!selection.after.is_empty()).then(|| {
        let address = Selection { after: String::new(), ..selection.looking_at("") }.address();
        view! { <a class="button" href=address>"Newest"</a> }
    });
    let log = if items.is_empty() {
        let told = if selection.is_filtered() || !selection.after.is_empty() {
            "Nothing fits the filter."
        } else {
            "As soon as something happens that an endpoint is told, it is listed here."
        };
        Either::Left(view! { <EmptyState title="No deliveries"><p>{told}</p></EmptyState> })
    } else {
        Either::Right(view! { <Log items selection=selection.clone()/> })
    };
    let (above, beside) = (paths::application(&selection.application), paths::notifications(&selection.application));
    view! {
        <PageHeader title="Deliveries" parent=(name, above) summary="What became of each message to your webhook endpoints.">
            <a class="button" href=beside>"Notifications"</a>
        </PageHeader>
        {panel}
        <Card id="log" title="Log" wide=true>
            <Filter endpoints selection/>
            {log}
            <nav class="pages" aria-label="Pages">{newest}{older}</nav>
        </Card>
        {replay}
    }
    .into_any()
}

/// A plain form, so that the address says what is shown.
#[component]
fn Filter(endpoints: Vec<(EndpointId, String)>, selection: Selection) -> impl IntoView {
    let every = |text: &str| vec![(String::new(), text.to_owned())];
    let mut to = every("All endpoints");
    to.extend(endpoints.into_iter().map(|(id, url)| (id.to_string(), url)));
    let mut events = every("All events");
    events.extend(EventType::ALL.iter().map(|event| (event.to_string(), event.to_string())));
    let mut states = every("All");
    let state = |state| (DeliveryState::as_str(state).to_owned(), words::delivery_badge(state, 1).1.to_owned());
    states.extend(DeliveryState::ALL.iter().copied().map(state));
    view! {
        <form class="form form-columns" method="get" action=paths::deliveries(&selection.application)>
            <Choice id="filter-endpoint" name="endpoint" label="Endpoint" options=to value=selection.endpoint/>
            <Choice id="filter-event" name="event" label="Event" options=events value=selection.event/>
            <Choice id="filter-state" name="state" label="State" options=states value=selection.state/>
            <button type="submit" class="button">"Show"</button>
        </form>
    }
    .into_any()
}

#[component]
fn Log(items: Vec<DeliveryView>, selection: Selection) -> impl IntoView {
    let rows = items.into_iter().map(|delivery| {
        let address = format!("{}#delivery", selection.looking_at(delivery.id).address());
        view! { <Row delivery address/> }
    });
    view! {
        <div class="table-frame">
            <table class="table">
                <caption class="visually-hidden">"Deliveries, newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"State"</th><th scope="col">"Event"</th><th scope="col">"To"</th>
                        <th scope="col">"When (UTC)"</th><th scope="col">"Attempts"</th><th scope="col">"Answer"</th>
                        <th scope="col"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn Row(delivery: DeliveryView, address: String) -> impl IntoView {
    let (class, word) = words::delivery_badge(delivery.state, delivery.attempts);
    let answer = match (delivery.status, delivery.problem) {
        (Some(status), _) => status.to_string(),
        (None, Some(_)) => "none".to_owned(),
        (None, None) => String::new(),
    };
    let of = format!(" {} of {}", delivery.event, format::instant(delivery.created_ms));
    view! {
        <tr data-delivery=delivery.id.to_string()>
            <td data-label="State"><span class=class>{word}</span></td>
            <th scope="row" data-label="Event"><code>{delivery.event.as_str()}</code></th>
            <td data-label="To" class="wrap">{delivery.host}</td>
            <td data-label="When"><Instant unix_ms=delivery.created_ms/></td>
            <td data-label="Attempts" class="number">{delivery.attempts}</td>
            <td data-label="Answer" class="number">{answer}</td>
            <td class="table-actions"><a class="button button-small" href=address>"Look"<span class="visually-hidden">{of}</span></a></td>
        </tr>
    }
    .into_any()
}

/// Sends again what one endpoint did not get.
#[component]
fn ReplayCard(endpoint: EndpointId) -> impl IntoView {
    view! {
        <Card id="replay" title="Send again">
            <p class="muted">"After an outage of your server: everything that failed there is sent again, oldest first, 1000 messages at a time."</p>
            <form class="form form-row" method="post" action=ReplayFailed::url()>
                <input type="hidden" name="endpoint" value=endpoint.to_string()/>
                <div class="field">
                    <label for="replay-hours">"What failed within"</label>
                    <select id="replay-hours" name="hours">
                        <option value="1">"the last hour"</option>
                        <option value="24" selected=true>"the last day"</option>
                        <option value="168">"the last 7 days"</option>
                        <option value="720">"the last 30 days"</option>
                    </select>
                </div>
                <button type="submit" class="button">"Send again"</button>
            </form>
            <FormNotice form=Form::ReplayFailed done="They are being sent again."/>
        </Card>
    }
    .into_any()
}

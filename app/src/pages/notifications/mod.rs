//! Notifications of an application: where they go, and what became of each.

mod api;
mod deliveries;
mod delivery;
mod endpoint;
mod endpoint_fields;
mod endpoints;
pub mod view;
mod words;

pub use api::load_endpoints;
pub use deliveries::DeliveriesPage;
pub use endpoint::EndpointPage;
pub use endpoints::NotificationsPage;
pub use words::state_badge;

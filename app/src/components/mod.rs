//! Parts that pages are made of. None of them calls the server.

mod card;
mod copy;
mod form;
mod pipeline;
mod problem;
mod recording_badge;
mod shown_once;
mod time;

pub use card::{Card, EmptyState, PageHeader};
pub use copy::{CopyBlock, CopyButton, CopyControl, CopyText};
pub use form::{CheckBox, Choice, Field, FormNotice, Notice, TextArea, Tone};
pub use pipeline::Pipeline;
pub use problem::{Missing, Problem};
pub use recording_badge::RecordingBadge;
pub use shown_once::ShownOnce;
pub use time::{Elapsed, Instant};

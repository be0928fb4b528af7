//! JSON Schemas of all that is told, made from the code that tells it.

use super::events::{PeerData, RecordingData, RoomData, StorageData, TestData};
use protocol::webhook::EventType;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

/// One schema for each event that endpoints can want, of the whole body. Fields may be added, so receivers ignore those they do not know.
#[must_use]
pub fn schemas() -> Vec<(EventType, Value)> {
    EventType::ALL.iter().filter_map(|event| Some((*event, schema(*event)?))).collect()
}

/// What happened, in one sentence.
#[must_use]
pub fn summary(event: EventType) -> &'static str {
    match event {
        EventType::RoomStarted => "Somebody is the first in a room.",
        EventType::RoomEnded => "The last one has left a room.",
        EventType::PeerJoined => "Somebody came into a room.",
        EventType::PeerLeft => "Somebody left a room.",
        EventType::RecordingStarted => "A room is being recorded.",
        EventType::RecordingStopped => "A room is not being recorded any more; the file comes later.",
        EventType::RecordingMixing => "The file of a recording is being made.",
        EventType::RecordingReady => "The file of a recording is in the bucket.",
        EventType::RecordingFailed => "A recording ended without a file.",
        EventType::RecordingDeleted => "The file of a recording was deleted from the bucket.",
        EventType::StorageDegraded => "A storage does not work any more; recordings wait for it.",
        EventType::StorageRecovered => "A storage works again.",
        EventType::UploadReady => "The file of a StreamRec client is at the address it chose.",
        EventType::UploadFailed => "The address that a StreamRec client chose did not take its file.",
        EventType::SessionFinished => "The session of a StreamRec client ended.",
        EventType::SupervisorSessionFinished => "The session of a StreamRec supervisor ended.",
        EventType::Test => "Somebody wants to see whether messages arrive.",
    }
}

/// `None` for those that have the bodies of another product.
fn schema(event: EventType) -> Option<Value> {
    let data = match event {
        EventType::RoomStarted | EventType::RoomEnded => of::<RoomData<'_>>(),
        EventType::PeerJoined | EventType::PeerLeft => of::<PeerData<'_>>(),
        EventType::RecordingStarted
        | EventType::RecordingStopped
        | EventType::RecordingMixing
        | EventType::RecordingReady
        | EventType::RecordingFailed
        | EventType::RecordingDeleted => of::<RecordingData<'_>>(),
        EventType::StorageDegraded | EventType::StorageRecovered => of::<StorageData<'_>>(),
        EventType::Test => of::<TestData>(),
        EventType::UploadReady
        | EventType::UploadFailed
        | EventType::SessionFinished
        | EventType::SupervisorSessionFinished => return None,
    };
    Some(json!({
        "type": "object",
        "description": summary(event),
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": { "const": event.as_str() },
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "data": data,
        },
    }))
}

fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // A name of our code, which says nothing to a reader.
    schema.remove("title");
    schema.to_value()
}

//! The room's recording in the words of the clients.

use protocol::{
    ids::RecordingId,
    native::{RecordingError, RecordingSignal},
    skylink::Generation,
};
use serde_json::{Value, json};

/// What a client is told of the recording.
#[derive(Debug, Clone)]
pub struct News {
    pub state: RecordingSignal,
    pub recording: Option<RecordingId>,
    pub url: Option<String>,
    pub error: Option<RecordingError>,
}

/// Errors that no client has to hear of: somebody else was quicker.
const HARMLESS: [&str; 2] = ["already_recording", "not_recording"];

/// The messages for one client, in order. `refusals` counts the starts that were refused to it.
#[must_use]
pub fn written(news: &News, generation: Generation, refusals: &mut u64) -> Vec<Value> {
    let event = |action: &str, id: &str| json!({"type": "recordingEvent", "action": action, "recordingId": id});
    let id = news.recording.map(|recording| recording.to_string()).unwrap_or_default();
    match news.state {
        RecordingSignal::Start => vec![event("on", &id)],
        RecordingSignal::Stop => vec![event("off", &id)],
        // Later clients make an error of it.
        RecordingSignal::Link if generation == Generation::Early => {
            let mut link = event("url", &id);
            link["url"] = news.url.clone().into();
            vec![link]
        }
        RecordingSignal::Link => vec![],
        RecordingSignal::Error => {
            let Some(reason) = &news.error else { return vec![] };
            if HARMLESS.contains(&reason.code.as_str()) {
                return vec![];
            }
            let failed = |id: &str| {
                let mut failed = event("error", id);
                failed["error"] = reason.message.clone().into();
                failed
            };
            // After an error alone 0.9 clients could not start again; and of a recording that was never on they
            // would not hear at all.
            if news.recording.is_some() {
                return vec![failed(&id), event("off", &id)];
            }
            *refusals += 1;
            let id = format!("refused-{refusals}");
            vec![event("on", &id), failed(&id), event("off", &id)]
        }
    }
}

/// For clients that have no word for links, if they want it: the link as if somebody had written it.
#[must_use]
pub fn link_message(news: &News, generation: Generation) -> Option<Value> {
    let RecordingSignal::Link = news.state else { return None };
    let (recording, url) = news.recording.zip(news.url.as_ref())?;
    let data = json!({"type": "recordingLink", "recordingId": recording, "url": url});
    (generation != Generation::Early).then(|| json!({"type": "public", "data": data}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::recording::{FailureCause, StartRefusal};

    fn actions(news: &News, generation: Generation) -> Vec<String> {
        let messages = written(news, generation, &mut 0);
        messages.iter().map(|message| message["action"].as_str().unwrap().to_owned()).collect()
    }

    fn news(state: RecordingSignal, error: Option<RecordingError>) -> News {
        let recording = (state != RecordingSignal::Error).then(|| RecordingId::from_parts(1, [1; 10]));
        News { state, recording, url: Some("https://link".into()), error }
    }

    #[test]
    fn a_refused_start_is_heard_by_every_generation_and_leaves_it_able_to_start() {
        let refused = news(RecordingSignal::Error, Some(StartRefusal::RecordingOff.into()));
        assert_eq!(actions(&refused, Generation::Classic), ["on", "error", "off"]);
        let messages = written(&refused, Generation::Modern, &mut 3);
        assert!(messages.iter().all(|message| message["recordingId"] == "refused-4"));
        assert_eq!(messages[1]["error"], StartRefusal::RecordingOff.sentence());
        assert!(
            actions(&news(RecordingSignal::Error, Some(StartRefusal::AlreadyRecording.into())), Generation::Modern)
                .is_empty()
        );
    }

    #[test]
    fn off_follows_the_error_of_a_recording() {
        let failed = News {
            recording: Some(RecordingId::from_parts(1, [1; 10])),
            ..news(RecordingSignal::Error, Some(FailureCause::MixFailed.into()))
        };
        assert_eq!(actions(&failed, Generation::Classic), ["error", "off"]);
    }

    #[test]
    fn only_early_clients_get_the_link() {
        let link = news(RecordingSignal::Link, None);
        assert_eq!(written(&link, Generation::Early, &mut 0)[0]["url"], "https://link");
        for generation in [Generation::Classic, Generation::Modern] {
            assert!(actions(&link, generation).is_empty());
            let message = link_message(&link, generation).unwrap();
            assert_eq!((&message["type"], &message["data"]["url"]), (&json!("public"), &json!("https://link")));
        }
        assert_eq!(link_message(&link, Generation::Early), None);
        assert_eq!(link_message(&news(RecordingSignal::Stop, None), Generation::Modern), None);
        assert_eq!(actions(&news(RecordingSignal::Stop, None), Generation::Modern), ["off"]);
    }
}

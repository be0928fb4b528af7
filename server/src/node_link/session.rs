//! The order of messages on one link: what may come when, and what is to be done about it. Pure.

use domain::nodes::Report;
use protocol::{
    ids::{BootId, NodeId},
    link::{Event, LINK_VERSION, NodeMessage, Query},
};

/// The node broke the rules of the link; the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    #[error("malformed message")]
    Malformed,
    #[error("hello must come first")]
    HelloExpected,
    #[error("hello came twice")]
    SecondHello,
    #[error("unsupported link version")]
    Version,
    #[error("an event is missing")]
    EventGap,
    #[error("a command was acknowledged that was not sent")]
    UnknownCommand,
}

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    pub node: NodeId,
    pub boot: BootId,
    pub signaling_url: String,
    pub last_command: u64,
}

/// What to do about a message.
#[derive(Debug, Clone)]
pub enum Step {
    Register(Hello),
    Apply {
        sequence: u64,
        event: Event,
    },
    /// It was applied before: acknowledge what is applied, again.
    Repeat,
    Forget {
        command: u64,
    },
    Ask {
        id: u64,
        query: Query,
    },
    Report(Report),
}

/// One connection's place in the conversation.
#[derive(Debug, Default)]
pub struct Session {
    registered: bool,
    last_event: u64,
    last_sent: u64,
}

impl Session {
    /// Takes one message.
    ///
    /// # Errors
    /// When it must not come now.
    pub fn receive(&mut self, text: &str) -> Result<Step, Violation> {
        let message = serde_json::from_str(text).map_err(|_| Violation::Malformed)?;
        match (message, self.registered) {
            (NodeMessage::Hello { version, .. }, false) if version != LINK_VERSION => Err(Violation::Version),
            (NodeMessage::Hello { node, boot, signaling_url, last_command, .. }, false) => {
                Ok(Step::Register(Hello { node, boot, signaling_url, last_command }))
            }
            (NodeMessage::Hello { .. }, true) => Err(Violation::SecondHello),
            (_, false) => Err(Violation::HelloExpected),
            (NodeMessage::Event { sequence, .. }, true) if sequence <= self.last_event => Ok(Step::Repeat),
            // 0: this node is not known, or was forgotten after a long absence; it goes on numbering where it was.
            (NodeMessage::Event { sequence, event }, true)
                if self.last_event == 0 || sequence == self.last_event + 1 =>
            {
                Ok(Step::Apply { sequence, event })
            }
            (NodeMessage::Event { .. }, true) => Err(Violation::EventGap),
            (NodeMessage::Applied { command }, true) if command > self.last_sent => Err(Violation::UnknownCommand),
            (NodeMessage::Applied { command }, true) => Ok(Step::Forget { command }),
            (NodeMessage::Query { id, query }, true) => Ok(Step::Ask { id, query }),
            (NodeMessage::Report { rooms, peers, recordings, leaving }, true) => {
                Ok(Step::Report(Report { rooms, peers, recordings, leaving }))
            }
        }
    }

    /// The node is registered: it applied commands up to `last_command`, and we events up to `last_event`.
    pub fn registered(&mut self, last_event: u64, last_command: u64) {
        self.registered = true;
        self.last_event = last_event;
        self.last_sent = last_command;
    }

    /// An event was applied.
    pub fn applied(&mut self, sequence: u64) {
        self.last_event = self.last_event.max(sequence);
    }

    /// A command was sent.
    pub fn sent(&mut self, sequence: u64) {
        self.last_sent = self.last_sent.max(sequence);
    }

    /// Highest event applied.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.last_event
    }

    /// Highest command sent, or applied before this connection.
    #[must_use]
    pub fn last_sent(&self) -> u64 {
        self.last_sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ids::RecordingId;
    use serde_json::json;

    fn node() -> NodeId {
        NodeId::from_parts(1, [1; 10])
    }

    fn hello(version: u32) -> String {
        json!({"type": "hello", "version": version, "node": node(), "boot": BootId::from_parts(1, [2; 10]),
            "signalingUrl": "ws://localhost:3001", "lastCommand": 4})
        .to_string()
    }

    fn event(sequence: u64) -> String {
        let event = Event::RecordingMixing { recording: RecordingId::from_parts(1, [3; 10]) };
        serde_json::to_string(&NodeMessage::Event { sequence, event }).unwrap()
    }

    fn registered(last_event: u64) -> Session {
        let mut session = Session::default();
        assert!(matches!(session.receive(&hello(LINK_VERSION)), Ok(Step::Register(hello)) if hello.last_command == 4));
        session.registered(last_event, 4);
        session
    }

    #[test]
    fn hello_comes_first_and_once() {
        let mut session = Session::default();
        assert_eq!(session.receive(&event(1)).unwrap_err(), Violation::HelloExpected);
        assert_eq!(session.receive(&hello(LINK_VERSION + 1)).unwrap_err(), Violation::Version);
        assert_eq!(registered(0).receive(&hello(LINK_VERSION)).unwrap_err(), Violation::SecondHello);
    }

    #[test]
    fn events_are_applied_once_and_in_order() {
        let mut session = registered(7);
        assert!(matches!(session.receive(&event(7)), Ok(Step::Repeat)));
        assert_eq!(session.receive(&event(9)).unwrap_err(), Violation::EventGap);
        assert!(matches!(session.receive(&event(8)), Ok(Step::Apply { sequence: 8, .. })));
        session.applied(8);
        assert!(matches!(session.receive(&event(8)), Ok(Step::Repeat)));
        assert!(matches!(session.receive(&event(9)), Ok(Step::Apply { sequence: 9, .. })));
    }

    #[test]
    fn only_commands_that_were_sent_can_be_acknowledged() {
        let mut session = registered(0);
        let applied = |command| serde_json::to_string(&NodeMessage::Applied { command }).unwrap();
        assert!(matches!(session.receive(&applied(4)), Ok(Step::Forget { command: 4 })));
        assert_eq!(session.receive(&applied(5)).unwrap_err(), Violation::UnknownCommand);
        session.sent(5);
        assert!(session.receive(&applied(5)).is_ok());
    }

    #[test]
    fn garbage_is_a_violation() {
        for text in ["", "null", "[]", "{}", r#"{"type":"nope"}"#, r#"{"type":"event","sequence":-1}"#] {
            assert_eq!(registered(0).receive(text).unwrap_err(), Violation::Malformed, "{text}");
        }
    }
}

//! Whose turn it is to offer. The clients lose an offer that comes at the wrong moment for good, so there is never more
//! than one exchange under way, and what else is wanted waits for the next one.

/// How far the exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The client has not offered yet, which it does first.
    Fresh,
    Idle,
    /// The room works on the client's offer.
    Answering,
    /// The client has the answer.
    AwaitsAck,
    /// The room works on an offer of the node.
    Describing,
    /// The client has the offer.
    Offered,
    /// The room works on the client's answer.
    Accepting,
}

/// The exchange of descriptions with one client.
#[derive(Debug)]
pub struct Negotiation {
    stage: Stage,
    /// Something has changed that the client has to be offered.
    wanted: bool,
    /// Offers of the room that were made void before they came.
    void: usize,
}

impl Default for Negotiation {
    fn default() -> Self {
        Self { stage: Stage::Fresh, wanted: false, void: 0 }
    }
}

impl Negotiation {
    /// Something has to be offered, now or later.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether the room is to make an offer now.
    #[must_use]
    pub fn begin(&mut self) -> bool {
        if self.stage != Stage::Idle || !self.wanted {
            return false;
        }
        self.wanted = false;
        self.stage = Stage::Describing;
        true
    }

    /// The client offers, which it may at any time: its offer wins over the node's.
    pub fn client_offers(&mut self) {
        if self.stage == Stage::Describing {
            self.void += 1;
        }
        if matches!(self.stage, Stage::Describing | Stage::Offered) {
            self.wanted = true;
        }
        self.stage = Stage::Answering;
    }

    /// The room has answered. Whether to pass it on.
    #[must_use]
    pub fn room_answers(&mut self) -> bool {
        let expected = self.stage == Stage::Answering;
        if expected {
            self.stage = Stage::AwaitsAck;
        }
        expected
    }

    /// The client has applied the answer.
    pub fn client_acknowledges(&mut self) {
        if self.stage == Stage::AwaitsAck {
            self.stage = Stage::Idle;
        }
    }

    /// The room has made an offer. Whether to pass it on.
    #[must_use]
    pub fn room_offers(&mut self) -> bool {
        if self.void > 0 {
            self.void -= 1;
            return false;
        }
        let expected = self.stage == Stage::Describing;
        if expected {
            self.stage = Stage::Offered;
        }
        expected
    }

    /// The client answers. Whether the room is to have it.
    #[must_use]
    pub fn client_answers(&mut self) -> bool {
        let expected = self.stage == Stage::Offered;
        if expected {
            self.stage = Stage::Accepting;
        }
        expected
    }

    /// The client's answer is in force.
    pub fn accepted(&mut self) {
        if self.stage == Stage::Accepting {
            self.stage = Stage::Idle;
        }
    }

    /// Whether the client owes a message.
    #[must_use]
    pub fn awaits_client(&self) -> bool {
        matches!(self.stage, Stage::AwaitsAck | Stage::Offered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Negotiation {
        let mut negotiation = Negotiation::default();
        negotiation.client_offers();
        assert!(negotiation.room_answers());
        negotiation.client_acknowledges();
        negotiation
    }

    #[test]
    fn the_client_offers_first_and_its_acknowledgement_is_waited_for() {
        let mut negotiation = Negotiation::default();
        negotiation.want();
        assert!(!negotiation.begin());
        negotiation.client_offers();
        assert!(negotiation.room_answers());
        assert!(!negotiation.begin() && negotiation.awaits_client());
        negotiation.client_acknowledges();
        assert!(negotiation.begin());
    }

    #[test]
    fn changes_during_an_exchange_go_into_the_next_offer() {
        let mut negotiation = joined();
        negotiation.want();
        assert!(negotiation.begin());
        negotiation.want();
        negotiation.want();
        assert!(!negotiation.begin());
        assert!(negotiation.room_offers());
        assert!(negotiation.client_answers());
        assert!(!negotiation.begin());
        negotiation.accepted();
        assert!(negotiation.begin());
        assert!(negotiation.room_offers() && negotiation.client_answers());
        negotiation.accepted();
        assert!(!negotiation.begin());
    }

    #[test]
    fn an_offer_of_the_client_makes_the_nodes_void_and_it_comes_again_later() {
        for sent in [false, true] {
            let mut negotiation = joined();
            negotiation.want();
            assert!(negotiation.begin());
            if sent {
                assert!(negotiation.room_offers());
            }
            negotiation.client_offers();
            if !sent {
                assert!(!negotiation.room_offers());
            }
            assert!(!negotiation.client_answers(), "the offer was void");
            assert!(negotiation.room_answers());
            negotiation.client_acknowledges();
            assert!(negotiation.begin());
            assert!(negotiation.room_offers());
        }
    }

    #[test]
    fn an_offer_while_an_answer_is_applied_keeps_its_turn() {
        let mut negotiation = joined();
        negotiation.want();
        assert!(negotiation.begin() && negotiation.room_offers() && negotiation.client_answers());
        negotiation.client_offers();
        negotiation.accepted();
        assert!(negotiation.room_answers());
        negotiation.client_acknowledges();
        assert!(!negotiation.begin());
    }
}

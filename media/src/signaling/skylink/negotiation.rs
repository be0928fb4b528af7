//! Whose turn it is to offer. The clients lose an offer that comes at the wrong moment for good, so there is never more
//! than one exchange under way, and what else is wanted waits for the next one. When offers cross, one of the two gives
//! way, as in the perfect negotiation of WebRTC 1.0, section 10.7.

/// Who gives way when offers cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// The node: 0.x clients drop its offer while they have one of their own.
    Polite,
    /// The client, told so by the weight of the node's offer. 2.x clients take time to make an offer, in which they
    /// still take the node's, and then send both an offer and an answer: nobody could tell which of them counts.
    Impolite,
}

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
    manners: Manners,
    stage: Stage,
    /// Something has changed that the client has to be offered.
    wanted: bool,
    /// Offers of the room that were made void before they came.
    void_offers: usize,
    /// Answers of the room that nobody waits for any more.
    void_answers: usize,
    /// The client has an offer that was made void, and could still take it.
    void_is_out: bool,
}

impl Negotiation {
    #[must_use]
    pub fn new(manners: Manners) -> Self {
        Self { manners, stage: Stage::Fresh, wanted: false, void_offers: 0, void_answers: 0, void_is_out: false }
    }

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

    /// The client offers, which it may at any time. Whether the room is to have it.
    #[must_use]
    pub fn client_offers(&mut self) -> bool {
        match (self.stage, self.manners) {
            (Stage::Offered, Manners::Impolite) => return false,
            (Stage::Offered, Manners::Polite) => (self.wanted, self.void_is_out) = (true, true),
            (Stage::Describing, _) => (self.wanted, self.void_offers) = (true, self.void_offers + 1),
            (Stage::Answering, _) => self.void_answers += 1,
            _ => {}
        }
        self.stage = Stage::Answering;
        true
    }

    /// The room has answered. Whether to pass it on.
    #[must_use]
    pub fn room_answers(&mut self) -> bool {
        if self.void_answers > 0 {
            self.void_answers -= 1;
            return false;
        }
        let expected = self.stage == Stage::Answering;
        if expected {
            self.stage = Stage::AwaitsAck;
        }
        expected
    }

    /// The client has applied the answer.
    pub fn client_acknowledges(&mut self) {
        if self.stage == Stage::AwaitsAck {
            self.settle();
        }
    }

    /// The room has made an offer. Whether to pass it on.
    #[must_use]
    pub fn room_offers(&mut self) -> bool {
        if self.void_offers > 0 {
            self.void_offers -= 1;
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
        match self.stage {
            Stage::Offered => {
                self.stage = Stage::Accepting;
                return true;
            }
            // It took the void offer and dropped its own, so it waits for no answer: they begin again.
            Stage::Answering if self.void_is_out => self.void_answers += 1,
            Stage::AwaitsAck if self.void_is_out => {}
            _ => return false,
        }
        self.settle();
        self.wanted = true;
        false
    }

    /// The client's answer is in force.
    pub fn accepted(&mut self) {
        if self.stage == Stage::Accepting {
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.stage = Stage::Idle;
        self.void_is_out = false;
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

    fn joined(manners: Manners) -> Negotiation {
        let mut negotiation = Negotiation::new(manners);
        assert!(negotiation.client_offers());
        assert!(negotiation.room_answers());
        negotiation.client_acknowledges();
        negotiation
    }

    /// A client that was offered something and has not answered.
    fn offered(manners: Manners) -> Negotiation {
        let mut negotiation = joined(manners);
        negotiation.want();
        assert!(negotiation.begin() && negotiation.room_offers());
        negotiation
    }

    #[test]
    fn the_client_offers_first_and_its_acknowledgement_is_waited_for() {
        let mut negotiation = Negotiation::new(Manners::Impolite);
        negotiation.want();
        assert!(!negotiation.begin());
        assert!(negotiation.client_offers());
        assert!(negotiation.room_answers());
        assert!(!negotiation.begin() && negotiation.awaits_client());
        negotiation.client_acknowledges();
        assert!(negotiation.begin());
    }

    #[test]
    fn changes_during_an_exchange_go_into_the_next_offer() {
        let mut negotiation = joined(Manners::Impolite);
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
    fn an_offer_of_the_client_makes_one_void_that_it_has_not_seen() {
        for manners in [Manners::Polite, Manners::Impolite] {
            let mut negotiation = joined(manners);
            negotiation.want();
            assert!(negotiation.begin());
            assert!(negotiation.client_offers());
            assert!(!negotiation.room_offers(), "it is void");
            assert!(!negotiation.client_answers(), "it was not sent");
            assert!(negotiation.room_answers());
            negotiation.client_acknowledges();
            assert!(negotiation.begin() && negotiation.room_offers(), "it comes again later");
        }
    }

    #[test]
    fn a_client_that_gives_way_has_its_crossing_offer_ignored() {
        let mut negotiation = offered(Manners::Impolite);
        assert!(!negotiation.client_offers());
        assert!(negotiation.awaits_client() && negotiation.client_answers());
        negotiation.accepted();
        assert!(negotiation.client_offers(), "it offers again");
    }

    #[test]
    fn a_client_that_does_not_give_way_gets_its_answer_and_the_offer_again() {
        let mut negotiation = offered(Manners::Polite);
        assert!(negotiation.client_offers());
        assert!(negotiation.room_answers());
        negotiation.client_acknowledges();
        assert!(negotiation.begin() && negotiation.room_offers());
        assert!(negotiation.client_answers(), "of the new offer");
    }

    #[test]
    fn a_client_that_took_the_void_offer_after_all_is_offered_anew() {
        for room_was_slow in [false, true] {
            let mut negotiation = offered(Manners::Polite);
            assert!(negotiation.client_offers());
            assert!(room_was_slow || negotiation.room_answers());
            assert!(!negotiation.client_answers(), "the room has rolled that offer back");
            assert!(!negotiation.awaits_client() && negotiation.begin());
            assert!(!(room_was_slow && negotiation.room_answers()), "the client has no offer any more");
            assert!(negotiation.room_offers() && negotiation.client_answers());
        }
    }

    #[test]
    fn an_offer_while_an_answer_is_applied_keeps_its_turn() {
        let mut negotiation = offered(Manners::Impolite);
        assert!(negotiation.client_answers());
        assert!(negotiation.client_offers());
        negotiation.accepted();
        assert!(negotiation.room_answers());
        negotiation.client_acknowledges();
        assert!(!negotiation.begin());
    }

    #[test]
    fn only_the_answer_to_the_latest_offer_is_passed_on() {
        let mut negotiation = Negotiation::new(Manners::Polite);
        assert!(negotiation.client_offers() && negotiation.client_offers());
        assert!(!negotiation.room_answers());
        assert!(negotiation.room_answers());
    }
}

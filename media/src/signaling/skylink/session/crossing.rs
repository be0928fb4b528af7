//! Offers of the client that crossed with the node's. They are not answered, and 2.x clients make another one only of
//! what they see is missing; so the node's next offer asks for what the client was going to send.

use super::{super::sdp, Session};
use std::collections::BTreeMap;

impl Session {
    /// Takes what is lost with the client's offer: on which lines it `sends`.
    pub(super) fn crossed(&mut self, sends: BTreeMap<String, bool>) {
        for (line, _) in sends.into_iter().filter(|(_, sends)| *sends) {
            match (sdp::is_of_slot(&line), self.sends.get(&line)) {
                (true, None | Some(false)) => drop(self.sends.insert(line, true)),
                (false, None) => self.needs_line = true,
                // What it once agreed to send it may begin again by answering.
                _ => continue,
            }
            self.negotiation.want();
        }
    }

    /// The room has offered. Browsers put a track that has no line yet on the first one that they may send on
    /// (RFC 9429, section 5.10), which is that of the spare slot, the last.
    pub(super) fn hand_out_spare(&mut self, lines: &[sdp::SlotLine]) {
        if !std::mem::take(&mut self.needs_line) {
            return;
        }
        let last = lines.iter().map(|line| line.slot).max();
        let spare = lines.iter().filter(|line| Some(line.slot) == last);
        self.sends.extend(spare.map(|line| (line.mid.clone(), true)));
    }
}

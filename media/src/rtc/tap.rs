//! An interceptor that changes nothing: it shows what comes in to whoever wants to see it.

use rtc::{
    interceptor::{Interceptor, StreamInfo, TaggedPacket},
    sansio::Protocol,
    shared::error::Error,
};
use std::{collections::VecDeque, time::Instant};

/// Passes every packet on, the incoming ones by way of `look`.
pub struct Tap<Look> {
    look: Look,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl<Look: FnMut(&mut TaggedPacket)> Tap<Look> {
    pub fn new(look: Look) -> Self {
        Self { look, reads: VecDeque::new(), writes: VecDeque::new() }
    }
}

impl<Look: FnMut(&mut TaggedPacket)> Protocol<TaggedPacket, TaggedPacket, ()> for Tap<Look> {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        (self.look)(&mut packet);
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), Error> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl<Look: FnMut(&mut TaggedPacket) + Send + Sync + 'static> Interceptor for Tap<Look> {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}

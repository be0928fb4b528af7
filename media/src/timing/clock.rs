//! When things happened: from a sender's RTP timestamps to the recording's own time. Pure.
//!
//! Within a peer, RTCP sender reports put audio and video on one clock, the sender's wall clock, which gives lip
//! sync. Clocks of different peers do not compare; each is tied to the recording's time by the fastest packets:
//! arrival minus sender's time never falls below the shortest way through the network, so its lower envelope shows
//! the clocks' offset, and the envelope's slope their drift.

/// Nanoseconds on some clock.
pub type Nanoseconds = i64;

/// Windows over which only the fastest packet counts.
const WINDOW_US: u64 = 2_000_000;
/// Sender reports further apart in rate than this are not of one steady clock; the nearest one is used alone.
const MAX_RATE_ERROR: f64 = 0.01;
/// Below this span jitter looks like drift, and drift does not matter yet: 100 ppm make 2 ms.
const MIN_DRIFT_SPAN: f64 = 20e9;
const MIN_DRIFT_POINTS: usize = 8;
/// Enough points for a robust slope in bounded time.
const MAX_POINTS: usize = 256;
/// No crystal is worse.
const MAX_DRIFT: f64 = 500e-6;

/// Time of `timestamp` since timestamp zero.
pub fn media_time(timestamp: i64, clock_rate: u32) -> Nanoseconds {
    let time = i128::from(timestamp) * 1_000_000_000 / i128::from(clock_rate.max(1));
    Nanoseconds::try_from(time).unwrap_or(Nanoseconds::MAX)
}

/// An NTP timestamp as nanoseconds since 1900.
pub fn ntp_time(ntp: u64) -> Nanoseconds {
    let time = (u128::from(ntp) * 1_000_000_000) >> 32;
    Nanoseconds::try_from(time).unwrap_or(Nanoseconds::MAX)
}

/// The sender's clock as one RTP stream shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SenderClock {
    clock_rate: u32,
    /// Extended RTP timestamp and NTP time, by timestamp.
    reports: Vec<(i64, Nanoseconds)>,
}

impl SenderClock {
    /// Builds the clock from what sender reports said; with none it counts from timestamp zero.
    pub fn new(clock_rate: u32, mut reports: Vec<(i64, Nanoseconds)>) -> Self {
        reports.sort_unstable();
        reports.dedup_by_key(|report| report.0);
        Self { clock_rate, reports }
    }

    /// Whether its time is the sender's wall clock.
    pub fn is_reported(&self) -> bool {
        !self.reports.is_empty()
    }

    /// The sender's time at `timestamp`: between two reports on the line through them, else from the nearest one.
    pub fn time(&self, timestamp: i64) -> Nanoseconds {
        let after = self.reports.partition_point(|report| report.0 < timestamp);
        let (left, right) = match (after.checked_sub(1).map(|index| self.reports[index]), self.reports.get(after)) {
            (None, None) => return media_time(timestamp, self.clock_rate),
            (Some(only), None) => return self.after_report(only, timestamp),
            (None, Some(&only)) => return self.after_report(only, timestamp),
            (Some(left), Some(&right)) => (left, right),
        };
        let nominal = media_time(right.0 - left.0, self.clock_rate) as f64;
        let reported = right.1.saturating_sub(left.1) as f64;
        if (reported / nominal - 1.0).abs() <= MAX_RATE_ERROR {
            let share = (timestamp - left.0) as f64 / (right.0 - left.0) as f64;
            return left.1 + (reported * share) as Nanoseconds;
        }
        let nearest = if timestamp - left.0 <= right.0 - timestamp { left } else { right };
        self.after_report(nearest, timestamp)
    }

    fn after_report(&self, (at, ntp): (i64, Nanoseconds), timestamp: i64) -> Nanoseconds {
        ntp.saturating_add(media_time(timestamp.saturating_sub(at), self.clock_rate))
    }
}

/// The fastest packet of each window of a stream.
#[derive(Debug, Clone, Default)]
pub struct Envelope {
    clock_rate: u32,
    window: Option<u64>,
    /// Arrival in nanoseconds and extended timestamp.
    points: Vec<(Nanoseconds, i64)>,
}

impl Envelope {
    pub fn new(clock_rate: u32) -> Self {
        Self { clock_rate, ..Self::default() }
    }

    /// Adds a packet.
    pub fn add(&mut self, arrival_us: u64, timestamp: i64) {
        let arrival = Nanoseconds::try_from(arrival_us.saturating_mul(1000)).unwrap_or(Nanoseconds::MAX);
        let delay =
            |(arrival, timestamp): (Nanoseconds, i64)| arrival.saturating_sub(media_time(timestamp, self.clock_rate));
        let point = (arrival, timestamp);
        let window = arrival_us / WINDOW_US;
        match self.points.last_mut() {
            Some(last) if self.window == Some(window) => {
                if delay(point) < delay(*last) {
                    *last = point;
                }
            }
            _ => self.points.push(point),
        }
        self.window = Some(window);
    }

    /// Arrival and sender's time of the fastest packets.
    pub fn points<'a>(&'a self, clock: &'a SenderClock) -> impl Iterator<Item = Point> + 'a {
        self.points.iter().map(|&(arrival, timestamp)| Point { arrival, sent: clock.time(timestamp) })
    }
}

/// A packet that met no queue on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    pub arrival: Nanoseconds,
    pub sent: Nanoseconds,
}

/// How to get from a sender's clock to the recording's time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockOffset {
    origin: Nanoseconds,
    offset: Nanoseconds,
    drift: f64,
}

impl ClockOffset {
    /// Fits the lower envelope of arrival minus sender's time. The slope is the median of the slopes between points
    /// (Theil–Sen), so that a congested stretch does not pass for drift; the height is near the lowest points.
    pub fn fit(mut points: Vec<Point>) -> Option<Self> {
        points.sort_unstable_by_key(|point| point.sent);
        let origin = points.first()?.sent;
        let delays =
            points.into_iter().map(|point| ((point.sent - origin) as f64, point.arrival.saturating_sub(point.sent)));
        let delays = thin_out(&delays.collect::<Vec<_>>());
        let base = delays.iter().map(|&(_, delay)| delay).min()?;
        let delays: Vec<(f64, f64)> =
            delays.into_iter().map(|(at, delay)| (at, delay.saturating_sub(base) as f64)).collect();
        let span = delays.last()?.0;
        if span < MIN_DRIFT_SPAN || delays.len() < MIN_DRIFT_POINTS {
            return Some(Self { origin, offset: base, drift: 0.0 });
        }
        let drift = median_slope(&delays).clamp(-MAX_DRIFT, MAX_DRIFT);
        let mut heights: Vec<f64> = delays.iter().map(|&(at, delay)| delay - drift * at).collect();
        heights.sort_unstable_by(f64::total_cmp);
        let height = heights[heights.len() / 10];
        Some(Self { origin, offset: base.saturating_add(height as Nanoseconds), drift })
    }

    /// The recording's time when the sender's clock showed `sent`.
    pub fn recording_time(&self, sent: Nanoseconds) -> Nanoseconds {
        let drifted = (self.drift * sent.saturating_sub(self.origin) as f64) as Nanoseconds;
        sent.saturating_add(self.offset).saturating_add(drifted)
    }
}

/// Merges neighbours, keeping the lowest, until few enough are left.
fn thin_out(delays: &[(f64, Nanoseconds)]) -> Vec<(f64, Nanoseconds)> {
    let group = delays.len().div_ceil(MAX_POINTS).max(1);
    delays.chunks(group).filter_map(|chunk| chunk.iter().min_by_key(|&&(_, delay)| delay).copied()).collect()
}

fn median_slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes: Vec<f64> = Vec::with_capacity(points.len() * points.len() / 2);
    for (index, left) in points.iter().enumerate() {
        let later = points[index + 1..].iter().filter(|right| right.0 > left.0);
        slopes.extend(later.map(|right| (right.1 - left.1) / (right.0 - left.0)));
    }
    if slopes.is_empty() {
        return 0.0;
    }
    let middle = slopes.len() / 2;
    *slopes.select_nth_unstable_by(middle, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NTP: Nanoseconds = 3_900_000_000_000_000_000;

    proptest! {
        #[test]
        fn reports_of_a_steady_clock_give_its_time(
            first in 0i64..1 << 32,
            rate_error in -200e-6..200e-6f64,
            gaps in prop::collection::vec(1i64..8, 1..20),
            probe in 0.0..1.0f64,
        ) {
            let mut at = 0;
            let mut seconds = vec![0];
            seconds.extend(gaps.iter().map(|gap| { at += gap; at }));
            let ntp = |ticks: f64| NTP + (ticks / 90_000.0 * (1.0 + rate_error) * 1e9) as i64;
            let reports = seconds.iter().map(|&second| (first + second * 90_000, ntp(second as f64 * 90_000.0))).collect();
            let clock = SenderClock::new(90_000, reports);
            let ticks = (probe * at as f64 * 90_000.0).floor();
            let error = clock.time(first + ticks as i64) - ntp(ticks);
            prop_assert!(error.abs() < 1000, "{}", error);
        }

        #[test]
        fn one_report_counts_backwards_too(at in 0i64..1 << 32, before in 0i64..900_000) {
            let clock = SenderClock::new(90_000, vec![(at + before, NTP)]);
            prop_assert_eq!(clock.time(at), NTP - media_time(before, 90_000));
        }

        #[test]
        fn any_reports_and_points_are_survived(
            reports in prop::collection::vec((any::<i32>(), any::<u64>()), 0..20),
            packets in prop::collection::vec((any::<u64>(), any::<i32>()), 0..50),
        ) {
            let reports = reports.into_iter().map(|(at, ntp)| (i64::from(at), ntp_time(ntp))).collect();
            let clock = SenderClock::new(90_000, reports);
            let mut envelope = Envelope::new(90_000);
            for (arrival, timestamp) in packets {
                envelope.add(arrival, i64::from(timestamp));
            }
            if let Some(offset) = ClockOffset::fit(envelope.points(&clock).collect()) {
                offset.recording_time(clock.time(0));
            }
        }

        #[test]
        fn offset_and_drift_are_found_below_jitter_and_congestion(
            seconds in 1u64..600,
            offset in -1_000_000_000i64..1_000_000_000,
            drift in -200e-6..200e-6f64,
            network_us in 1_000.0..100_000.0f64,
            congested_from in 0.0..1.0f64,
            seed in 1u64..u64::MAX,
        ) {
            let mut state = seed;
            let mut random = move || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 11) as f64 / (1u64 << 53) as f64
            };
            let mut envelope = Envelope::new(48_000);
            let sent = |true_seconds: f64| (true_seconds * (1.0 + drift) * 48_000.0) as i64;
            for packet in 0..seconds * 50 {
                let at = packet as f64 * 0.02;
                let place = at / seconds as f64;
                let congested = place > congested_from && place < congested_from + 0.15;
                let jitter = -8_000.0 * (1.0 - random()).ln() + if congested { 300_000.0 } else { 0.0 };
                envelope.add((at * 1e6 + network_us + jitter) as u64, sent(at));
            }
            let clock = SenderClock::new(48_000, vec![(0, NTP + offset)]);
            let fit = ClockOffset::fit(envelope.points(&clock).collect()).unwrap();
            for at in [0.0, 0.5, 1.0] {
                let at = at * seconds as f64;
                let error = fit.recording_time(clock.time(sent(at))) as f64 / 1e6 - at * 1e3 - network_us / 1e3;
                prop_assert!(error.abs() < 12.0, "{error} ms at {at} s");
            }
        }
    }

    #[test]
    fn a_stepped_clock_falls_back_to_the_nearest_report() {
        let clock = SenderClock::new(48_000, vec![(0, NTP), (48_000, NTP + 5_000_000_000)]);
        assert_eq!(clock.time(12_000), NTP + 250_000_000);
        assert_eq!(clock.time(36_000), NTP + 4_750_000_000);
    }

    #[test]
    fn without_reports_the_clock_counts_from_zero() {
        let clock = SenderClock::new(48_000, Vec::new());
        assert!(!clock.is_reported());
        assert_eq!(clock.time(96_000), 2_000_000_000);
    }
}

//! When failed work is tried again. Pure: delays come from the number of attempts made, jitter from the caller.

use std::time::Duration;

const SECOND: u64 = 1;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Delays before the second and later attempts at a webhook: ten attempts over 75 h 35 min.
const WEBHOOK_SECONDS: [u64; 9] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// Delays before the second and later attempts at everything else: 16 attempts over about a day.
const INTERNAL_SECONDS: [u64; 15] = [
    SECOND,
    5 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    HOUR,
    2 * HOUR,
    2 * HOUR,
    3 * HOUR,
    3 * HOUR,
    4 * HOUR,
    4 * HOUR,
    4 * HOUR,
];

/// Delays before the second and later attempts at a mail; the last one repeats. Servers that defer mails of strangers
/// take them after some minutes.
const MAIL_SECONDS: [u64; 6] = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR];

/// A mail that is older is news no more.
const MAIL_LIFETIME: Duration = Duration::from_secs(72 * HOUR);

/// Longest wait a receiver may ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * HOUR);

/// A tenth of the delay at most, added so that receivers who failed together are not asked again together.
const JITTER: f64 = 0.1;

/// Delay after `attempts` failed attempts at a webhook; `None` when it is given up. `jitter` is in `0.0..1.0`.
pub(crate) fn webhook(attempts: u64, retry_after: Option<Duration>, jitter: f64) -> Option<Duration> {
    let delay = nth(&WEBHOOK_SECONDS, attempts)?.max(retry_after.unwrap_or_default().min(LONGEST_ASKED));
    Some(delay.mul_f64(1.0 + JITTER * jitter))
}

/// Delay after `attempts` failed attempts at other work; `None` when it is given up.
pub(crate) fn internal(attempts: u64, jitter: f64) -> Option<Duration> {
    Some(nth(&INTERNAL_SECONDS, attempts)?.mul_f64(1.0 + JITTER * jitter))
}

/// Delay after `attempts` failed attempts at a mail of this age, at least the pause that its server is given; `None` when
/// it is given up.
pub(crate) fn mail(attempts: u64, age: Duration, pause: Option<Duration>, jitter: f64) -> Option<Duration> {
    let last = Duration::from_secs(MAIL_SECONDS[MAIL_SECONDS.len() - 1]);
    // Attempts while the server is left alone say nothing about the mail.
    let delay = pause.unwrap_or_else(|| nth(&MAIL_SECONDS, attempts).unwrap_or(last));
    (age < MAIL_LIFETIME).then(|| delay.mul_f64(1.0 + JITTER * jitter))
}

fn nth(seconds: &[u64], attempts: u64) -> Option<Duration> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    seconds.get(index).copied().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn webhooks_are_tried_for_at_least_72_hours() {
        let delays: Vec<u64> =
            (1..).map_while(|attempts| webhook(attempts, None, 0.0)).map(|delay| delay.as_secs()).collect();
        assert_eq!(delays, WEBHOOK_SECONDS);
        assert!(delays.iter().sum::<u64>() >= 72 * HOUR);
        assert_eq!(delays.iter().sum::<u64>(), 75 * HOUR + 35 * MINUTE + 5);
    }

    #[test]
    fn receivers_may_ask_for_more_time_but_not_for_ever() {
        let asked = Some(Duration::from_secs(600));
        assert_eq!(webhook(1, asked, 0.0), asked);
        assert_eq!(webhook(4, asked, 0.0), Some(Duration::from_secs(2 * HOUR)));
        assert_eq!(webhook(1, Some(Duration::MAX), 0.0), Some(LONGEST_ASKED));
    }

    #[test]
    fn mails_are_tried_for_three_days_and_at_least_every_three_hours() {
        let (mut age, mut attempts) = (Duration::ZERO, 0);
        while let Some(delay) = mail(attempts + 1, age, None, 0.0) {
            assert!(delay <= Duration::from_secs(3 * HOUR));
            (age, attempts) = (age + delay, attempts + 1);
        }
        assert!(age >= MAIL_LIFETIME && (25..35).contains(&attempts), "{attempts} attempts in {age:?}");
        let pause = Some(Duration::from_secs(300));
        assert_eq!(mail(1000, Duration::from_secs(HOUR), pause, 0.0), pause);
    }

    proptest! {
        #[test]
        fn jitter_only_adds(attempts in 0u64..30, jitter in 0.0f64..1.0) {
            for (exact, spread) in [
                (webhook(attempts, None, 0.0), webhook(attempts, None, jitter)),
                (internal(attempts, 0.0), internal(attempts, jitter)),
            ] {
                prop_assert_eq!(exact.is_some(), spread.is_some());
                if let (Some(exact), Some(spread)) = (exact, spread) {
                    prop_assert!(spread >= exact && spread <= exact.mul_f64(1.1));
                }
            }
        }
    }
}

//! Numbers as people read them.

/// A length of time: `0:07`, `12:30`, `1:02:03`.
#[must_use]
pub fn duration(ms: u64) -> String {
    let seconds = (ms + 500) / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A length of time as machines read it in HTML (ISO 8601).
#[must_use]
pub fn duration_iso(ms: u64) -> String {
    format!("PT{}S", (ms + 500) / 1000)
}

/// A size in decimal units, three significant digits at most: `512 B`, `1.4 MB`, `12 GB`.
#[must_use]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = 1000;
    for (at, name) in UNITS.iter().enumerate() {
        // Rounded before it is compared, so that the carry into the next unit is seen.
        let tenths = bytes.saturating_add(unit / 20) / (unit / 10);
        if tenths < 100 {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        let whole = bytes.saturating_add(unit / 2) / unit;
        if whole < 1000 || at + 1 == UNITS.len() {
            return format!("{whole} {name}");
        }
        unit *= 1000;
    }
    format!("{bytes} B")
}

/// A count with its noun: `1 recording`, `3 recordings`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// An instant, in UTC: `21 Nov 2026, 09:31`.
#[must_use]
pub fn instant(unix_ms: u64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = civil_date(unix_ms / 86_400_000);
    let (hour, minute) = (unix_ms / 3_600_000 % 24, unix_ms / 60_000 % 60);
    format!("{day} {} {year}, {hour:02}:{minute:02}", MONTHS[month as usize - 1])
}

/// An instant as machines read it in HTML (RFC 3339).
#[must_use]
pub fn instant_iso(unix_ms: u64) -> String {
    let (year, month, day) = civil_date(unix_ms / 86_400_000);
    let (hour, minute, second) = (unix_ms / 3_600_000 % 24, unix_ms / 60_000 % 60, unix_ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a day since 1970-01-01 (the algorithm "civil from days" for days that are not negative).
fn civil_date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_to_seconds() {
        let cases =
            [(0, "0:00"), (499, "0:00"), (500, "0:01"), (59_600, "1:00"), (754_000, "12:34"), (3_723_000, "1:02:03")];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
        assert_eq!(duration_iso(1500), "PT2S");
    }

    #[test]
    fn sizes_carry_into_the_next_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (9949, "9.9 kB"),
            (9950, "10 kB"),
            (999_499, "999 kB"),
            (999_600, "1.0 MB"),
            (12_345_678, "12 MB"),
            (1_450_000_000, "1.5 GB"),
            (u64::MAX, "18446 PB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(size(bytes), text, "{bytes}");
        }
    }

    #[test]
    fn dates_know_leap_years() {
        assert_eq!(instant(0), "1 Jan 1970, 00:00");
        assert_eq!(instant_iso(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(instant_iso(4_107_542_399_000), "2100-02-28T23:59:59Z");
        assert_eq!(instant(1_795_253_460_000), "21 Nov 2026, 09:31");
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!((count(1, "key"), count(0, "key")), ("1 key".into(), "0 keys".into()));
    }
}

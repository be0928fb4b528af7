//! How much an org used: recorded time, recordings, bytes and time in rooms, of each application in a month.

use crate::{
    access::{Access, Permission},
    clock::to_date,
    error::{Error, Result},
    services::Services,
    store::{UsageRow, unsigned},
};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use protocol::ids::{ApplicationId, RecordingId};
use std::{fmt, str::FromStr};

/// A month, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    first: NaiveDate,
}

/// The text is no month.
#[derive(Debug, thiserror::Error)]
#[error("a month looks like 2026-11")]
pub struct InvalidMonth;

impl Month {
    /// The one that this date is in.
    #[must_use]
    pub fn of(date: DateTime<Utc>) -> Self {
        let date = date.date_naive();
        Self { first: date.with_day(1).unwrap_or(date) }
    }

    fn next(self) -> Option<Self> {
        self.first.checked_add_months(chrono::Months::new(1)).map(|first| Self { first })
    }

    /// Unix milliseconds.
    fn begins(self) -> u64 {
        unsigned(self.first.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let (year, month) =
            text.split_once('-').filter(|parts| parts.0.len() == 4 && parts.1.len() == 2).ok_or(InvalidMonth)?;
        let (year, month): (u16, u32) =
            (year.parse().map_err(|_| InvalidMonth)?, month.parse().map_err(|_| InvalidMonth)?);
        let first = NaiveDate::from_ymd_opt(i32::from(year), month, 1).filter(|_| year >= 1970).ok_or(InvalidMonth)?;
        Ok(Self { first })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

/// What one application used in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub application: ApplicationId,
    /// Begun in the month and finished.
    pub recordings: u64,
    /// Begun in the month and ended without a file.
    pub failed: u64,
    pub recorded_ms: u64,
    pub bytes: u64,
    /// Time that peers spent in rooms, those that left in the month.
    pub peer_ms: u64,
}

/// What the applications that the caller reaches used. Recordings count in the month in which they began, also when they
/// were deleted since. Applications without any are left out.
pub async fn of_month(services: &Services, access: &Access, month: Month) -> Result<Vec<Usage>> {
    access.require(Permission::ViewUsage)?;
    let end = month.next().ok_or_else(|| Error::invalid("month_invalid", "There is no such month."))?;
    // Identifiers begin with the time, so they bound the month.
    let first = |month: Month| RecordingId::from_parts(month.begins(), [0; 10]);
    let mut tx = services.read().await?;
    let mut org = tx.reach(access);
    let rows = org.usage(first(month), first(end), &month.to_string()).await?;
    Ok(rows.iter().map(view).collect())
}

/// The month that it is.
#[must_use]
pub fn this_month(services: &Services) -> Month {
    Month::of(to_date(services.now()))
}

fn view(row: &UsageRow) -> Usage {
    Usage {
        application: row.application(),
        recordings: unsigned(row.recordings),
        failed: unsigned(row.failed),
        recorded_ms: unsigned(row.recorded_ms),
        bytes: unsigned(row.bytes),
        peer_ms: unsigned(row.peer_ms),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_strictly_and_follow_one_another() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(
            (month.to_string(), month.next().unwrap().to_string()),
            ("2026-12".to_owned(), "2027-01".to_owned())
        );
        assert_eq!(to_date(month.begins()).to_rfc3339(), "2026-12-01T00:00:00+00:00");
        assert_eq!(Month::of(to_date(month.begins() + 31 * 24 * 3_600_000 - 1)), month);
        for wrong in
            ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "2026-011", "1969-12", "+026-11", "2026-11-01"]
        {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }
}

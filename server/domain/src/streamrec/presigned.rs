//! When addresses stop working that a store signed for a time.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use url::Url;

/// Dates of signatures, for example `20261129T154500Z`.
const SIGNED_AT: &str = "%Y%m%dT%H%M%SZ";

/// Until when an address takes files, in Unix milliseconds, if it says so itself in a way that is known here.
pub(crate) fn expires_at(url: &Url) -> Option<u64> {
    end(url).and_then(|date| u64::try_from(date.timestamp_millis()).ok())
}

/// As signatures of Amazon S3 (versions 2 and 4), Google Cloud Storage and Azure name it.
fn end(url: &Url) -> Option<DateTime<Utc>> {
    let of = |name: &str| url.query_pairs().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    for provider in ["X-Amz", "X-Goog"] {
        let (signed, seconds) = (of(&format!("{provider}-Date")), of(&format!("{provider}-Expires")));
        if let (Some(signed), Some(seconds)) = (signed, seconds) {
            let signed = NaiveDateTime::parse_from_str(&signed, SIGNED_AT).ok()?.and_utc();
            return signed.checked_add_signed(Duration::try_seconds(seconds.parse().ok()?)?);
        }
    }
    if of("Signature").is_some() {
        return DateTime::from_timestamp(of("Expires")?.parse().ok()?, 0);
    }
    of("sig")?;
    DateTime::parse_from_rfc3339(&of("se")?).ok().map(|date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::iso_date;
    use proptest::prelude::*;

    #[test]
    fn signed_addresses_say_when_they_end() {
        for (query, expected) in [
            ("X-Amz-Date=20261129T154500Z&X-Amz-Expires=900&X-Amz-Signature=00", Some("2026-11-29T16:00:00.000Z")),
            ("x-goog-date=20261129T154500Z&x-goog-expires=3600", Some("2026-11-29T16:45:00.000Z")),
            ("AWSAccessKeyId=a&Expires=1795968000&Signature=b", Some("2026-11-29T16:00:00.000Z")),
            ("sv=2024-11-04&se=2026-11-29T16%3A00%3A00Z&sig=c", Some("2026-11-29T16:00:00.000Z")),
            ("Expires=1795968000", None),
            ("X-Amz-Date=yesterday&X-Amz-Expires=900", None),
            ("", None),
        ] {
            let url = format!("https://bucket.example/file?{query}").parse().unwrap();
            assert_eq!(end(&url).map(iso_date).as_deref(), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_address_is_survived(
            query in "((X-Amz-Date|X-Amz-Expires|Expires|Signature|se|sig)=(-?[0-9]{1,20}|[0-9]{8}T[0-9]{6}Z|.{0,9})&)*"
        ) {
            let _ = expires_at(&format!("https://bucket.example/?{query}").parse().unwrap());
        }
    }
}

//! Days on the calendar of Moscow, as a browser's date field or a person writes them.

use altyn_domain::time::{DAY_MS, Timestamp};
use jiff::civil::Date;
use jiff::tz::Offset;

/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

impl Day {
    /// Reads `2026-11-22` or `22.11.2026`, of the years 2000 to 2099.
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.trim().split(['-', '.']).collect();
        let [first, month, last] = parts.as_slice() else { return None };
        let (year, day) = if text.contains('-') { (first, last) } else { (last, first) };
        let year: i16 = year.parse().ok().filter(|year| (2000..2100).contains(year))?;
        Date::new(year, month.parse().ok()?, day.parse().ok()?).ok().map(Self)
    }

    /// The day that it is in Moscow at this moment.
    pub fn of(at: Timestamp) -> Self {
        let instant = jiff::Timestamp::from_second(at.as_seconds());
        Self(MOSCOW.to_datetime(instant.unwrap_or(jiff::Timestamp::UNIX_EPOCH)).date())
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let midnight = self.0.to_datetime(jiff::civil::Time::midnight());
        let instant = MOSCOW.to_timestamp(midnight).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Timestamp::from_millis(instant.as_millisecond())
    }

    /// The first moment after it.
    pub fn end(self) -> Timestamp {
        self.start().plus_millis(DAY_MS)
    }

    /// So many days before it.
    pub fn before(self, days: i32) -> Self {
        let earlier = self.0.checked_sub(jiff::Span::new().days(days));
        Self(earlier.unwrap_or(self.0))
    }

    /// `22.11.2026`, as it is said in both languages' sentences.
    pub fn words(self) -> String {
        format!("{:02}.{:02}.{}", self.0.day(), self.0.month(), self.0.year())
    }
}

/// `2026-11-22`, as addresses and browsers write it.
impl std::fmt::Display for Day {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_moscows() {
        let day = Day::parse("22.11.2026").unwrap();
        assert_eq!(day, Day::parse("2026-11-22").unwrap());
        assert_eq!((day.to_string().as_str(), day.words().as_str()), ("2026-11-22", "22.11.2026"));
        // Midnight in Moscow is 21:00 UTC of the day before.
        assert_eq!(day.start().as_seconds(), 1_795_294_800);
        assert_eq!(Day::of(day.start()), day);
        assert_eq!(Day::of(day.start().plus_millis(-1)), day.before(1));
        assert_eq!(day.before(22).to_string(), "2026-10-31");
        for text in
            ["", "2026-13-01", "31.02.2026", "1.1.26", "2026", "1-2.2026", "x-y-z", "๑.1.2026"]
        {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}

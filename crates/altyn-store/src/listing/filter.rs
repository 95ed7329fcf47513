//! A filter in the words of the rows, and the streams of rows it can be read from.
//!
//! A *stream* is what one index of the list gives in the list's order without sorting: the payments
//! of a project, or those of them that have one value in one column. A filter by such a column is
//! answered by as many streams as it has projects and values, read as one ([`super::merge`]).

use altyn_app::listing::{ListingFilter, Part, Place, SearchText};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use altyn_domain::time::Timestamp;

use super::merge::Direction;

/// Created at, and number: [`Place`] in the words of the rows.
pub(crate) type Spot = (i64, i64);

/// The place that a spot is.
pub(crate) const fn place(spot: Spot) -> Place {
    Place { created_at: Timestamp::from_millis(spot.0), id: PaymentId::new(spot.1) }
}

const fn spot(place: Place) -> Spot {
    (place.created_at.as_millis(), place.id.get())
}

/// Rows strictly between two spots of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) low: Spot,
    pub(crate) high: Spot,
}

impl Span {
    /// Whether a row there can be in it.
    pub(crate) fn contains(&self, spot: Spot) -> bool {
        self.low < spot && spot < self.high
    }

    /// The rest of it, when it was read up to a spot.
    pub(crate) const fn after(self, reached: Option<Spot>, direction: Direction) -> Self {
        match (reached, direction) {
            (None, _) => self,
            (Some(high), Direction::Down) => Self { high, ..self },
            (Some(low), Direction::Up) => Self { low, ..self },
        }
    }
}

/// The columns that streams may be read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// All payments of a project.
    Project,
    Status,
    Method,
    Account,
    Currency,
}

impl Driver {
    /// Those that a filter may have values for.
    pub(crate) const COLUMNS: [Self; 4] =
        [Self::Status, Self::Account, Self::Method, Self::Currency];

    /// The column beside the project.
    pub(crate) const fn column(self) -> Option<&'static str> {
        match self {
            Self::Project => None,
            Self::Status => Some("status"),
            Self::Method => Some("method"),
            Self::Account => Some("account"),
            Self::Currency => Some("currency"),
        }
    }

    /// The index that gives its streams.
    pub(crate) const fn index(self) -> &'static str {
        match self {
            Self::Project => "listing_created",
            Self::Status => "listing_status",
            Self::Method => "listing_method",
            Self::Account => "listing_account",
            Self::Currency => "listing_currency",
        }
    }
}

/// The payments of a project that have a value in the driver's column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stream<'a> {
    pub(crate) project: i64,
    /// Empty where the driver has no column.
    pub(crate) value: &'a str,
}

/// A filter in the words of the rows. An empty list is any.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) projects: Vec<i64>,
    pub(crate) statuses: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) accounts: Vec<String>,
    pub(crate) currencies: Vec<String>,
    /// By dates.
    pub(crate) span: Span,
    pub(crate) amount: Option<(i64, i64)>,
    /// What the text must have in it.
    pub(crate) text: Option<String>,
}

impl Wanted {
    pub(crate) fn of(filter: &ListingFilter) -> Self {
        let millis = |at: Option<Timestamp>, open| at.map_or(open, Timestamp::as_millis);
        let amount = (filter.amount_min.is_some() || filter.amount_max.is_some())
            .then(|| (filter.amount_min.unwrap_or(0), filter.amount_max.unwrap_or(i64::MAX)));
        Self {
            projects: distinct(filter.projects.iter().copied().map(project)),
            statuses: chosen(&filter.statuses, Status::ALL, Status::as_str),
            methods: chosen(&filter.methods, Method::ALL, Method::code),
            accounts: distinct(filter.accounts.iter().cloned()),
            currencies: distinct(
                filter.currencies.iter().map(|currency| Currency::code(*currency).to_owned()),
            ),
            span: Span {
                low: (millis(filter.from, i64::MIN), i64::MIN),
                high: (millis(filter.until, i64::MAX), i64::MIN),
            },
            amount,
            text: filter.search.as_ref().map(needle),
        }
    }

    /// The values that the filter has for a driver.
    pub(crate) fn values(&self, driver: Driver) -> &[String] {
        match driver {
            Driver::Project => &[],
            Driver::Status => &self.statuses,
            Driver::Method => &self.methods,
            Driver::Account => &self.accounts,
            Driver::Currency => &self.currencies,
        }
    }

    /// The streams that hold every row wanted.
    pub(crate) fn streams(&self, driver: Driver) -> Vec<Stream<'_>> {
        let projects = self.projects.iter().copied();
        match driver {
            Driver::Project => projects.map(|project| Stream { project, value: "" }).collect(),
            Driver::Status | Driver::Method | Driver::Account | Driver::Currency => projects
                .flat_map(|project| {
                    let values = self.values(driver).iter();
                    values.map(move |value| Stream { project, value })
                })
                .collect(),
        }
    }

    /// Whether rows of the driver's streams are all wanted.
    pub(crate) fn is_only(&self, driver: Driver) -> bool {
        let others = Driver::COLUMNS.into_iter().filter(|other| *other != driver);
        self.amount.is_none()
            && self.text.is_none()
            && others.into_iter().all(|other| self.values(other).is_empty())
    }

    /// The rows of a part of the list, and which way to walk them.
    pub(crate) fn part(&self, part: Part) -> (Span, Direction) {
        let Span { low, high } = self.span;
        match part {
            Part::Newest => (self.span, Direction::Down),
            Part::OlderThan(place) => (Span { low, high: high.min(spot(place)) }, Direction::Down),
            Part::NewerThan(place) => (Span { low: low.max(spot(place)), high }, Direction::Up),
        }
    }
}

fn project(id: ProjectId) -> i64 {
    id.get().into()
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The words of what was chosen; none when that is all there is.
fn chosen<T: Copy>(chosen: &[T], all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
    let words = distinct(chosen.iter().map(|one| word(*one).to_owned()));
    if words.len() == all.len() { Vec::new() } else { words }
}

/// What is looked for in the texts: a short one with a line break on either side, so that it is
/// found only where it is a whole value, and so that every one has the three characters that the
/// indexes of the texts need.
fn needle(search: &SearchText) -> String {
    if search.is_part() { search.as_str().to_owned() } else { format!("\n{}\n", search.as_str()) }
}

/// Letters of a key, at most: each costs a search of an index as much as the first, and six digits are
/// in few enough texts of millions.
const KEY_LETTERS: usize = 6;

/// What to ask an index of texts for first: the run of letters and digits in the text that is likely
/// to be the rarest, or the end of it, which differs most between numbers. What surrounds it, such
/// as a mail server's name, may be in so many texts that an index takes long over it. `None` when no
/// run has three.
pub(crate) fn key(text: &str) -> Option<&str> {
    let runs = text.split(|letter: char| !letter.is_alphanumeric());
    // A number tells more than a word of its length; of equal ones the first is taken.
    let rarity = |run: &&str| -> usize {
        run.chars().map(|letter| if letter.is_numeric() { 2 } else { 1 }).sum()
    };
    let rarest = runs.rev().filter(|run| run.chars().nth(2).is_some()).max_by_key(rarity)?;
    let begin = rarest.char_indices().rev().map(|(at, _)| at).take(KEY_LETTERS).last()?;
    rarest.get(begin..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(number: u32) -> ProjectId {
        ProjectId::new(number).unwrap()
    }

    #[test]
    fn every_value_is_as_good_as_none() {
        let mut filter = ListingFilter { statuses: Status::ALL.to_vec(), ..Default::default() };
        assert_eq!(Wanted::of(&filter).statuses, Vec::<String>::new());
        filter.statuses = vec![Status::Stuck, Status::Success, Status::Stuck];
        assert_eq!(Wanted::of(&filter).statuses, ["stuck", "success"]);
    }

    #[test]
    fn a_stream_for_each_project_and_value() {
        let filter = ListingFilter {
            projects: vec![project(2), project(1), project(2)],
            statuses: vec![Status::Stuck, Status::Success],
            ..Default::default()
        };
        let wanted = Wanted::of(&filter);
        let streams = wanted.streams(Driver::Status);
        let streams: Vec<_> = streams.iter().map(|one| (one.project, one.value)).collect();
        assert_eq!(streams, [(1, "stuck"), (1, "success"), (2, "stuck"), (2, "success")]);
        assert_eq!(wanted.streams(Driver::Project).len(), 2);
        assert!(wanted.is_only(Driver::Status) && !wanted.is_only(Driver::Project));
    }

    #[test]
    fn the_key_of_a_text_is_what_few_have() {
        for (text, expected) in [
            ("иван", Some("иван")),
            ("ян", None),
            ("№ 7, a-b", None),
            ("abc def", Some("abc")),
            ("ivanov@gmail.com", Some("ivanov")),
            ("person.1010864775@mail1.example", Some("864775")),
            ("client1234@inbox.example", Some("nt1234")),
            ("443601913926880123", Some("880123")),
            ("****0056", Some("0056")),
            ("order-4999", Some("4999")),
            ("order-49", Some("order")),
            ("\n77\n", None),
            ("🦊🦊🦊", None),
        ] {
            assert_eq!(key(text), expected, "{text}");
        }
    }

    #[test]
    fn a_short_text_is_looked_for_as_a_whole_value() {
        for (text, expected) in [("№1", "\n№1\n"), ("ЁЖ ", "\nеж\n"), ("ёжик", "ежик")]
        {
            assert_eq!(needle(&SearchText::new(text).unwrap()), expected);
        }
    }
}

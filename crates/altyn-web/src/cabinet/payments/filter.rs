//! The filter of the list as an address says it: short, stable names, so that a view can be kept
//! and sent; what the person typed is kept as typed.
//!
//! Guaranteed: an address is written back as it was read; a name nobody knows is passed over; a value
//! that cannot be meant is a [`Problem`] that names its field, and the list is not shown wider than
//! was asked.

use altyn_app::listing::{ListingFilter, PAGE_SIZES, Part, Place, SEARCH_MIN_CHARS, SearchText};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use altyn_domain::time::Timestamp;
use url::form_urlencoded;

use super::amounts::{self, Fault};
use super::days::Day;

/// How many rows when nothing is said.
pub const PAGE_SIZE: u32 = 50;

/// A field of the filter, by the name it has in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The search box.
    Search,
    /// Statuses, by the seed's codes.
    Status,
    /// Payment systems, by number.
    System,
    /// Methods.
    Method,
    /// Currencies.
    Currency,
    /// Projects.
    Project,
    /// The first day.
    From,
    /// The last day.
    To,
    /// The least sum.
    Min,
    /// The greatest sum.
    Max,
    /// Rows on a page.
    Size,
    /// The place in the list.
    Place,
}

impl Field {
    /// The name in addresses and forms.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "q",
            Self::Status => "status",
            Self::System => "ps",
            Self::Method => "method",
            Self::Currency => "currency",
            Self::Project => "project",
            Self::From => "from",
            Self::To => "to",
            Self::Min => "min",
            Self::Max => "max",
            Self::Size => "size",
            Self::Place => "before",
        }
    }
}

/// Why a field was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Longer than a search may be, or with control characters in it.
    Unsearchable,
    /// There is no such choice.
    NoSuch,
    /// Not a day.
    NotADay,
    /// Not a sum.
    NotASum(Fault),
    /// The end is before the beginning.
    Reversed,
    /// Not one of [`PAGE_SIZES`].
    NotASize,
    /// The place was cut, or written by hand.
    NotAPlace,
}

/// A field that was not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which.
    pub field: Field,
    /// Why.
    pub wrong: Wrong,
}

impl Problem {
    /// Whether the list can be shown all the same.
    pub const fn is_harmless(self) -> bool {
        matches!(self.wrong, Wrong::NotASize | Wrong::NotAPlace)
    }
}

/// What the person chose, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// As typed.
    pub search: String,
    /// In the order of [`Status::ALL`].
    pub statuses: Vec<Status>,
    /// Numbers of payment systems.
    pub systems: Vec<i64>,
    /// Methods.
    pub methods: Vec<Method>,
    /// Currencies.
    pub currencies: Vec<Currency>,
    /// Projects.
    pub projects: Vec<ProjectId>,
    /// As typed, or as a date field writes it.
    pub from: String,
    /// The same.
    pub to: String,
    /// As typed.
    pub min: String,
    /// As typed.
    pub max: String,
    /// Rows on a page; none: [`PAGE_SIZE`].
    pub size: Option<u32>,
}

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The filter.
    pub asked: Asked,
    /// The part of the list.
    pub part: Part,
    /// The total is to be exact, however long it takes.
    pub exact: bool,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

impl Request {
    /// Reads the query of an address.
    pub fn read(query: &str) -> Self {
        let mut request = Self {
            asked: Asked::default(),
            part: Part::Newest,
            exact: false,
            problems: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            request.take(&name, value.trim());
        }
        request.asked.tidy();
        request
    }

    fn take(&mut self, name: &str, value: &str) {
        let asked = &mut self.asked;
        let understood = match name {
            _ if value.is_empty() => Ok(()),
            "q" => {
                value.clone_into(&mut asked.search);
                Ok(())
            }
            "from" => put_text(&mut asked.from, value),
            "to" => put_text(&mut asked.to, value),
            "min" => put_text(&mut asked.min, value),
            "max" => put_text(&mut asked.max, value),
            "status" => put(&mut asked.statuses, Status::parse(value), Field::Status),
            "ps" => put(&mut asked.systems, value.parse().ok(), Field::System),
            "method" => put(&mut asked.methods, Method::from_code(value), Field::Method),
            "currency" => {
                let known = Currency::from_code(&value.to_uppercase());
                put(&mut asked.currencies, known, Field::Currency)
            }
            "project" => {
                let number = value.parse().ok().and_then(ProjectId::new);
                put(&mut asked.projects, number, Field::Project)
            }
            "size" => {
                let size = value.parse().ok().filter(|size| PAGE_SIZES.contains(size));
                asked.size = size.or(asked.size);
                size.map(drop).ok_or(Problem { field: Field::Size, wrong: Wrong::NotASize })
            }
            "before" => self.go(value, Part::OlderThan),
            "after" => self.go(value, Part::NewerThan),
            "exact" => {
                self.exact = value == "1";
                Ok(())
            }
            _ => Ok(()),
        };
        self.problems.extend(understood.err());
    }

    fn go(&mut self, value: &str, part: impl Fn(Place) -> Part) -> Result<(), Problem> {
        let place = read_place(value);
        self.part = place.map_or(Part::Newest, part);
        place.map(drop).ok_or(Problem { field: Field::Place, wrong: Wrong::NotAPlace })
    }
}

fn put_text(own: &mut String, value: &str) -> Result<(), Problem> {
    // What is longer is no day and no sum; it would only swell every link of the page.
    *own = value.chars().take(40).collect();
    Ok(())
}

fn put<T: PartialEq>(own: &mut Vec<T>, value: Option<T>, field: Field) -> Result<(), Problem> {
    let value = value.ok_or(Problem { field, wrong: Wrong::NoSuch })?;
    if !own.contains(&value) {
        own.push(value);
    }
    Ok(())
}

/// A place as addresses write it.
pub fn write_place(place: Place) -> String {
    format!("{}.{}", place.created_at.as_millis(), place.id)
}

/// Reads it back.
pub fn read_place(text: &str) -> Option<Place> {
    let (at, id) = text.split_once('.')?;
    let created_at = Timestamp::from_millis(at.parse().ok().filter(|at| *at >= 0)?);
    let id = PaymentId::new(id.parse().ok().filter(|id| *id >= 0)?);
    Some(Place { created_at, id })
}

/// What a filter may choose from: the payment systems and the projects of whoever asks.
#[derive(Clone, Debug, Default)]
pub struct Within {
    /// Provider accounts by name, with the number of their payment system.
    pub accounts: Vec<(String, i64)>,
    /// The projects whose payments he may see.
    pub projects: Vec<ProjectId>,
}

impl Asked {
    /// Rows on a page.
    pub fn page_size(&self) -> u32 {
        self.size.unwrap_or(PAGE_SIZE)
    }

    /// Nothing is chosen.
    pub fn is_empty(&self) -> bool {
        *self == Self { size: self.size, ..Self::default() }
    }

    /// What an address, or a form's hidden fields, say of this.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(Field, String)> = vec![(Field::Search, self.search.clone())];
        let statuses = self.statuses.iter().map(|status| status.as_str().to_owned());
        pairs.extend(statuses.map(|status| (Field::Status, status)));
        pairs.extend(self.systems.iter().map(|number| (Field::System, number.to_string())));
        let methods = self.methods.iter().map(|method| method.code().to_owned());
        pairs.extend(methods.map(|method| (Field::Method, method)));
        let currencies = self.currencies.iter().map(|currency| currency.code().to_owned());
        pairs.extend(currencies.map(|currency| (Field::Currency, currency)));
        pairs.extend(self.projects.iter().map(|project| (Field::Project, project.to_string())));
        pairs.push((Field::From, self.from.clone()));
        pairs.push((Field::To, self.to.clone()));
        pairs.push((Field::Min, self.min.clone()));
        pairs.push((Field::Max, self.max.clone()));
        pairs.extend(self.size.map(|size| (Field::Size, size.to_string())));
        pairs.retain(|(_, value)| !value.is_empty());
        pairs.into_iter().map(|(field, value)| (field.name(), value)).collect()
    }

    /// The query of an address that says this.
    pub fn query(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(self.pairs()).finish()
    }

    /// The query with one more pair.
    pub fn query_with(&self, name: &str, value: &str) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(self.pairs())
            .append_pair(name, value)
            .finish()
    }

    /// A search that finds only what equals it.
    pub fn is_short(&self) -> bool {
        let count = self.search.chars().count();
        count > 0 && count < SEARCH_MIN_CHARS
    }

    /// The first and the last day, where they can be read.
    pub fn days(&self) -> (Option<Day>, Option<Day>) {
        (Day::parse(&self.from), Day::parse(&self.to))
    }

    /// How many decimals the sums of the filter have: those of the currency when exactly one is
    /// chosen, else two.
    pub fn exponent(&self) -> u32 {
        match self.currencies.as_slice() {
            [only] => only.exponent(),
            _ => 2,
        }
    }

    fn tidy(&mut self) {
        // One order, so that the same view has the same address.
        self.statuses.sort_unstable();
        self.systems.sort_unstable();
        self.projects.sort_unstable();
        self.currencies.sort_unstable();
        self.methods.sort_unstable_by_key(|method| method.code());
    }

    /// The filter of the list, and what of it was not understood.
    pub fn filter(&self, within: &Within) -> (ListingFilter, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut note = |field, wrong| problems.push(Problem { field, wrong });
        let search = SearchText::new(&self.search);
        if search.is_none() && !self.search.is_empty() {
            note(Field::Search, Wrong::Unsearchable);
        }
        let of_system =
            |(name, number): &(String, i64)| self.systems.contains(number).then(|| name.clone());
        let accounts: Vec<String> = within.accounts.iter().filter_map(of_system).collect();
        if accounts.is_empty() && !self.systems.is_empty() {
            note(Field::System, Wrong::NoSuch);
        }
        let is_visible = |project: &&ProjectId| within.projects.contains(project);
        let mut projects: Vec<ProjectId> =
            self.projects.iter().filter(is_visible).copied().collect();
        if self.projects.is_empty() {
            projects.clone_from(&within.projects);
        } else if projects.is_empty() {
            note(Field::Project, Wrong::NoSuch);
        }
        let (from, to) = self.read_days(&mut note);
        let (amount_min, amount_max) = self.read_sums(&mut note);
        let filter = ListingFilter {
            projects,
            statuses: self.statuses.clone(),
            methods: self.methods.clone(),
            accounts,
            currencies: self.currencies.clone(),
            from: from.map(Day::start),
            until: to.map(Day::end),
            amount_min,
            amount_max,
            search,
        };
        (filter, problems)
    }

    fn read_days(&self, note: &mut impl FnMut(Field, Wrong)) -> (Option<Day>, Option<Day>) {
        let (from, to) = self.days();
        for (field, text, day) in [(Field::From, &self.from, from), (Field::To, &self.to, to)] {
            if day.is_none() && !text.is_empty() {
                note(field, Wrong::NotADay);
            }
        }
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            note(Field::To, Wrong::Reversed);
        }
        (from, to)
    }

    fn read_sums(&self, note: &mut impl FnMut(Field, Wrong)) -> (Option<i64>, Option<i64>) {
        let mut read = |field, text: &str| {
            let sum = Some(text).filter(|text| !text.is_empty());
            match sum.map(|text| amounts::parse(text, self.exponent())) {
                Some(Err(fault)) => {
                    note(field, Wrong::NotASum(fault));
                    None
                }
                Some(Ok(minor)) => Some(minor),
                None => None,
            }
        };
        let (min, max) = (read(Field::Min, &self.min), read(Field::Max, &self.max));
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            note(Field::Max, Wrong::Reversed);
        }
        (min, max)
    }
}

#[cfg(test)]
mod tests;

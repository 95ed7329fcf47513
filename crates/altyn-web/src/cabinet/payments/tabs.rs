//! What the tabs of a payment show (seed 000: «Информация о платеже», «Параметры операции»,
//! «Возвраты», «Параметры запроса»; ours: «История», «Проводки»).

mod facts;
mod ledger;
mod refunds;
mod request;
mod timeline;

use altyn_app::access::user::Right;

use super::case::Case;
use super::view::Time;
use super::words::{self, About, Key};
use crate::cabinet::words as said;
use crate::lang::Lang;

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// «Информация о платеже»
    Info,
    /// «Параметры операции»
    Operation,
    /// «Возвраты»
    Refunds,
    /// «Параметры запроса»
    Request,
    /// «История»
    History,
    /// «Проводки»
    Ledger,
}

impl Tab {
    /// In the order they are shown.
    pub const ALL: &'static [Self] =
        &[Self::Info, Self::Operation, Self::Refunds, Self::Request, Self::History, Self::Ledger];

    /// Its word in addresses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Operation => "operation",
            Self::Refunds => "refunds",
            Self::Request => "request",
            Self::History => "history",
            Self::Ledger => "ledger",
        }
    }

    /// Reads it back; the first where nothing is meant.
    pub fn parse(code: &str) -> Self {
        Self::ALL.iter().copied().find(|tab| tab.code() == code).unwrap_or(Self::Info)
    }

    /// Its name (seed 000).
    pub fn label(self, lang: Lang) -> &'static str {
        match self {
            Self::Info => lang.pick("Информация о платеже", "Payment"),
            Self::Operation => lang.pick("Параметры операции", "Operation"),
            Self::Refunds => lang.pick("Возвраты", "Refunds"),
            Self::Request => lang.pick("Параметры запроса", "Request"),
            Self::History => lang.pick("История", "History"),
            Self::Ledger => lang.pick("Проводки", "Ledger"),
        }
    }
}

/// What a tab shows.
pub enum Panel {
    /// Parameters with their explanations, one group below another.
    Facts(Vec<Group>),
    /// The same, groups beside one another.
    Groups(Vec<Group>),
    /// Refunds.
    Refunds(Vec<refunds::Refund>),
    /// Everything that happened.
    History {
        /// Oldest first.
        moments: Vec<timeline::Moment>,
        /// The project's clock is ahead of the real one.
        moved: bool,
    },
    /// The books.
    Ledger(Vec<ledger::Line>),
    /// The right that is missing, by name.
    Closed(&'static str),
}

impl Panel {
    /// What this tab shows to this person.
    pub fn of(
        systems: &[(String, i64)],
        case: &Case,
        tab: Tab,
        (lang, may_see_request): (Lang, bool),
    ) -> Self {
        match tab {
            Tab::Info => Self::Groups(facts::info(case, lang)),
            Tab::Operation => Self::Facts(facts::operation(systems, case, lang)),
            Tab::Refunds => Self::Refunds(refunds::of(case, lang)),
            Tab::Request if !may_see_request => Self::Closed(said::right(Right::SeeRequest, lang)),
            Tab::Request => Self::Facts(request::of(case, lang)),
            Tab::History => Self::History {
                moments: timeline::of(case, lang),
                moved: case.project.project.clock_offset_ms > 0,
            },
            Tab::Ledger => Self::Ledger(ledger::of(case, lang)),
        }
    }
}

/// Parameters that belong together.
pub struct Group {
    /// Their heading, unless the tab's own is enough.
    pub title: Option<String>,
    /// Parameters.
    pub facts: Vec<Fact>,
    /// What was sent, as it was: path and value.
    pub lines: Vec<(String, String)>,
    /// A remark below.
    pub note: Option<&'static str>,
}

impl Group {
    /// Parameters without a heading.
    fn of(facts: Vec<Fact>) -> Self {
        Self { title: None, facts, lines: Vec::new(), note: None }
    }

    fn titled(title: impl Into<String>, facts: Vec<Fact>) -> Self {
        Self { title: Some(title.into()), facts, lines: Vec::new(), note: None }
    }

    fn raw(title: impl Into<String>, lines: Vec<(String, String)>) -> Self {
        Self { title: Some(title.into()), facts: Vec::new(), lines, note: None }
    }
}

/// A parameter and its value; an empty value is drawn as a dash.
pub struct Fact {
    /// What it is.
    pub about: About,
    /// Its value.
    pub value: String,
    /// The same moment for machines, if it is one.
    pub machine: Option<String>,
}

impl Fact {
    fn new(key: Key, value: impl Into<String>, lang: Lang) -> Self {
        Self { about: words::about(key, lang), value: value.into(), machine: None }
    }

    fn maybe(key: Key, value: Option<impl Into<String>>, lang: Lang) -> Self {
        Self::new(key, value.map(Into::into).unwrap_or_default(), lang)
    }

    fn at(key: Key, at: Option<altyn_domain::time::Timestamp>, lang: Lang) -> Self {
        let at = at.map(|at| Time::exact(at, lang));
        let mut fact = Self::maybe(key, at.as_ref().map(|at| at.words.clone()), lang);
        fact.machine = at.map(|at| at.machine);
        fact
    }
}

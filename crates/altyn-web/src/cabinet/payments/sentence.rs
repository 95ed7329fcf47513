//! What is filtered, as a sentence with its total, and as chips that can be taken away.

use altyn_app::listing::Totals;
use altyn_domain::id::ProjectId;

use super::amounts;
use super::days::Day;
use super::filter::{Asked, Request};
use super::list::address_of;
use super::view;
use crate::cabinet::words;
use crate::format::{count, plural};
use crate::lang::Lang;
use crate::payment_page::words::method;

/// A part of the filter that can be taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// `Статус: Совершён`
    pub words: String,
    /// The list without it.
    pub without: String,
}

/// Names that a filter knows only by number.
pub struct Names<'a> {
    /// Projects.
    pub projects: &'a [(ProjectId, String)],
    /// The language.
    pub lang: Lang,
}

impl Names<'_> {
    fn project(&self, id: ProjectId) -> String {
        let known = self.projects.iter().find(|(own, _)| *own == id);
        known.map_or_else(|| id.to_string(), |(_, name)| name.clone())
    }

    /// Every part of the filter as a chip.
    pub fn chips(&self, asked: &Asked) -> Vec<Chosen> {
        let mut chips = Vec::new();
        let mut put = |words: String, take: &dyn Fn(&mut Asked)| {
            let mut rest = asked.clone();
            take(&mut rest);
            chips.push(Chosen { words, without: address_of(&rest.query()) });
        };
        for part in parts(asked) {
            put(self.said(part, asked), &|rest| part.take_from(rest));
        }
        chips
    }

    /// The filter as the first half of a sentence: «Платежи: статус «Совершён», с 01.11.2026».
    pub fn sentence(&self, asked: &Asked) -> String {
        let said: Vec<String> =
            parts(asked).into_iter().map(|part| self.said(part, asked)).collect();
        if said.is_empty() {
            return self.lang.pick("Все платежи", "All payments").to_owned();
        }
        format!("{}: {}", self.lang.pick("Платежи", "Payments"), said.join("; "))
    }

    fn said(&self, part: ChosenPart, asked: &Asked) -> String {
        let lang = self.lang;
        let quoted = |text: &str| match lang {
            Lang::Russian => format!("«{text}»"),
            Lang::English => format!("“{text}”"),
        };
        let (what, value) = match part {
            ChosenPart::Status(status) => {
                (lang.pick("статус", "status"), quoted(words::status(status, lang)))
            }
            ChosenPart::System(number) => {
                (lang.pick("платёжная система", "payment system"), number.to_string())
            }
            ChosenPart::Method(one) => (lang.pick("способ", "method"), quoted(method(one, lang))),
            ChosenPart::Currency(currency) => {
                (lang.pick("валюта", "currency"), currency.code().to_owned())
            }
            ChosenPart::Project(id) => (lang.pick("проект", "project"), quoted(&self.project(id))),
            ChosenPart::From => (lang.pick("с", "from"), day(&asked.from)),
            ChosenPart::To => (lang.pick("по", "to"), day(&asked.to)),
            ChosenPart::Min => (lang.pick("сумма от", "sum from"), self.sum(asked, &asked.min)),
            ChosenPart::Max => (lang.pick("сумма до", "sum up to"), self.sum(asked, &asked.max)),
            ChosenPart::Search => (lang.pick("поиск", "search"), quoted(&shortened(&asked.search))),
        };
        format!("{what} {value}")
    }

    fn sum(&self, asked: &Asked, text: &str) -> String {
        let exponent = asked.exponent();
        let Ok(minor) = amounts::parse(text, exponent) else { return text.to_owned() };
        match asked.currencies.as_slice() {
            [only] => view::total(minor, *only, self.lang),
            _ => amounts::typed(minor, exponent, self.lang.pick(',', '.')),
        }
    }

    /// The second half: how many and how much.
    pub fn total(&self, totals: &Totals) -> String {
        let lang = self.lang;
        if !totals.complete {
            return more_than(totals.count, lang);
        }
        let number = count(totals.count, lang);
        let form = i64::try_from(totals.count).unwrap_or(i64::MAX);
        let forms = match lang {
            Lang::Russian => ["платёж", "платежа", "платежей"],
            Lang::English => ["payment", "payments", "payments"],
        };
        let noun = plural(form, lang, forms);
        if totals.count == 0 {
            return lang.pick("Платежей нет", "No payments").to_owned();
        }
        let sums: Vec<String> = totals.sums.iter().map(|sum| self.of_currency(sum)).collect();
        format!("{number} {noun} {} {}", lang.pick("на", "for"), sums.join(", "))
    }

    fn of_currency(&self, sum: &altyn_app::listing::CurrencyTotal) -> String {
        let total = |minor| view::total(minor, sum.currency, self.lang);
        let mut said = total(sum.amount_minor);
        let taken = (self.lang.pick("списано", "captured"), sum.captured_minor);
        let returned = (self.lang.pick("возвращено", "refunded"), sum.refunded_minor);
        let more: Vec<String> = [taken, returned]
            .into_iter()
            .filter(|(_, minor)| *minor > 0 && *minor != sum.amount_minor)
            .map(|(word, minor)| format!("{word} {}", total(minor)))
            .collect();
        if !more.is_empty() {
            said = format!("{said} ({})", more.join(", "));
        }
        said
    }
}

/// So many were counted before counting stopped. Whether there is one more is not known, so the
/// number that is told is below them: the nearest of two digits and zeros.
fn more_than(counted: u64, lang: Lang) -> String {
    let Some(below) = counted.checked_sub(1).filter(|below| *below > 0) else {
        return lang.pick("Посчитаны не все платежи", "Not all payments were counted").to_owned();
    };
    let zeros = below.ilog10().saturating_sub(1);
    let told = below - below % 10_u64.pow(zeros);
    let number = count(told, lang);
    let form = i64::try_from(told).unwrap_or(i64::MAX);
    match lang {
        Lang::Russian => {
            let noun = plural(form, lang, ["платежа", "платежей", "платежей"]);
            format!("Более {number} {noun}")
        }
        Lang::English => {
            let noun = plural(form, lang, ["payment", "payments", "payments"]);
            format!("More than {number} {noun}")
        }
    }
}

/// One thing that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ChosenPart {
    Status(altyn_domain::status::Status),
    System(i64),
    Method(altyn_domain::method::Method),
    Currency(altyn_domain::money::Currency),
    Project(ProjectId),
    From,
    To,
    Min,
    Max,
    Search,
}

impl ChosenPart {
    fn take_from(self, asked: &mut Asked) {
        match self {
            Self::Status(one) => asked.statuses.retain(|own| *own != one),
            Self::System(one) => asked.systems.retain(|own| *own != one),
            Self::Method(one) => asked.methods.retain(|own| *own != one),
            Self::Currency(one) => asked.currencies.retain(|own| *own != one),
            Self::Project(one) => asked.projects.retain(|own| *own != one),
            Self::From => asked.from.clear(),
            Self::To => asked.to.clear(),
            Self::Min => asked.min.clear(),
            Self::Max => asked.max.clear(),
            Self::Search => asked.search.clear(),
        }
    }
}

fn parts(asked: &Asked) -> Vec<ChosenPart> {
    let mut parts: Vec<ChosenPart> = Vec::new();
    parts.extend(asked.statuses.iter().copied().map(ChosenPart::Status));
    parts.extend(asked.systems.iter().copied().map(ChosenPart::System));
    parts.extend(asked.methods.iter().copied().map(ChosenPart::Method));
    parts.extend(asked.currencies.iter().copied().map(ChosenPart::Currency));
    parts.extend(asked.projects.iter().copied().map(ChosenPart::Project));
    let typed = [
        (&asked.from, ChosenPart::From),
        (&asked.to, ChosenPart::To),
        (&asked.min, ChosenPart::Min),
        (&asked.max, ChosenPart::Max),
        (&asked.search, ChosenPart::Search),
    ];
    parts.extend(typed.into_iter().filter(|(text, _)| !text.is_empty()).map(|(_, part)| part));
    parts
}

fn day(text: &str) -> String {
    Day::parse(text).map_or_else(|| text.to_owned(), Day::words)
}

/// A search is as long as the person likes; a chip is not.
fn shortened(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MOST).collect();
    short.push('…');
    short
}

/// What is asked, without the part of the list: for a page that begins anew.
pub fn reset_of(request: &Request) -> String {
    let size = Asked { size: request.asked.size, ..Asked::default() };
    address_of(&size.query())
}

#[cfg(test)]
mod tests {
    use altyn_app::listing::CurrencyTotal;
    use altyn_domain::money::Currency;

    use super::*;

    const QUERY: &str = "q=Иванов&status=success&status=stuck&from=2026-11-01&min=1+000,5\
                         &currency=RUB&project=1&ps=127&method=card";

    fn names(lang: Lang, projects: &[(ProjectId, String)]) -> Names<'_> {
        Names { projects, lang }
    }

    #[test]
    fn what_is_filtered_is_a_sentence() {
        let projects = [(ProjectId::new(1).unwrap(), "Книги & Ко".to_owned())];
        let asked = Request::read(QUERY).asked;
        assert_eq!(
            names(Lang::Russian, &projects).sentence(&asked),
            "Платежи: статус «Совершён»; статус «Совершён без оповещения»; платёжная система 127; \
             способ «Банковская карта»; валюта RUB; проект «Книги & Ко»; с 01.11.2026; \
             сумма от 1\u{202f}000,50\u{202f}₽; поиск «Иванов»"
        );
        let all = Request::read("size=100").asked;
        assert_eq!(names(Lang::English, &[]).sentence(&all), "All payments");
    }

    #[test]
    fn every_chip_takes_just_itself_away() {
        let asked = Request::read(QUERY).asked;
        let chips = names(Lang::English, &[]).chips(&asked);
        assert_eq!(chips.len(), 9);
        for chip in &chips {
            let query = chip.without.split_once('?').unwrap().1;
            let rest = Request::read(query).asked;
            let left = names(Lang::English, &[]).chips(&rest);
            assert_eq!(left.len(), 8, "{}", chip.words);
            assert!(left.iter().all(|other| other.words != chip.words));
        }
    }

    #[test]
    fn totals_are_said_by_the_rules_of_the_language() {
        let sum = |count, amount_minor, refunded_minor| Totals {
            count,
            complete: true,
            sums: vec![CurrencyTotal {
                currency: Currency::RUB,
                count,
                amount_minor,
                captured_minor: amount_minor,
                refunded_minor,
            }],
        };
        let russian = names(Lang::Russian, &[]);
        for (totals, expected) in [
            (sum(1, 100, 0), "1 платёж на 1,00\u{202f}₽"),
            (sum(2, 123_450, 0), "2 платежа на 1\u{202f}234,50\u{202f}₽"),
            (sum(12, 500, 100), "12 платежей на 5,00\u{202f}₽ (возвращено 1,00\u{202f}₽)"),
            (Totals { count: 0, complete: true, sums: vec![] }, "Платежей нет"),
        ] {
            assert_eq!(russian.total(&totals), expected);
        }
        // Where counting stopped, whatever came after: never more than there is for certain.
        for (count, expected) in [
            (10_001, "Более 10\u{202f}000 платежей"),
            (12_345, "Более 12\u{202f}000 платежей"),
            (121, "Более 120 платежей"),
            (120, "Более 110 платежей"),
            (37, "Более 36 платежей"),
            (22, "Более 21 платежа"),
            (2, "Более 1 платежа"),
            (1, "Посчитаны не все платежи"),
            (0, "Посчитаны не все платежи"),
        ] {
            let totals = Totals { count, complete: false, sums: vec![] };
            assert_eq!(russian.total(&totals), expected);
        }
        let english = names(Lang::English, &[]);
        assert_eq!(english.total(&sum(1, 100, 0)), "1 payment for ₽1.00");
    }
}

//! The table of a register: that of «Платежи» without the details (seed 000), and its footer.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use altyn_app::listing::{CurrencyTotal, PaymentRow};
use altyn_app::projects::Projects;
use altyn_domain::money::{Amount, Currency};
use altyn_register::{Cell, Column, Table};
use altyn_web::cabinet::{Key, about, method, status_and_hold};
use altyn_web::lang::Lang;

/// A heading: a parameter of a payment, by the label it has in the cabinet, or words of its own.
enum Heading {
    Of(Key),
    /// A moment, which is Moscow's here.
    Moment(Key),
    Words(&'static str, &'static str),
}

use Heading::{Moment, Of, Words};

/// Every column and its width, characters; [`Wording::row`] has their cells.
const COLUMNS: [(Heading, u8); 17] = [
    (Of(Key::Id), 20),
    (Moment(Key::PendingAt), 20),
    (Of(Key::Status), 26),
    (Of(Key::OrderId), 24),
    (Of(Key::ClientId), 28),
    (Of(Key::Method), 20),
    (Of(Key::PsId), 11),
    (Words("Валюта", "Currency"), 8),
    (Of(Key::Amount), 16),
    (Of(Key::Captured), 16),
    (Of(Key::Refunded), 16),
    (Of(Key::Email), 28),
    (Of(Key::Phone), 16),
    (Of(Key::CardNumber), 20),
    (Of(Key::Rrn), 14),
    (Of(Key::Project), 20),
    (Words("Изменён (МСК)", "Changed (MSK)"), 20),
];

/// How a register says things.
#[derive(Clone)]
pub struct Wording {
    /// In which language.
    pub lang: Lang,
    /// Projects' names.
    pub projects: Arc<Projects>,
    /// The number of the payment system behind each provider account.
    pub systems: Arc<HashMap<String, i64>>,
}

impl Wording {
    /// The table without its rows.
    pub fn table(&self) -> Table {
        let lang = self.lang;
        let column = |(heading, width): &(Heading, u8)| Column {
            heading: match *heading {
                Of(key) => about(key, lang).label.to_owned(),
                Moment(key) => {
                    format!("{} {}", about(key, lang).label, lang.pick("(МСК)", "(MSK)"))
                }
                Words(russian, english) => lang.pick(russian, english).to_owned(),
            },
            width: *width,
        };
        let title = lang.pick("Платежи", "Payments").to_owned();
        Table { title, columns: COLUMNS.iter().map(column).collect() }
    }

    /// A payment.
    pub fn row<'a>(&self, row: &'a PaymentRow) -> [Cell<'a>; COLUMNS.len()] {
        let lang = self.lang;
        let project = self.projects.get(row.project);
        let project =
            project.map_or_else(|| row.project.to_string(), |entry| entry.project.name.clone());
        [
            Cell::text(row.id.to_string()),
            Cell::Date(row.created_at),
            Cell::text(status_and_hold(row.status, row.state, lang)),
            Cell::text(row.reference.as_str()),
            Cell::maybe(row.client.as_deref()),
            Cell::text(method(row.method, lang)),
            self.systems.get(&row.account).map_or(Cell::Empty, |number| Cell::Integer(*number)),
            Cell::text(row.amount.currency().code()),
            sum(row.amount),
            sum(row.captured),
            sum(row.refunded),
            Cell::maybe(row.email.as_deref()),
            Cell::maybe(row.phone.as_deref()),
            Cell::maybe(row.card.as_deref()),
            Cell::maybe(row.rrn.as_deref()),
            Cell::text(project),
            Cell::Date(row.updated_at),
        ]
    }

    /// A line for each currency: how many payments, and the sums below their columns.
    pub fn footer(&self, sums: &Sums) -> Vec<Vec<Cell<'static>>> {
        let line = |(currency, total): (&Currency, &Total)| {
            let sum = |minor| Cell::Number { minor, exponent: currency.exponent() };
            let mut cells = vec![Cell::Empty; COLUMNS.len()];
            let said = [
                (0, Cell::text(self.lang.pick("Итого", "Total"))),
                (1, Cell::Integer(i64::try_from(total.count).unwrap_or(i64::MAX))),
                (7, Cell::text(currency.code())),
                (8, sum(total.amount)),
                (9, sum(total.captured)),
                (10, sum(total.refunded)),
            ];
            for (at, cell) in said {
                if let Some(place) = cells.get_mut(at) {
                    *place = cell;
                }
            }
            cells
        };
        sums.0.iter().map(line).collect()
    }
}

fn sum(amount: Amount) -> Cell<'static> {
    Cell::Number { minor: amount.minor().into(), exponent: amount.currency().exponent() }
}

/// What the rows come to, by currency.
#[derive(Clone, Debug, Default)]
pub struct Sums(BTreeMap<Currency, Total>);

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    count: u64,
    amount: i128,
    captured: i128,
    refunded: i128,
}

impl Sums {
    /// Counts a row. No number of rows can overflow: an amount has 44 bits.
    pub fn add(&mut self, row: &PaymentRow) {
        let total = self.0.entry(row.amount.currency()).or_default();
        total.count += 1;
        total.amount += i128::from(row.amount.minor());
        total.captured += i128::from(row.captured.minor());
        total.refunded += i128::from(row.refunded.minor());
    }

    /// As the register keeps them; what is beyond 64 bits stays exact in the file alone.
    pub fn totals(&self) -> Vec<CurrencyTotal> {
        let minor = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
        let total = |(currency, total): (&Currency, &Total)| CurrencyTotal {
            currency: *currency,
            count: total.count,
            amount_minor: minor(total.amount),
            captured_minor: minor(total.captured),
            refunded_minor: minor(total.refunded),
        };
        self.0.iter().map(total).collect()
    }
}

//! Payments of every kind, by chance, and what a filter should find among them.

use std::sync::Arc;

use altyn_app::callback::{CallbackProgress, CallbackState};
use altyn_app::changeset::{Changeset, PaymentWrite};
use altyn_app::listing::{ListingFilter, PaymentRow, SearchText, searchable};
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::{
    Happening, PaymentRequest, accept_payment, accept_refund, apply,
};
use altyn_domain::payment::{Customer, Details, OperationState, PaymentRef, Record};
use altyn_domain::project::Project;
use altyn_domain::reason::Reason;
use altyn_domain::status::Told;
use altyn_domain::time::HOUR_MS;

use crate::build::{
    callback, card, customer, details, facts, moment, number, refund_request, sale_request,
};
use crate::clock::START;

/// The same chances every time (xorshift).
pub struct Chance(pub u64);

impl Chance {
    /// A number below `below`.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % below
    }

    /// One of these.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// A payment and what the list should know of it.
pub struct Made {
    pub record: Record,
    pub row: PaymentRow,
    text: String,
}

const NAMES: &[(&str, &str)] = &[
    ("Анна", "Королёва"),
    ("Иван", "Кузнецов"),
    ("ПЁТР", "Щербаков"),
    ("Seán", "O'Neil \"the % _ \\ *\""),
    ("🦊", "Лисица"),
    ("Straße", "İstanbul"),
];

fn payer(chance: &mut Chance, n: usize) -> Customer {
    let (first, last) = chance.one(NAMES);
    Customer {
        id: (chance.below(3) > 0).then(|| format!("клиент-{}", n % 97)),
        email: (chance.below(4) > 0).then(|| format!("Person.{n}@mail{}.example", n % 7)),
        phone: (chance.below(4) > 0).then(|| format!("7916{:07}", n * 7_919 % 10_000_000)),
        first_name: Some(first.to_owned()),
        last_name: (chance.below(5) > 0).then(|| last.to_owned()),
        ..customer()
    }
}

fn request(chance: &mut Chance, n: usize) -> PaymentRequest {
    let method = chance.one(Method::ALL);
    let currency = chance.one(&["RUB", "RUB", "RUB", "USD", "KZT"]);
    let currency = Currency::from_code(currency).expect("a currency");
    let minor = chance.one(&[1_i64, 100, 10_000, 10_001, 99_999, 250_000]);
    // References of one letter and of two, too.
    let reference = match n {
        0..10 => n.to_string(),
        10..30 => format!("№{}", n - 10),
        _ => format!("Заказ-{n}/100%_{}", n % 11),
    };
    let card = (method == Method::Card).then(card);
    PaymentRequest {
        reference: PaymentRef::new(reference).expect("a usable reference"),
        method,
        card,
        amount: Amount::new(minor, currency).expect("an amount in range"),
        details: Details { page: None, customer: payer(chance, n), ..details() },
        ..sale_request("any")
    }
}

/// What may become of a payment; the domain refuses some of it, and then it stays as it was.
fn live(chance: &mut Chance, record: Record) -> Record {
    let mut record = record;
    let Some(opening) = record.opening().map(|opening| opening.id) else { return record };
    let fate = chance.below(10);
    let step = |record: &mut Record, id, happening| {
        apply(record, id, happening, moment(START.plus_millis(2 * HOUR_MS))).is_ok()
    };
    if fate == 0 || !step(&mut record, opening, Happening::Send) || fate == 1 {
        return record;
    }
    let declined = [Reason::CancelledByPayer, Reason::InsufficientFunds];
    if fate < 4 {
        let why = chance.one(&declined);
        step(&mut record, opening, Happening::Decline(why, facts()));
        return record;
    }
    step(&mut record, opening, Happening::Approve(facts()));
    if fate < 8 {
        return record;
    }
    let sum = record.payment.captured.minor();
    let part = if chance.below(2) == 0 { sum } else { (sum / 2).max(1) };
    let wanted = altyn_domain::payment::decide::RefundRequest {
        amount: Amount::new(part, record.payment.amount.currency()).ok(),
        ..refund_request(1, None)
    };
    let id = OperationId::new(number());
    let (mut record, _) = accept_refund(record, id, moment(START), wanted);
    if chance.below(3) > 0 && step(&mut record, id, Happening::Send) {
        step(&mut record, id, Happening::Approve(facts()));
    }
    record
}

/// Makes a payment in one piece: what its commits would have come to.
pub fn make(chance: &mut Chance, project: &Project, n: usize) -> (Made, Changeset) {
    let ids = (PaymentId::new(number()), OperationId::new(number()));
    // Some at the same moment.
    let at = START.plus_millis(i64::try_from(chance.below(300)).expect("small") * 60_000);
    let (record, _) = accept_payment(project, ids, moment(at), request(chance, n));
    let record = live(chance, record);
    let told = chance.one(Told::ALL);
    let state = match told {
        Told::Nobody => None,
        Told::Owed => Some(CallbackState::Owed),
        Told::Delivered => Some(CallbackState::Delivered),
        Told::GivenUp => Some(CallbackState::GivenUp),
    };
    let new_callback = state.map(|state| {
        let mut owed = callback(&record);
        owed.told = OperationState::Approved;
        owed.progress = CallbackProgress {
            state,
            attempts: 1,
            ended_at: (state != CallbackState::Owed).then_some(START),
        };
        owed
    });
    let changes = Changeset {
        payment: Some(PaymentWrite::New(Box::new(record.payment.clone()))),
        new_operations: record.operations.clone(),
        new_callback,
        ..Changeset::default()
    };
    let (row, text) = (PaymentRow::of(&record, told), searchable(&record));
    (Made { record, row, text }, changes)
}

impl Made {
    /// Whether a filter should find it.
    pub fn is_wanted(&self, filter: &ListingFilter) -> bool {
        let row = &self.row;
        let any = |list: bool, holds: bool| list || holds;
        filter.projects.contains(&row.project)
            && any(filter.statuses.is_empty(), filter.statuses.contains(&row.status))
            && any(filter.methods.is_empty(), filter.methods.contains(&row.method))
            && any(filter.accounts.is_empty(), filter.accounts.contains(&row.account))
            && any(filter.currencies.is_empty(), filter.currencies.contains(&row.amount.currency()))
            && filter.from.is_none_or(|from| row.created_at >= from)
            && filter.until.is_none_or(|until| row.created_at < until)
            && filter.amount_min.is_none_or(|least| row.amount.minor() >= least)
            && filter.amount_max.is_none_or(|most| row.amount.minor() <= most)
            && filter.search.as_ref().is_none_or(|text| self.has(text))
    }

    fn has(&self, text: &SearchText) -> bool {
        if text.is_part() {
            self.text.contains(text.as_str())
        } else {
            self.text.lines().any(|value| value == text.as_str())
        }
    }
}

/// What the list should give: the wanted ones, newest first.
pub fn expected(made: &[Made], filter: &ListingFilter) -> Vec<PaymentRow> {
    let mut rows: Vec<PaymentRow> =
        made.iter().filter(|one| one.is_wanted(filter)).map(|one| one.row.clone()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
    rows
}

/// A filter of one to four conditions, by chance.
pub fn a_filter(chance: &mut Chance, projects: &[ProjectId], made: &[Made]) -> ListingFilter {
    let mut filter = ListingFilter { projects: projects.to_vec(), ..ListingFilter::default() };
    if chance.below(3) == 0 {
        filter.projects = vec![chance.one(projects)];
    }
    for _ in 0..=chance.below(4) {
        let like = &made[chance.below(made.len())].row;
        match chance.below(8) {
            0 => filter.statuses.push(like.status),
            1 => filter.methods.push(like.method),
            2 => filter.accounts.push(like.account.clone()),
            3 => filter.currencies.push(like.amount.currency()),
            4 => filter.from = Some(like.created_at),
            5 => filter.until = Some(like.created_at),
            6 => {
                filter.amount_min = Some(like.amount.minor());
                filter.amount_max = (chance.below(2) == 0).then_some(like.amount.minor());
            }
            _ => {
                let text = like.email.clone().unwrap_or_else(|| like.reference.clone());
                let cut: String = text.chars().skip(chance.below(4)).take(6).collect();
                filter.search = SearchText::new(&cut);
            }
        }
    }
    filter
}

/// Makes many payments in these projects, committed together.
pub async fn make_many(
    store: &Arc<dyn altyn_app::ports::Store>,
    projects: &[Project],
    count: usize,
) -> Vec<Made> {
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let (mut all, mut changes) = (Vec::new(), Vec::new());
    for n in 0..count {
        let project = &projects[chance.below(projects.len())];
        let (made, change) = make(&mut chance, project, n);
        all.push(made);
        changes.push(change);
    }
    for some in changes.chunks(500) {
        for answer in super::commit_all(store, some.to_vec()).await {
            answer.expect("a made payment is kept");
        }
    }
    all
}

//! `altyn demo --payments N`: payments of the year past, so that lists, searches and registers can
//! be tried at any size.
//!
//! Each is decided by the domain step by step and committed through the store like any other, only
//! in one piece and with moments of the past; nobody is called and nobody is told. The same N at
//! the same time gives the same payments.

use std::io::Write as _;
use std::sync::Arc;

use altyn_app::callback::{Callback, CallbackProgress, CallbackState};
use altyn_app::changeset::{AttemptStart, Changeset, PaymentWrite};
use altyn_app::ports::{Clock as _, CommitError, Conflict, Store};
use altyn_app::projects::StoredProject;
use altyn_domain::card::{CardBrand, CardFacts, Expiry};
use altyn_domain::id::{CallbackId, ID_EPOCH_SECONDS, IdLayout, OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::{
    self, Applied, Change, Happening, Moment, PaymentRequest, RefundRequest,
};
use altyn_domain::payment::{
    CallbackWishes, Customer, Details, OperationKind, OperationState, PaymentRef, ProviderFacts,
    Record, Redirect, RedirectMethod, RequestEcho,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use anyhow::{Context as _, Result, bail};
use tokio::task::JoinSet;

use crate::clock::SystemClock;
use crate::commands::say;

/// How far back they reach.
const SPAN_MS: i64 = 365 * DAY_MS;
/// Commits under way at once: enough for full batches.
const IN_FLIGHT: usize = 512;
/// Ids are made under the last node number, in seconds of the past, where no node makes any.
const NODE: u8 = 31;
/// How often the progress is told, payments.
const TELL_EVERY: u64 = 50_000;

const NAMES: &[(&str, &str)] = &[
    ("Анна", "Смирнова"),
    ("Иван", "Кузнецов"),
    ("Мария", "Попова"),
    ("Пётр", "Соловьёв"),
    ("Ольга", "Васильева"),
    ("Дмитрий", "Зайцев"),
    ("Elena", "Fischer"),
    ("Тимур", "Ахметов"),
    ("Наталья", "Королёва"),
    ("Сергей", "Щербаков"),
];
const MAIL: &[&str] = &["mail.example", "post.example", "inbox.example"];

/// Makes so many payments in these projects.
pub async fn make(store: &Arc<dyn Store>, projects: &[StoredProject], count: u64) -> Result<()> {
    let began = SystemClock.now();
    let mut under_way = JoinSet::new();
    let mut made = 0;
    for number in 0..count {
        if under_way.len() >= IN_FLIGHT {
            made += ended(under_way.join_next().await)?;
        }
        let Some(maker) = Maker::of(projects, number, count, began) else {
            bail!("the demo has no project to make payments in");
        };
        let changeset = maker.payment().context("a made payment broke a rule of the domain")?;
        let store = Arc::clone(store);
        under_way.spawn(async move { store.commit(changeset).await });
        if number % TELL_EVERY == TELL_EVERY - 1 {
            tell(number + 1, count, began)?;
        }
    }
    while let Some(end) = under_way.join_next().await {
        made += ended(Some(end))?;
    }
    let took_ms = SystemClock.now().as_millis() - began.as_millis();
    say(format!("{made} payments were made in {} s", took_ms / SECOND_MS));
    Ok(())
}

type Ended = Result<Result<(), CommitError>, tokio::task::JoinError>;

/// How many were made by it: one, or none when it was there from an earlier run.
fn ended(end: Option<Ended>) -> Result<u64> {
    match end {
        Some(Ok(Ok(()))) => Ok(1),
        Some(Ok(Err(CommitError::Conflict(Conflict::PaymentExists)))) | None => Ok(0),
        Some(Ok(Err(error))) => Err(error).context("a payment was not written"),
        Some(Err(error)) => Err(error).context("a payment was not written"),
    }
}

fn tell(made: u64, count: u64, began: Timestamp) -> Result<()> {
    let seconds = (SystemClock.now().as_millis() - began.as_millis()).max(1) / SECOND_MS;
    let mut out = std::io::stderr().lock();
    writeln!(out, "{made} of {count} payments, {seconds} s").context("standard error is closed")
}

/// Makes one payment: what is by chance follows from its number.
struct Maker<'a> {
    project: &'a StoredProject,
    number: u64,
    chance: u64,
    at: Timestamp,
    sequence: u16,
}

impl<'a> Maker<'a> {
    fn of(
        projects: &'a [StoredProject],
        number: u64,
        count: u64,
        until: Timestamp,
    ) -> Option<Self> {
        let mut maker = Self {
            project: projects.first()?,
            number,
            chance: number,
            at: moment_of(number, count, until),
            sequence: sequence_of(number, count),
        };
        // Two of three in the first.
        let others = u64::try_from(projects.len().saturating_sub(1)).ok()?;
        if others > 0 && maker.below(3) == 0 {
            let at = usize::try_from(maker.below(others)).ok()? + 1;
            maker.project = projects.get(at)?;
        }
        Some(maker)
    }

    /// SplitMix64.
    fn below(&mut self, limit: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        let at = self.below(u64::try_from(among.len()).ok()?);
        among.get(usize::try_from(at).ok()?).copied()
    }

    fn id(&mut self) -> Option<i64> {
        let second = u32::try_from(self.at.as_seconds() - ID_EPOCH_SECONDS).ok()?;
        let layout = IdLayout { second, sequence: self.sequence, node: NODE };
        self.sequence = self.sequence.wrapping_add(1);
        Some(layout.pack())
    }

    fn payment(mut self) -> Option<Changeset> {
        let mut story = self.accepted()?;
        let opening = story.record.opening()?.id;
        story.happens(opening, Happening::Send, self.later(1))?;
        if story.record.payment.method != Method::Card {
            story.happens(opening, redirect(), self.later(2))?;
        }
        match self.below(100) {
            0..12 => {
                let reason = self.pick(&[
                    Reason::InsufficientFunds,
                    Reason::LimitExceeded,
                    Reason::GeneralDecline,
                ])?;
                let end = Happening::Decline(reason, self.facts());
                story.happens(opening, end, self.later(30))?;
            }
            12..16 => {
                let end = Happening::Decline(Reason::CancelledByPayer, self.facts());
                story.happens(opening, end, self.later(30))?;
            }
            chance => {
                let end = Happening::Approve(self.facts());
                story.happens(opening, end, self.later(30))?;
                let given_up = chance == 16;
                story.told = Some(self.callback(&story.record, opening, given_up)?);
                if (17..25).contains(&chance) {
                    self.refunded(&mut story, chance < 21)?;
                }
            }
        }
        Some(story.whole(self.later(0).real))
    }

    fn accepted(&mut self) -> Option<Story> {
        let methods: Vec<Method> =
            self.project.project.methods.iter().map(|setting| setting.method).collect();
        let method = self.pick(&methods)?;
        let currency = match method {
            Method::CardPartner => self.pick(&[Currency::KES, Currency::USD])?,
            Method::Card | Method::AlfaClick => Currency::RUB,
        };
        // The card partner takes 3,000 dollars at most.
        let limit = if method == Method::CardPartner { 29_000 } else { 200_000 };
        let tens = i64::try_from(self.below(limit)).ok()?;
        let request = PaymentRequest {
            reference: PaymentRef::new(format!("order-{:07}", self.number))?,
            kind: OperationKind::Sale,
            method,
            amount: Amount::new(10_000 + tens * 10, currency).ok()?,
            details: Details {
                customer: self.customer()?,
                description: format!("Заказ № {}", self.number),
                callback: CallbackWishes::default(),
                ..Details::default()
            },
            card: match method {
                Method::Card => Some(self.card()?),
                Method::CardPartner | Method::AlfaClick => None,
            },
            request: RequestEcho::default(),
        };
        let ids = (PaymentId::new(self.id()?), OperationId::new(self.id()?));
        let at = self.later(0);
        let (record, change) = decide::accept_payment(&self.project.project, ids, at, request);
        Some(Story::begin(record, change))
    }

    fn customer(&mut self) -> Option<Customer> {
        let (first, last) = self.pick(NAMES)?;
        let number = self.below(900_000);
        let mail = self.pick(MAIL)?;
        Some(Customer {
            id: Some(format!("client-{number}")),
            ip_address: Some("198.51.100.7".to_owned()),
            account_id: Some(format!("login{number}")),
            phone: Some(format!("7916{:07}", self.below(10_000_000))),
            email: Some(format!("client{number}@{mail}")),
            first_name: Some(first.to_owned()),
            last_name: Some(last.to_owned()),
            ..Customer::default()
        })
    }

    fn card(&mut self) -> Option<CardFacts> {
        let last = self.below(10_000);
        Some(CardFacts {
            mask: format!("427600******{last:04}"),
            brand: CardBrand::parse("visa"),
            expiry: Expiry::parse("2030-12")?,
            holder: Some("CARD HOLDER".to_owned()),
        })
    }

    fn facts(&mut self) -> ProviderFacts {
        ProviderFacts {
            payment_id: Some(format!("made-{}", self.number)),
            auth_code: Some(format!("{:06}", self.below(1_000_000))),
            rrn: Some(format!("{:012}", self.below(1_000_000_000_000))),
            eci: None,
            at: None,
        }
    }

    fn refunded(&mut self, story: &mut Story, whole: bool) -> Option<()> {
        let left = story.record.payment.refundable();
        let whole = whole || !story.record.payment.method.rules().partial_refunds;
        let part = Amount::new(left.minor() / 3, left.currency()).ok();
        let request = RefundRequest {
            amount: part.filter(|_| !whole),
            merchant_refund_id: None,
            callback: None,
            request: RequestEcho::default(),
        };
        let id = OperationId::new(self.id()?);
        story.refund(id, self.later(3_600), request);
        story.happens(id, Happening::Send, self.later(3_601))?;
        story.happens(id, Happening::Approve(self.facts()), self.later(3_602))
    }

    fn callback(
        &mut self,
        record: &Record,
        operation: OperationId,
        given_up: bool,
    ) -> Option<Callback> {
        let at = self.later(31).real;
        let state = if given_up { CallbackState::GivenUp } else { CallbackState::Delivered };
        Some(Callback {
            id: CallbackId::new(self.id()?),
            project: record.payment.project,
            payment: record.payment.id,
            operation,
            told: OperationState::Approved,
            url: "https://shop.example/callback".to_owned(),
            body: b"{}".to_vec(),
            created_at: at,
            progress: CallbackProgress { state, attempts: 1, ended_at: Some(at) },
        })
    }

    fn later(&self, seconds: i64) -> Moment {
        let at = self.at.plus_millis(seconds * SECOND_MS);
        Moment { project: at, real: at }
    }
}

/// Evenly over the span, the last ten minutes before `until` left free.
fn moment_of(number: u64, count: u64, until: Timestamp) -> Timestamp {
    let share = u128::from(number) * u128::from(SPAN_MS.unsigned_abs());
    let after = i64::try_from(share / u128::from(count.max(1))).unwrap_or(0);
    until.plus_millis(after - SPAN_MS - 10 * MINUTE_MS)
}

/// Where the ids of this payment begin within their second.
fn sequence_of(number: u64, count: u64) -> u16 {
    let in_second = count / (SPAN_MS / SECOND_MS).unsigned_abs() + 1;
    u16::try_from((number % (2 * in_second)) * 8).unwrap_or(0)
}

fn redirect() -> Happening {
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://bank.example/".to_owned(),
        body: Vec::new(),
    };
    Happening::Redirect(redirect, ProviderFacts::default())
}

/// A payment as it goes on, and everything that is written of it in the end.
struct Story {
    record: Record,
    change: Change,
    told: Option<Callback>,
}

impl Story {
    fn begin(record: Record, change: Change) -> Self {
        Self { record, change, told: None }
    }

    fn takes(&mut self, change: Change) {
        self.change.events.extend(change.events);
        self.change.postings.extend(change.postings);
    }

    fn happens(&mut self, id: OperationId, happening: Happening, at: Moment) -> Option<()> {
        match decide::apply(&mut self.record, id, happening, at) {
            Ok(Applied::Changed(change)) => {
                self.takes(change);
                Some(())
            }
            Ok(Applied::Nothing | Applied::LateMoney(_)) | Err(_) => None,
        }
    }

    fn refund(&mut self, id: OperationId, at: Moment, request: RefundRequest) {
        let (record, change) = decide::accept_refund(self.record.clone(), id, at, request);
        self.record = record;
        self.takes(change);
    }

    fn whole(self, at: Timestamp) -> Changeset {
        let attempt = self.record.opening().map(|opening| AttemptStart::of(opening, at));
        Changeset {
            payment: Some(PaymentWrite::New(Box::new(self.record.payment))),
            new_operations: self.record.operations,
            events: self.change.events,
            postings: self.change.postings,
            attempt_start: attempt,
            new_callback: self.told,
            ..Changeset::default()
        }
    }
}

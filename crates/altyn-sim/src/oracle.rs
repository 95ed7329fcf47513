//! What must hold at the end of every run, and much of it in the middle: the catalogue of
//! `docs/properties.md` as code.
//!
//! The model is the bank's own books and the shop's own book. Nothing here is computed by the code
//! that is tried; where the platform's own check of its invariants is used ([`check`]), it is one
//! witness beside them.

use std::collections::BTreeMap;
use std::fmt;

use altyn_app::callback::{Callback, CallbackFilter, CallbackState};
use altyn_app::check::{CheckReads as _, Dossier, check, check_audit};
use altyn_app::listing::ListingFilter;
use altyn_app::ports::{AccessStore as _, Listing as _, Store as _};
use altyn_domain::id::{OperationId, PaymentId, ProjectId, operation_of, order_number};
use altyn_domain::ledger::Account;
use altyn_domain::payment::{Operation, OperationKind, OperationState, PaymentState, Record};
use anyhow::{Context as _, Result};

use crate::books::{Books, Order, Standing};
use crate::cluster::Cluster;
use crate::desk::Book;
use crate::shop::Heard;
use crate::world::World;

/// Something that must never be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The property, as numbered in `docs/properties.md`.
    pub property: &'static str,
    /// The payment, as the shop names it; empty when it is about all.
    pub about: String,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}: {}", self.property, self.about, self.detail)
    }
}

/// What is looked at.
pub struct Witnesses<'w> {
    /// Where what was met is counted.
    pub world: &'w World,
    /// The platform.
    pub cluster: &'w Cluster,
    /// The bank.
    pub books: &'w Books,
    /// What the shop was answered.
    pub book: &'w Book,
    /// What the shop heard.
    pub heard: &'w BTreeMap<i64, Heard>,
}

/// Findings, as they are made.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, property: &'static str, about: &str, detail: impl Into<String>) {
        self.0.push(Violation { property, about: about.to_owned(), detail: detail.into() });
    }

    fn unless(&mut self, holds: bool, property: &'static str, about: &str, detail: String) {
        if !holds {
            self.add(property, about, detail);
        }
    }
}

/// Pages are read whole: a run has few payments.
const ALL: u32 = 10_000;

/// What holds at every moment, whatever is under way: the books of each payment and of all.
pub fn at_any_moment(cluster: &Cluster) -> Result<Vec<Violation>> {
    let store = cluster.store()?;
    let projects = cluster.drive(store.projects())??;
    let report = cluster.drive(check(&store, &projects))??;
    let found = report.breaches.into_iter().map(|breach| Violation {
        property: breach.rule,
        about: String::new(),
        detail: format!("{}: {}", breach.subject, breach.detail),
    });
    Ok(found.collect())
}

/// What holds when everything has come to rest.
pub fn at_rest(seen: &Witnesses<'_>) -> Result<Vec<Violation>> {
    let store = seen.cluster.store()?;
    let dossiers = seen.cluster.drive(store.dossiers(None, ALL))??;
    let mut findings = Findings(at_any_moment(seen.cluster)?);
    findings.0.extend(seen.book.wrong.iter().cloned());
    for dossier in &dossiers {
        look_at(seen, dossier, &mut findings);
        if dossier.record.operations.iter().any(|operation| operation.late_money) {
            seen.world.count("late money");
        }
        for event in &dossier.events {
            let operation = dossier.record.operation(event.operation);
            let kind = operation.map_or("", |operation| operation.kind.as_str());
            seen.world.count(&format!("became: {kind} {}", event.state));
        }
    }
    nothing_is_missing(seen, &dossiers, &mut findings);
    ledger(seen, &dossiers, &mut findings)?;
    callbacks(seen, &dossiers, &mut findings)?;
    list(seen, &dossiers, &mut findings)?;
    audit_log(seen, &mut findings)?;
    Ok(findings.0)
}

/// An operation that opens an order, with that order at the bank.
fn openings<'r>(
    books: &'r Books,
    record: &'r Record,
) -> impl Iterator<Item = (&'r Operation, Option<&'r Order>)> {
    record.operations.iter().filter(|operation| operation.kind.is_opening()).map(|operation| {
        let number = order_number(operation.id);
        let found = books.orders().find(|(name, _)| **name == number);
        (operation, found.map(|(_, order)| order))
    })
}

fn look_at(seen: &Witnesses<'_>, dossier: &Dossier, findings: &mut Findings) {
    let record = &dossier.record;
    let about = record.payment.reference.as_str();
    for operation in &record.operations {
        let word = format!("{} {} is {}", operation.kind.as_str(), operation.id, operation.state);
        findings.unless(operation.state.is_final(), "L1", about, word);
        let known = seen.book.deals.contains_key(&operation.id.get());
        let automatic = operation.kind == OperationKind::Capture && operation.callback.is_none();
        let detail = format!("nobody asked for {} {}", operation.kind.as_str(), operation.id);
        // A request that our rules refuse is decided anew each time it comes (ruling 14), and so is
        // one that the bank has declined and that has no number of its own.
        let decided_anew = operation.attempts == 0
            || matches!(operation.kind, OperationKind::Capture | OperationKind::Void);
        let refused = decided_anew
            && matches!(operation.state, OperationState::Rejected | OperationState::Declined)
            && seen
                .book
                .deals
                .values()
                .any(|deal| deal.payment == about && deal.kind == operation.kind);
        findings.unless(known || automatic || refused, "S4", about, detail);
    }
    for (operation, order) in openings(seen.books, record) {
        opening(about, operation, order, findings);
    }
    sums(seen.books, record, findings);
    let expected = expected_state(seen.books, record);
    let found = record.payment.state;
    let detail = format!("shows {}, the bank's books make {expected:?}", found.as_str());
    findings.unless(expected.contains(&found), "S7", about, detail);
    for (kind, subject) in &dossier.jobs {
        findings.add("L3", about, format!("{} {subject} still waits", kind.as_str()));
    }
}

/// S1, S2: the bank charged once at most, and we know it.
fn opening(about: &str, operation: &Operation, order: Option<&Order>, findings: &mut Findings) {
    let charges = order.map_or(0, |order| order.charges);
    findings.unless(charges <= 1, "S1", about, format!("{charges} charges of {}", operation.id));
    let approved = operation.state == OperationState::Approved;
    let knows = approved || operation.late_money;
    // Held money that the bank let go before anybody looked is nobody's loss.
    let gone = order.is_some_and(|order| order.standing == Standing::Released);
    let detail = format!("{} is {}, the bank has {order:?}", operation.id, operation.state);
    findings.unless((charges == 1) == knows || (gone && !approved), "S2", about, detail);
}

/// S5: what was taken and returned is what the bank took and returned.
fn sums(books: &Books, record: &Record, findings: &mut Findings) {
    let payment = &record.payment;
    let mut real = (0, 0);
    for (operation, order) in openings(books, record) {
        if let Some(order) = order.filter(|_| !operation.late_money) {
            real = (real.0 + order.taken, real.1 + order.returned_sum());
        }
    }
    let ours = (payment.captured.minor(), payment.refunded.minor());
    let detail = format!("took and returned {ours:?}, the bank {real:?}");
    findings.unless(ours == real, "S5", payment.reference.as_str(), detail);
}

/// S7: what a payment shows, from the bank's books alone.
fn expected_state(books: &Books, record: &Record) -> Vec<PaymentState> {
    let opened = openings(books, record).find(|(operation, order)| {
        !operation.late_money && order.is_some_and(|order| order.charges > 0)
    });
    let Some((_, Some(order))) = opened else {
        return vec![PaymentState::Declined, PaymentState::Rejected];
    };
    match order.standing {
        Standing::Taken if order.returned.is_empty() => vec![PaymentState::Paid],
        Standing::Taken if order.left() == 0 => vec![PaymentState::Refunded],
        Standing::Taken => vec![PaymentState::PartiallyRefunded],
        // Let go by us, or by the bank before we came.
        Standing::Released => {
            vec![PaymentState::Voided, PaymentState::Authorized, PaymentState::Declined]
        }
        Standing::Held => vec![PaymentState::Authorized],
        Standing::Open | Standing::Challenged | Standing::Closed => Vec::new(),
    }
}

/// S3, S4: everything that was answered is there, as it was asked for, and the bank has nothing that
/// we do not know.
fn nothing_is_missing(seen: &Witnesses<'_>, dossiers: &[Dossier], findings: &mut Findings) {
    let operations: BTreeMap<OperationId, &Operation> = dossiers
        .iter()
        .flat_map(|dossier| &dossier.record.operations)
        .map(|operation| (operation.id, operation))
        .collect();
    for (id, deal) in &seen.book.deals {
        let Some(found) = operations.get(&OperationId::new(*id)) else {
            findings.add("S3", &deal.payment, format!("{id} was accepted and is not there"));
            continue;
        };
        let same = found.kind == deal.kind && found.amount.minor() == deal.amount;
        let detail = format!("{id} is a {} of {}", found.kind.as_str(), found.amount.minor());
        findings.unless(same, "S3", &deal.payment, format!("{detail}, asked was {deal:?}"));
    }
    for (number, order) in seen.books.orders() {
        let known = operation_of(number).is_some_and(|id| operations.contains_key(&id));
        findings.unless(
            known,
            "S4",
            "",
            format!("the bank has {number} that we do not: {order:?}"),
        );
    }
}

/// S6: the books add up to zero and to what the bank owes, project by project.
fn ledger(seen: &Witnesses<'_>, dossiers: &[Dossier], findings: &mut Findings) -> Result<()> {
    let balances = seen.cluster.drive(seen.cluster.store()?.balances())??;
    let mut by_project: BTreeMap<ProjectId, (i64, i64)> = BTreeMap::new();
    for balance in &balances {
        let net = balance.debit_minor - balance.credit_minor;
        let sums = by_project.entry(balance.project).or_default();
        sums.0 += net;
        if balance.account == Account::ProviderReceivable {
            sums.1 += net;
        }
    }
    let mut owed: BTreeMap<ProjectId, i64> = BTreeMap::new();
    for dossier in dossiers {
        for (operation, order) in openings(seen.books, &dossier.record) {
            *owed.entry(operation.project).or_default() += order.map_or(0, Order::left);
        }
    }
    for (project, (all, receivable)) in by_project {
        findings.unless(all == 0, "S6", "", format!("project {project}: the books make {all}"));
        let bank = owed.remove(&project).unwrap_or_default();
        let detail = format!("project {project}: receivable {receivable}, the bank has {bank}");
        findings.unless(receivable == bank, "S6", "", detail);
    }
    for (project, bank) in owed {
        findings.unless(bank == 0, "S6", "", format!("project {project}: {bank} not in the books"));
    }
    Ok(())
}

/// S8, L2: what is owed was told, word for word, and nothing else was.
fn callbacks(seen: &Witnesses<'_>, dossiers: &[Dossier], findings: &mut Findings) -> Result<()> {
    let filter =
        CallbackFilter { project: None, payment: None, state: None, before: None, limit: ALL };
    let store = seen.cluster.store()?;
    let stored = seen.cluster.drive(store.callbacks(filter))??;
    let names: BTreeMap<PaymentId, &str> = dossiers
        .iter()
        .map(|dossier| (dossier.record.payment.id, dossier.record.payment.reference.as_str()))
        .collect();
    for callback in &stored {
        let about = names.get(&callback.payment).copied().unwrap_or_default();
        one_callback(callback, seen.heard.get(&callback.id.get()), about, findings);
    }
    for id in seen.heard.keys() {
        let known = stored.iter().any(|callback| callback.id.get() == *id);
        findings.unless(known, "S8", "", format!("callback {id} was sent and is not there"));
    }
    Ok(())
}

fn one_callback(callback: &Callback, heard: Option<&Heard>, about: &str, findings: &mut Findings) {
    let id = callback.id;
    if let Some(heard) = heard {
        let same = !heard.differed && heard.body == callback.body;
        findings.unless(same, "S8", about, format!("callback {id} came with other bytes"));
    }
    let taken = heard.is_some_and(|heard| heard.taken);
    match callback.progress.state {
        CallbackState::Delivered => {
            let detail = format!("callback {id} is delivered, the shop never took it");
            findings.unless(taken, "S8", about, detail);
        }
        // A day of refusals ends the plan; an operator resends it.
        CallbackState::GivenUp => {}
        CallbackState::Owed => findings.add("L2", about, format!("callback {id} is still owed")),
    }
}

/// S9: the list, which registers are made from, says what the payments say, to the kopeck.
fn list(seen: &Witnesses<'_>, dossiers: &[Dossier], findings: &mut Findings) -> Result<()> {
    while seen.cluster.catch_up()? > 0 {}
    let store = seen.cluster.store()?;
    let mut by_project: BTreeMap<ProjectId, (u64, i64, i64)> = BTreeMap::new();
    for dossier in dossiers {
        let payment = &dossier.record.payment;
        let sums = by_project.entry(payment.project).or_default();
        sums.0 += 1;
        sums.1 += payment.captured.minor();
        sums.2 += payment.refunded.minor();
        let rows = seen.cluster.drive(store.rows(&[payment.project], &[payment.id]))??;
        let row = rows.first().context("the list lacks a payment")?;
        let same = row.version == payment.version
            && row.state == payment.state
            && row.captured == payment.captured
            && row.refunded == payment.refunded;
        let detail = format!("the list shows {row:?}");
        findings.unless(same, "S9", payment.reference.as_str(), detail);
    }
    for (project, expected) in by_project {
        let filter = ListingFilter { projects: vec![project], ..ListingFilter::default() };
        let totals = seen.cluster.drive(store.totals(&filter, None))??;
        let sums = totals.sums.iter().fold((totals.count, 0, 0), |sums, currency| {
            (sums.0, sums.1 + currency.captured_minor, sums.2 + currency.refunded_minor)
        });
        let detail = format!("project {project}: the list makes {sums:?}, payments {expected:?}");
        findings.unless(sums == expected, "S9", "", detail);
    }
    Ok(())
}

/// S10: what operators did is in the log, and the log is whole.
fn audit_log(seen: &Witnesses<'_>, findings: &mut Findings) -> Result<()> {
    let store = seen.cluster.store()?;
    while seen.cluster.drive(store.seal_audit(1_000))?? > 0 {}
    let report = seen.cluster.drive(check_audit(&store))??;
    for breach in report.breaches {
        findings.add("S10", "", breach.detail);
    }
    Ok(())
}

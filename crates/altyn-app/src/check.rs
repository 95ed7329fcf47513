//! Proves the invariants over a database (`altyn check`): reads everything, changes nothing.
//!
//! Each breach names the rule (the numbers of ARCHITECTURE.md) and the row.

use std::collections::HashMap;

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::ledger::{Account, Direction, Entry, PostingKind, is_balanced};
use altyn_domain::money::Currency;
use altyn_domain::payment::table::{self};
use altyn_domain::payment::{Event, Operation, OperationKind, OperationState, Record};
use async_trait::async_trait;

use crate::access::audit::ChainWalk;
use crate::callback::{CallbackState, callback_url};
use crate::jobs::JobKind;
use crate::ports::{AccessStore, StoreError};
use crate::projects::StoredProject;

/// A payment with everything that hangs on it.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The payment and its operations.
    pub record: Record,
    /// Its events by number.
    pub events: Vec<Event>,
    /// Its ledger entries.
    pub entries: Vec<StoredEntry>,
    /// Its jobs: kind and subject.
    pub jobs: Vec<(JobKind, i64)>,
    /// Its callbacks.
    pub callbacks: Vec<StoredCallback>,
}

/// An entry as stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredEntry {
    /// Which operation it is about.
    pub operation: OperationId,
    /// Of which posting.
    pub posting: PostingKind,
    /// The entry.
    pub entry: Entry,
}

/// A callback as stored, without its body.
#[derive(Clone, Copy, Debug)]
pub struct StoredCallback {
    /// Its number.
    pub id: CallbackId,
    /// The operation it tells of.
    pub operation: OperationId,
    /// The state it tells.
    pub told: OperationState,
    /// Where it stands.
    pub state: CallbackState,
}

/// A running balance as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredBalance {
    /// Whose.
    pub project: ProjectId,
    /// Which account.
    pub account: Account,
    /// In which currency.
    pub currency: Currency,
    /// All debits, minor units.
    pub debit_minor: i64,
    /// All credits, minor units.
    pub credit_minor: i64,
}

/// Reads for the check: consistent per page, in short transactions.
#[async_trait]
pub trait CheckReads: Send + Sync {
    /// The next payments by (project, number), with everything that hangs on them.
    async fn dossiers(
        &self,
        after: Option<(ProjectId, PaymentId)>,
        limit: u32,
    ) -> Result<Vec<Dossier>, StoreError>;

    /// All running balances.
    async fn balances(&self) -> Result<Vec<StoredBalance>, StoreError>;
}

/// A broken invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breach {
    /// The rule, as numbered in ARCHITECTURE.md.
    pub rule: &'static str,
    /// The row, readable: `project 1 payment 2 operation 3`.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct CheckReport {
    /// Payments looked at.
    pub payments: u64,
    /// Operations looked at.
    pub operations: u64,
    /// Ledger entries looked at.
    pub entries: u64,
    /// Operations whose outcome is not known yet.
    pub unknown: u64,
    /// Callbacks still owed.
    pub callbacks_owed: u64,
    /// What is broken.
    pub breaches: Vec<Breach>,
}

type Sums = HashMap<(ProjectId, Account, Currency), (i64, i64)>;

/// Payments read at a time.
const PAGE: u32 = 500;

/// Looks at every payment, then compares the running balances with the entries.
///
/// Run it on a quiet database: work under way can show a balance that its page does not have yet.
pub async fn check(
    reads: &dyn CheckReads,
    projects: &[StoredProject],
) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport::default();
    let mut sums = Sums::new();
    let mut after = None;
    loop {
        let page = reads.dossiers(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.record.payment.project, last.record.payment.id));
        for dossier in &page {
            let project =
                projects.iter().find(|entry| entry.project.id == dossier.record.payment.project);
            look_at(dossier, project, &mut sums, &mut report);
        }
    }
    compare_balances(reads.balances().await?, sums, &mut report);
    Ok(report)
}

/// What the walk along the audit log found.
#[derive(Clone, Debug)]
pub struct AuditReport {
    /// The place in the chain that was reached: so many entries are sealed.
    pub position: i64,
    /// The hash there. Noted somewhere else, it shows later that nothing up to here was rewritten
    /// or cut off at the end.
    pub hash: String,
    /// What is broken.
    pub breaches: Vec<Breach>,
}

/// I17: walks along every sealed entry of the audit log.
pub async fn check_audit(access: &dyn AccessStore) -> Result<AuditReport, StoreError> {
    let mut walk = ChainWalk::default();
    let mut breaches = Vec::new();
    loop {
        let page = access.sealed_after(walk.head().0, PAGE).await?;
        if page.is_empty() {
            break;
        }
        for stored in &page {
            breaches.extend(walk.step(stored).into_iter().map(|breach| Breach {
                rule: "I17",
                subject: "audit log".to_owned(),
                detail: breach.to_string(),
            }));
        }
    }
    let (position, hash) = walk.head();
    Ok(AuditReport { position, hash: hash.to_owned(), breaches })
}

fn look_at(
    dossier: &Dossier,
    project: Option<&StoredProject>,
    sums: &mut Sums,
    report: &mut CheckReport,
) {
    report.payments += 1;
    report.operations += dossier.record.operations.len() as u64;
    report.entries += dossier.entries.len() as u64;
    let breaches = &mut report.breaches;
    check_state(dossier, breaches);
    check_events(dossier, breaches);
    check_work(dossier, breaches);
    check_callbacks(dossier, project, breaches);
    for operation in &dossier.record.operations {
        check_entries(dossier, operation, breaches);
        report.unknown += u64::from(operation.state == OperationState::Unknown);
    }
    for stored in &dossier.entries {
        let entry = stored.entry;
        let key = (dossier.record.payment.project, entry.account, entry.amount.currency());
        let sum = sums.entry(key).or_default();
        match entry.direction {
            Direction::Debit => sum.0 += entry.amount.minor(),
            Direction::Credit => sum.1 += entry.amount.minor(),
        }
    }
    report.callbacks_owed +=
        dossier.callbacks.iter().filter(|callback| callback.state == CallbackState::Owed).count()
            as u64;
}

/// A capture or void in one of these has the hold to itself.
const ENDS_A_HOLD: &[OperationState] = &[
    OperationState::Accepted,
    OperationState::Sending,
    OperationState::Unknown,
    OperationState::Pending,
    OperationState::Approved,
];

/// I6, I7: the payment is what its operations make it.
fn check_state(dossier: &Dossier, breaches: &mut Vec<Breach>) {
    let record = &dossier.record;
    let payment = &record.payment;
    let mut breach = |rule, detail: String| breaches.push(broken(dossier, None, rule, detail));
    if record.computed_state() != payment.state {
        let computed = record.computed_state().as_str();
        breach("I6", format!("is {}, its operations make {computed}", payment.state.as_str()));
    }
    let sum = |kind, states: &[OperationState]| -> i64 {
        record
            .operations
            .iter()
            .filter(|operation| {
                operation.generation == payment.generation
                    && operation.kind == kind
                    && states.contains(&operation.state)
            })
            .map(|operation| operation.amount.minor())
            .sum()
    };
    let captured = sum(OperationKind::Sale, &[OperationState::Approved])
        + sum(OperationKind::Capture, &[OperationState::Approved]);
    let refunded = sum(OperationKind::Refund, &[OperationState::Approved]);
    let reserved = sum(
        OperationKind::Refund,
        &[
            OperationState::Accepted,
            OperationState::Sending,
            OperationState::Unknown,
            OperationState::Pending,
        ],
    );
    let authorized = sum(OperationKind::Sale, &[OperationState::Approved])
        + sum(OperationKind::Authorization, &[OperationState::Approved]);
    let ended_holds =
        sum(OperationKind::Capture, ENDS_A_HOLD) > 0 && sum(OperationKind::Void, ENDS_A_HOLD) > 0;
    if ended_holds {
        breach("I7", "a hold is captured and released".to_owned());
    }
    let stored = (
        payment.authorized.minor(),
        payment.captured.minor(),
        payment.refunded.minor(),
        payment.refund_reserved.minor(),
    );
    if stored != (authorized, captured, refunded, reserved) {
        let computed = (authorized, captured, refunded, reserved);
        breach("I7", format!("counts {stored:?}, its operations make {computed:?}"));
    }
    if captured > authorized {
        breach("I7", format!("captures {captured} of {authorized}"));
    }
    if refunded + reserved > captured {
        breach("I7", format!("returns {refunded} + {reserved} of {captured}"));
    }
}

/// I5: one event for each change of state, numbered without a gap, each allowed by the table.
fn check_events(dossier: &Dossier, breaches: &mut Vec<Breach>) {
    let mut states: HashMap<OperationId, OperationState> = HashMap::new();
    for (event, expected) in dossier.events.iter().zip(1_i64..) {
        if event.seq != expected {
            let detail = format!("event {} where {expected} was expected", event.seq);
            breaches.push(broken(dossier, Some(event.operation), "I5", detail));
            return;
        }
        let before = states.insert(event.operation, event.state);
        let allowed = match (before, event.event, dossier.record.operation(event.operation)) {
            (None, None, Some(_)) => event.state == OperationState::Accepted,
            (Some(before), Some(word), Some(operation)) => {
                table::next(operation.kind, before, word).is_ok_and(|row| row.to == event.state)
            }
            (_, _, _) => false,
        };
        if !allowed {
            let detail = format!("event {} is not in the transition table", event.seq);
            breaches.push(broken(dossier, Some(event.operation), "I5", detail));
        }
    }
    let last = i64::try_from(dossier.events.len()).unwrap_or(i64::MAX);
    if last != dossier.record.payment.event_seq {
        let detail = format!("{last} events, counted {}", dossier.record.payment.event_seq);
        breaches.push(broken(dossier, None, "I5", detail));
    }
    for operation in &dossier.record.operations {
        if states.get(&operation.id) != Some(&operation.state) {
            let detail = format!("is {}, its events end elsewhere", operation.state);
            breaches.push(broken(dossier, Some(operation.id), "I5", detail));
        }
    }
}

/// I2: what is approved is in the books once, balanced, and nothing else is.
fn check_entries(dossier: &Dossier, operation: &Operation, breaches: &mut Vec<Breach>) {
    let entries_of = |posting| -> Vec<Entry> {
        dossier
            .entries
            .iter()
            .filter(|stored| stored.operation == operation.id && stored.posting == posting)
            .map(|stored| stored.entry)
            .collect()
    };
    let own = match operation.kind {
        OperationKind::Sale => Some(PostingKind::Sale),
        OperationKind::Capture => Some(PostingKind::Capture),
        OperationKind::Refund => Some(PostingKind::Refund),
        OperationKind::Authorization | OperationKind::Void => None,
    };
    let approved = operation.state == OperationState::Approved;
    for posting in PostingKind::ALL.iter().copied() {
        let entries = entries_of(posting);
        let expected = (Some(posting) == own && approved)
            || (posting == PostingKind::LateMoney
                && operation.late_money
                && operation.kind == OperationKind::Sale);
        let mut breach = |detail: String| {
            breaches.push(broken(dossier, Some(operation.id), "I2", detail));
        };
        if entries.is_empty() == expected {
            let word = if expected { "lacks" } else { "has" };
            breach(format!("{} {word} a {} posting", operation.state, posting.as_str()));
        } else if expected {
            let debits: i64 = entries
                .iter()
                .filter(|entry| entry.direction == Direction::Debit)
                .map(|entry| entry.amount.minor())
                .sum();
            if !is_balanced(&entries) || debits != operation.amount.minor() {
                breach(format!("its {} posting does not balance", posting.as_str()));
            }
        }
    }
}

/// I14: whatever has not ended has a job that will take it on.
fn check_work(dossier: &Dossier, breaches: &mut Vec<Breach>) {
    let has = |kind, subject| dossier.jobs.contains(&(kind, subject));
    for operation in &dossier.record.operations {
        let needed = match operation.state {
            OperationState::Accepted | OperationState::Sending => JobKind::CallProvider,
            OperationState::Clarifying => JobKind::ExpireClarification,
            OperationState::Unknown
            | OperationState::Redirected
            | OperationState::Instructed
            | OperationState::Authenticating
            | OperationState::Pending => JobKind::AskOutcome,
            OperationState::Approved | OperationState::Declined | OperationState::Rejected => {
                continue;
            }
        };
        if !has(needed, operation.id.get()) {
            let detail = format!("is {} and has no {} job", operation.state, needed.as_str());
            breaches.push(broken(dossier, Some(operation.id), "I14", detail));
        }
    }
    let stands = !dossier.record.free_hold().is_zero() && !dossier.record.is_release_asked();
    let opening = dossier.record.opening().filter(|_| stands);
    if let Some(held) = opening
        && !has(JobKind::CaptureHold, held.id.get())
    {
        let detail = "is held and has no capture_hold job".to_owned();
        breaches.push(broken(dossier, Some(held.id), "I14", detail));
    }
    for callback in &dossier.callbacks {
        let owed = callback.state == CallbackState::Owed;
        if owed && !has(JobKind::DeliverCallback, callback.id.get()) {
            let detail = format!("callback {} is owed and has no job", callback.id);
            breaches.push(broken(dossier, Some(callback.operation), "I14", detail));
        }
    }
}

/// I11: each change of state that must be told has its callback.
fn check_callbacks(dossier: &Dossier, project: Option<&StoredProject>, breaches: &mut Vec<Breach>) {
    let project_url = project.and_then(|entry| entry.project.callback_url.as_deref());
    let dialect = project.map(|entry| entry.project.dialect).unwrap_or_default();
    for operation in &dossier.record.operations {
        let told = |event: &&Event| {
            event.operation == operation.id
                && event.event.is_some_and(|word| {
                    table::TRANSITIONS.iter().any(|row| {
                        dossier.record.payment.is_told(row)
                            && row.event == word
                            && row.to == event.state
                            && row.kinds.contains(&operation.kind)
                    })
                })
        };
        let wishes = dossier.record.wishes(operation);
        let current = operation.generation == dossier.record.payment.generation;
        let owed = dossier
            .events
            .iter()
            .filter(told)
            .filter(|event| dialect.tells(operation.kind, event.state))
            .filter(|event| callback_url(wishes, project_url, event.state).is_some())
            .count();
        let made =
            dossier.callbacks.iter().filter(|callback| callback.operation == operation.id).count();
        // The address may have been set after a change, so more owed than made is only a breach
        // where the request itself named the address.
        if current && wishes.url.is_some() && made < owed {
            let detail = format!("{owed} callbacks were owed, {made} exist");
            breaches.push(broken(dossier, Some(operation.id), "I11", detail));
        }
    }
}

fn compare_balances(stored: Vec<StoredBalance>, mut sums: Sums, report: &mut CheckReport) {
    let mut unequal = |key: (ProjectId, Account, Currency), detail: String| {
        report.breaches.push(Breach {
            rule: "I2",
            subject: format!("project {} account {} {}", key.0, key.1.as_str(), key.2),
            detail,
        });
    };
    for balance in stored {
        let key = (balance.project, balance.account, balance.currency);
        let summed = sums.remove(&key).unwrap_or_default();
        if summed != (balance.debit_minor, balance.credit_minor) {
            let kept = (balance.debit_minor, balance.credit_minor);
            unequal(key, format!("balance {kept:?}, its entries make {summed:?}"));
        }
    }
    for (key, summed) in sums {
        unequal(key, format!("no balance, its entries make {summed:?}"));
    }
}

fn broken(
    dossier: &Dossier,
    operation: Option<OperationId>,
    rule: &'static str,
    detail: String,
) -> Breach {
    let payment = &dossier.record.payment;
    let mut subject = format!("project {} payment {}", payment.project, payment.id);
    if let Some(operation) = operation {
        subject.push_str(&format!(" operation {operation}"));
    }
    Breach { rule, subject, detail }
}

//! Registers: kept whole, made by one maker at a time, thrown away.

use std::sync::Arc;

use altyn_app::access::audit::Action;
use altyn_app::export::{EXPORT_LIFE_MS, Export, ExportError, ExportFormat, ExportState};
use altyn_app::listing::{CurrencyTotal, ListingFilter, SearchText};
use altyn_app::ports::ExportStore;
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use altyn_domain::time::Timestamp;

use super::audit::entry;
use super::{Bench, count};
use crate::build::project_id;
use crate::clock::START;

fn full_filter() -> ListingFilter {
    ListingFilter {
        projects: vec![project_id(u32::MAX), project_id(1)],
        statuses: Status::ALL.to_vec(),
        methods: Method::ALL.to_vec(),
        accounts: vec!["alfa".to_owned(), "счёт \"2\"".to_owned()],
        currencies: vec![Currency::RUB, Currency::from_code("KES").expect("a currency")],
        from: Some(START),
        until: Some(START.plus_millis(1)),
        amount_min: Some(0),
        amount_max: Some(i64::MAX),
        search: SearchText::new(" Ёлка % _ \\ 🦊 "),
    }
}

pub(super) fn waiting(id: i64) -> Export {
    Export {
        id,
        user: 7,
        filter: ListingFilter { projects: vec![project_id(42)], ..ListingFilter::default() },
        format: ExportFormat::Xlsx,
        language: "ru".to_owned(),
        state: ExportState::Making,
        error: None,
        rows: 0,
        expected: None,
        bytes: 0,
        sums: Vec::new(),
        attempts: 0,
        created_at: START,
        ended_at: None,
        expires_at: START.plus_millis(EXPORT_LIFE_MS),
    }
}

async fn add(exports: &Arc<dyn ExportStore>, export: &Export) {
    let told = entry(Action::Export, &export.id.to_string());
    exports.add_export(export.clone(), told).await.expect("a register is added");
}

async fn read(exports: &Arc<dyn ExportStore>, id: i64) -> Option<Export> {
    exports.export(id).await.expect("registers are read")
}

/// Every field of it and of its filter, filled and empty, with every word of its lists.
pub async fn a_register_reads_back_with_its_filter(bench: Arc<dyn Bench>) {
    let exports = bench.exports();
    let bare = Export { filter: ListingFilter::default(), user: 8, ..waiting(1) };
    let sum = |code| CurrencyTotal {
        currency: Currency::from_code(code).expect("a currency"),
        count: 3,
        amount_minor: i64::MAX,
        captured_minor: 2,
        refunded_minor: 1,
    };
    let full = Export {
        filter: full_filter(),
        rows: 1_000_000,
        expected: Some(2_000_000),
        bytes: u64::from(u32::MAX) + 1,
        sums: vec![sum("RUB"), sum("KES"), sum("JPY")],
        attempts: 2,
        ended_at: Some(START.plus_millis(9)),
        ..waiting(2)
    };
    let mut all = vec![bare, full];
    all.extend(
        (3..).zip(ExportFormat::ALL).map(|(id, format)| Export { format: *format, ..waiting(id) }),
    );
    all.extend((10..).zip(ExportState::ALL).map(|(id, state)| Export {
        state: *state,
        language: "en".to_owned(),
        ..waiting(id)
    }));
    all.extend((20..).zip(ExportError::ALL).map(|(id, error)| Export {
        state: ExportState::Failed,
        error: Some(*error),
        ..waiting(id)
    }));
    for export in &all {
        add(&exports, export).await;
        assert_eq!(read(&exports, export.id).await.as_ref(), Some(export));
    }
    let told = count(&bench, "SELECT count(*) FROM audit WHERE action = 'export'").await;
    assert_eq!(usize::try_from(told).ok(), Some(all.len()));
    assert_eq!(read(&exports, 99).await, None);
    let of_user = exports.exports_of(7).await.expect("registers are read");
    assert_eq!(of_user, all.iter().skip(1).rev().cloned().collect::<Vec<_>>());

    let told = entry(Action::Export, "again");
    assert!(exports.add_export(waiting(2), told).await.is_err(), "a number is taken once");
    let again = "SELECT count(*) FROM audit WHERE detail = 'again'";
    assert_eq!(count(&bench, again).await, 0);
}

async fn claim(exports: &Arc<dyn ExportStore>, owner: &str, now: Timestamp) -> Option<Export> {
    let until = now.plus_millis(100);
    exports.claim_export(owner, now, until).await.expect("the store answers")
}

async fn save(
    exports: &Arc<dyn ExportStore>,
    export: &Export,
    owner: &str,
    until: Timestamp,
) -> bool {
    exports.save_export(export, owner, until).await.expect("the store answers")
}

/// The oldest first; whoever lost the lease writes nothing, not even the same maker come again.
pub async fn a_register_is_leased_made_and_ended(bench: Arc<dyn Bench>) {
    let exports = bench.exports();
    let at = |ms| START.plus_millis(ms);
    assert_eq!(claim(&exports, "one", START).await, None);
    for id in [2, 1] {
        add(&exports, &waiting(id)).await;
    }
    add(&exports, &Export { state: ExportState::Failed, ..waiting(3) }).await;
    let mut held = claim(&exports, "one", START).await.expect("there is one to make");
    assert_eq!(held, Export { attempts: 1, ..waiting(1) });
    assert_eq!(claim(&exports, "two", START).await.map(|export| export.id), Some(2));
    assert_eq!(claim(&exports, "three", at(99)).await, None, "both are held");

    held.rows = 500;
    held.expected = Some(1_000);
    assert!(save(&exports, &held, "one", at(150)).await);
    assert!(!save(&exports, &held, "two", at(999)).await, "it is another's");
    assert_eq!(read(&exports, 1).await.as_ref(), Some(&held));
    assert_eq!(claim(&exports, "three", at(149)).await.map(|export| export.id), Some(2));
    let again = claim(&exports, "one", at(150)).await.expect("its lease ran out");
    assert_eq!((again.id, again.attempts), (1, 2));
    assert!(!save(&exports, &held, "one", at(999)).await, "the first lease of two is lost");

    let ready = Export {
        state: ExportState::Ready,
        rows: 1_000,
        bytes: 12_345,
        sums: vec![CurrencyTotal {
            currency: Currency::RUB,
            count: 1_000,
            amount_minor: 5,
            captured_minor: 4,
            refunded_minor: 3,
        }],
        ended_at: Some(at(160)),
        expires_at: at(160 + EXPORT_LIFE_MS),
        ..again
    };
    assert!(save(&exports, &ready, "one", at(160)).await);
    assert_eq!(read(&exports, 1).await.as_ref(), Some(&ready));
    assert!(!save(&exports, &ready, "one", at(170)).await, "what has ended stays as it is");
    assert_eq!(claim(&exports, "four", at(9_999)).await.map(|export| export.id), Some(2));
    assert_eq!(claim(&exports, "four", at(9_999)).await, None);
}

/// None is made twice at once.
pub async fn of_makers_at_once_each_takes_another_one(bench: Arc<dyn Bench>) {
    let exports = bench.exports();
    for id in 1..=8 {
        add(&exports, &waiting(id)).await;
    }
    let tasks: Vec<_> = (0..16)
        .map(|number| {
            let exports = Arc::clone(&exports);
            tokio::spawn(async move { claim(&exports, &format!("maker-{number}"), START).await })
        })
        .collect();
    let mut claimed = Vec::new();
    for task in tasks {
        claimed.extend(task.await.expect("a claim does not panic"));
    }
    // A claim that came upon what another was just taking may have gone away with nothing.
    while let Some(export) = claim(&exports, "last", START).await {
        claimed.push(export);
    }
    let mut ids: Vec<i64> = claimed.iter().map(|export| export.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(claimed.iter().all(|export| export.attempts == 1));
}

/// It is given once, so that its file can be removed; its maker learns that it is gone.
pub async fn an_expired_register_is_thrown_away(bench: Arc<dyn Bench>) {
    let exports = bench.exports();
    let soon = START.plus_millis(10);
    for (id, expires_at) in [(1, soon), (2, soon), (3, soon.plus_millis(1))] {
        add(&exports, &Export { expires_at, ..waiting(id) }).await;
    }
    let held = claim(&exports, "maker", START).await.expect("there is one to make");
    let mut swept = exports.sweep_exports(soon).await.expect("the store answers");
    swept.sort_by_key(|export| export.id);
    let second = Export { expires_at: soon, ..waiting(2) };
    assert_eq!(swept, [held.clone(), second]);
    assert_eq!(exports.sweep_exports(soon).await.expect("the store answers"), []);
    assert!(!save(&exports, &held, "maker", soon).await);
    assert!(read(&exports, 3).await.is_some());
}

//! What is found: every filter against a plain reading of all rows.

use std::collections::BTreeMap;
use std::sync::Arc;

use altyn_app::listing::{ListingFilter, Page, Part, PaymentRow, Place, SearchText};
use altyn_app::ports::{Listing, StoreError};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::status::Status;
use altyn_domain::time::{HOUR_MS, Timestamp};

use super::made::{Chance, Made, a_filter, expected, make_many};
use super::settle;
use crate::build::{Shop, project, project_id};
use crate::clock::START;
use crate::store_contract::Bench;

const COUNT: usize = 2_000;

/// A list with payments of every kind in three projects.
async fn filled(bench: &Arc<dyn Bench>) -> (Arc<dyn Listing>, Vec<ProjectId>, Vec<Made>) {
    let shop = Shop::open(bench.store()).await;
    let third = project(7);
    shop.store.put_project(third.clone(), None).await.expect("a project is put");
    let projects = [shop.project.clone(), shop.other.clone(), third.project];
    let made = make_many(&shop.store, &projects, COUNT).await;
    let listing = bench.listing();
    settle(&listing).await;
    (listing, projects.iter().map(|project| project.id).collect(), made)
}

async fn read(listing: &Arc<dyn Listing>, filter: &ListingFilter, part: Part, limit: u32) -> Page {
    let page = listing.page(filter, part, limit).await.expect("a page is read");
    assert!(page.rows.len() <= usize::try_from(limit).expect("small"));
    assert!(!page.stopped_early, "{filter:?}");
    page
}

/// Every page from the newest on, and every page back from the oldest.
async fn check(listing: &Arc<dyn Listing>, filter: &ListingFilter, limit: u32, made: &[Made]) {
    let expected = expected(made, filter);
    let (mut rows, mut part) = (Vec::new(), Part::Newest);
    loop {
        let page = read(listing, filter, part, limit).await;
        assert_eq!(page.newer.is_some(), part != Part::Newest, "{filter:?}");
        rows.extend(page.rows);
        match page.older {
            Some(place) => part = Part::OlderThan(place),
            None => break,
        }
    }
    assert_eq!(rows, expected, "{filter:?} by {limit}");

    let oldest = Place { created_at: Timestamp::from_millis(0), id: PaymentId::new(0) };
    let (mut rows, mut part): (Vec<PaymentRow>, _) = (Vec::new(), Part::NewerThan(oldest));
    loop {
        let mut page = read(listing, filter, part, limit).await;
        page.rows.extend(rows);
        rows = page.rows;
        match page.newer {
            Some(place) => part = Part::NewerThan(place),
            None => break,
        }
    }
    assert_eq!(rows, expected, "{filter:?} back by {limit}");
    check_totals(listing, filter, &expected).await.expect("totals are read");
}

async fn check_totals(
    listing: &Arc<dyn Listing>,
    filter: &ListingFilter,
    expected: &[PaymentRow],
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<&str, (u64, i64, i64, i64)> = BTreeMap::new();
    for row in expected {
        let sum = sums.entry(row.amount.currency().code()).or_default();
        sum.0 += 1;
        sum.1 += row.amount.minor();
        sum.2 += row.captured.minor();
        sum.3 += row.refunded.minor();
    }
    let count = u64::try_from(expected.len()).expect("small");
    for bound in [None, Some(10_000), Some(count)] {
        let totals = listing.totals(filter, bound).await?;
        assert!(totals.complete, "{filter:?}");
        let found: BTreeMap<&str, _> = totals
            .sums
            .iter()
            .map(|sum| {
                let sums = (sum.count, sum.amount_minor, sum.captured_minor, sum.refunded_minor);
                (sum.currency.code(), sums)
            })
            .collect();
        assert_eq!((totals.count, found), (count, sums.clone()), "{filter:?} to {bound:?}");
    }
    Ok(())
}

/// Each filter alone, and together by chance, a page at a time both ways.
pub async fn any_filter_finds_what_it_should(bench: Arc<dyn Bench>) {
    let (listing, projects, made) = filled(&bench).await;
    let all = ListingFilter { projects: projects.clone(), ..ListingFilter::default() };
    let one = |change: &dyn Fn(&mut ListingFilter)| {
        let mut filter = all.clone();
        change(&mut filter);
        filter
    };
    let at = |hours: i64| Some(START.plus_millis(hours * HOUR_MS));
    let mut filters = vec![
        all.clone(),
        one(&|filter| filter.projects = vec![projects[1]]),
        one(&|filter| filter.statuses = Status::ALL.to_vec()),
        one(&|filter| (filter.from, filter.until) = (at(1), at(3))),
        one(&|filter| (filter.amount_min, filter.amount_max) = (Some(10_000), Some(10_001))),
        one(&|filter| filter.amount_max = Some(99)),
        one(&|filter| filter.accounts = vec!["acquirer".into(), "partner".into()]),
        one(&|filter| filter.accounts = vec!["nobody's".into()]),
    ];
    filters.extend(Status::ALL.iter().map(|status| one(&|one| one.statuses = vec![*status])));
    filters.extend(Method::ALL.iter().map(|method| one(&|one| one.methods = vec![*method])));
    for code in ["RUB", "USD", "KZT", "EUR"] {
        let currency = Currency::from_code(code).expect("a currency");
        filters.push(one(&|filter| filter.currencies = vec![currency]));
    }
    for (filter, limit) in filters.iter().zip([500, 7, 50].into_iter().cycle()) {
        // By each status somebody is found: the payments are of every kind.
        check(&listing, filter, if filter == &all { 83 } else { limit.max(50) }, &made).await;
    }
    for status in Status::ALL {
        let filter = one(&|filter| filter.statuses = vec![*status]);
        assert!(!expected(&made, &filter).is_empty(), "{status:?}");
    }
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..60 {
        let filter = a_filter(&mut chance, &projects, &made);
        let limit = chance.one(&[7, 50, 500]);
        check(&listing, &filter, limit, &made).await;
    }
    let turned = one(&|filter| (filter.from, filter.until) = (at(3), at(1)));
    check(&listing, &turned, 10, &made).await;
    check(&listing, &ListingFilter::default(), 10, &made).await;
}

/// A total that may stop says so.
pub async fn a_total_stops_at_its_bound(bench: Arc<dyn Bench>) {
    let (listing, projects, made) = filled(&bench).await;
    let filter = ListingFilter { projects, ..ListingFilter::default() };
    let totals = listing.totals(&filter, Some(100)).await.expect("totals are read");
    assert!(!totals.complete);
    assert!((100..=101).contains(&totals.count), "{}", totals.count);
    let all = u64::try_from(made.len()).expect("small");
    let totals = listing.totals(&filter, Some(all)).await.expect("totals are read");
    assert_eq!((totals.count, totals.complete), (all, true));
}

/// Any letters, in any case; signs of patterns and quotes are themselves; a short text is a whole
/// value.
pub async fn texts_are_found_wherever_they_are(bench: Arc<dyn Bench>) {
    let (listing, projects, made) = filled(&bench).await;
    let some = &made[777].record;
    let operation = some.opening().expect("a payment has a sale").id.to_string();
    let texts = [
        ("королева", true),
        ("КОРОЛЁВА", true),
        ("петр", true),
        ("o'neil", true),
        ("\"the % _ \\ *\"", true),
        ("% _", true),
        ("100%_7", true),
        ("100_", false),
        ("0%%", false),
        ("🦊", true),
        ("🦊Л", false),
        ("лисица 🦊", true),
        ("🦊🦊🦊", false),
        ("straße", true),
        ("İSTANBUL", true),
        ("person.1", true),
        ("@mail3.example", true),
        ("******0056", true),
        ("***", true),
        ("001234567890", true),
        ("заказ-77", true),
        ("7", true),
        ("№1", true),
        ("ан", false),
        ("клиент-7", true),
        ("клиент-7 ", true),
        ("AND", false),
        ("\"", false),
        ("a\" OR \"b", false),
        ("text: королева", false),
        ("нет такого", false),
        (some.payment.reference.as_str(), true),
        (&some.payment.id.to_string(), true),
        (&operation, true),
    ];
    for (text, is_found) in texts {
        let search = SearchText::new(text);
        assert!(search.is_some(), "{text}");
        let filter =
            ListingFilter { projects: projects.clone(), search, ..ListingFilter::default() };
        assert_eq!(!expected(&made, &filter).is_empty(), is_found, "{text}");
        check(&listing, &filter, 100, &made).await;
    }
    // Not from one value into the next.
    let filter = ListingFilter {
        projects: projects.clone(),
        search: SearchText::new("77 заказ"),
        ..ListingFilter::default()
    };
    check(&listing, &filter, 100, &made).await;
}

/// Whatever is asked for, rows of other projects are not given.
pub async fn other_projects_payments_are_never_listed(bench: Arc<dyn Bench>) {
    let (listing, projects, made) = filled(&bench).await;
    let (ours, others) = (projects[0], &projects[1..]);
    let ids: Vec<PaymentId> = made.iter().map(|one| one.row.id).collect();
    let rows = listing.rows(&[ours], &ids).await.expect("rows are read");
    assert!(!rows.is_empty() && rows.iter().all(|row| row.project == ours));
    assert_eq!(listing.rows(&[], &ids).await.expect("rows are read"), []);
    let nobodys = [project_id(999)];
    assert_eq!(listing.rows(&nobodys, &ids).await.expect("rows are read"), []);
    let theirs = made.iter().find(|one| others.contains(&one.row.project)).expect("theirs");
    let filter = ListingFilter {
        projects: vec![ours],
        search: SearchText::new(&theirs.row.id.to_string()),
        ..ListingFilter::default()
    };
    let page = listing.page(&filter, Part::Newest, 10).await.expect("a page is read");
    assert_eq!(page.rows, []);
    let history = listing.history(ours, theirs.row.id).await.expect("a history is read");
    assert!(history.is_none());
}

//! Payments: what was written is what is read.

use std::sync::Arc;

use altyn_app::changeset::{Changeset, NotificationWrite};
use altyn_app::ports::provider::Notification;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::money::{AMOUNT_MAX_MINOR, Amount, Currency};
use altyn_domain::payment::decide::{Happening, PaymentRequest};
use altyn_domain::payment::{
    AuthenticationStep, Customer, Details, OperationState, PageWishes, PaymentState, ProviderFacts,
    Redirect, RedirectMethod, RequestEcho,
};
use altyn_domain::reason::Reason;

use super::{Bench, keep};
use crate::build::{
    Shop, authentication, capture_request, card, facts, hold_request, number, payment_of,
    refund_request, rub, sale_request,
};
use crate::clock::START;

/// Whatever a merchant may send is read back as it was: long, empty, of any script.
pub async fn a_new_payment_reads_back_field_for_field(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let longest = "Я".repeat(254) + "🦊";
    let references = ["1", "ПЛАТЁЖ-№1 🍕", "ab'c\"d\\e{}%_,NULL", "İstanbul ß ς", &longest];
    for reference in references {
        let (record, changes) = shop.sale(reference);
        keep(&shop.store, changes).await;
        assert_eq!(shop.read(&record).await, record, "{reference}");
        let key = record.payment.reference.key();
        let by_key = shop.store.payment_by_key(record.payment.project, &key).await;
        assert_eq!(by_key.expect("a read works"), Some(record), "{reference} by {key}");
    }
    let bare = PaymentRequest {
        amount: Amount::new(AMOUNT_MAX_MINOR, Currency::KZT).expect("the largest amount"),
        details: Details::default(),
        request: RequestEcho::default(),
        ..sale_request("bare")
    };
    let odd = PaymentRequest {
        details: Details {
            customer: Customer {
                email: Some(String::new()),
                phone: Some(" ".to_owned()),
                ..Customer::default()
            },
            ..Details::default()
        },
        method: Method::CardPartner,
        amount: Amount::new(1, Currency::from_code("JPY").expect("a currency")).expect("1"),
        ..sale_request("odd")
    };
    let page = Details { page: Some(PageWishes::default()), ..Details::default() };
    let page = PaymentRequest { details: page, ..hold_request("page") };
    for request in [bare, odd, hold_request("held"), page] {
        let (record, changes) = payment_of(&shop.project, request);
        keep(&shop.store, changes).await;
        assert_eq!(shop.read(&record).await, record);
    }
}

/// Every field that may change later is written when it does.
pub async fn a_changed_payment_reads_back_field_for_field(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let redirect = Redirect {
        method: RedirectMethod::Post,
        url: "https://банк.example/pay?a=1&b=2".to_owned(),
        body: vec![
            ("PaReq".to_owned(), "=+/\"'".to_owned()),
            ("z".to_owned(), String::new()),
            ("a".to_owned(), "повтор".to_owned()),
            ("a".to_owned(), "повтор".to_owned()),
        ],
    };
    let way = [
        Happening::Send,
        Happening::NotSent,
        Happening::Send,
        Happening::LoseTrack,
        Happening::Redirect(redirect, facts()),
        Happening::Decline(Reason::SuspectedFraud, ProviderFacts::default()),
        Happening::Approve(facts()),
    ];
    let mut record = shop.accepted("изменчивый").await;
    let sale = record.opening().expect("a sale").id;
    for happening in way {
        let changes = shop.happen(&mut record, sale, happening);
        keep(&shop.store, changes).await;
        assert_eq!(shop.read(&record).await, record);
    }
    assert!(record.operations.iter().all(|operation| operation.late_money));

    let asks = PaymentRequest {
        method: Method::CardPartner,
        amount: Amount::new(5_000, Currency::KES).expect("an amount"),
        details: Details::default(),
        ..sale_request("asks")
    };
    let (mut record, changes) = payment_of(&shop.project, asks);
    keep(&shop.store, changes).await;
    assert_eq!(shop.read(&record).await, record);
    let sale = record.opening().expect("a sale").id;
    assert_eq!(record.opening().map(|sale| sale.state), Some(OperationState::Clarifying));
    let phone = Customer { phone: Some("254700000000".to_owned()), ..Customer::default() };
    let changes = shop.happen(&mut record, sale, Happening::Clarification(phone));
    keep(&shop.store, changes).await;
    assert_eq!(shop.read(&record).await, record);

    let paid = shop.paid("returned").await;
    let (mut record, changes) = shop.refund(&paid, refund_request(4_000, Some("возврат-1 🍕")));
    keep(&shop.store, changes).await;
    assert_eq!(shop.read(&record).await, record);
    let refund = record.operations.last().expect("a refund").id;
    for happening in [Happening::Send, Happening::Pend(facts()), Happening::Approve(facts())] {
        let changes = shop.happen(&mut record, refund, happening);
        keep(&shop.store, changes).await;
        assert_eq!(shop.read(&record).await, record);
    }
    assert_eq!(record.payment.refunded, rub(4_000));
}

/// What is particular to cards: the card, each step of 3-D Secure, what the acquirer told, the day of
/// the capture; and what follows a hold.
pub async fn a_card_payment_reads_back_field_for_field(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let (mut record, changes) = payment_of(&shop.project, hold_request("by card"));
    keep(&shop.store, changes).await;
    let hold = record.opening().expect("an authorization").clone();
    assert_eq!((hold.card.as_ref(), hold.capture_at.is_some()), (Some(&card()), true));
    let way = [
        Happening::Send,
        Happening::Authenticate(authentication(AuthenticationStep::Fingerprint), facts()),
        Happening::Send,
        Happening::Authenticate(authentication(AuthenticationStep::Challenge), facts()),
        Happening::Send,
        Happening::Authenticate(authentication(AuthenticationStep::Legacy), facts()),
        Happening::Approve(facts()),
    ];
    for happening in way {
        let changes = shop.happen(&mut record, hold.id, happening);
        keep(&shop.store, changes).await;
        assert_eq!(shop.read(&record).await, record);
    }
    let told = record.opening().expect("an authorization");
    assert!(told.provider.rrn.is_some() && told.provider.eci.is_some());
    assert_eq!(record.payment.state, PaymentState::Authorized);

    let (mut record, changes) = shop.capture(&record, capture_request(6_000));
    keep(&shop.store, changes).await;
    assert_eq!(shop.read(&record).await, record);
    let capture = record.operations.last().expect("a capture").id;
    shop.approve(&mut record, capture).await;
    assert_eq!(shop.read(&record).await, record);
    assert_eq!((record.payment.authorized, record.payment.captured), (rub(10_000), rub(6_000)));
    let by_key = shop.store.payment_by_key(record.payment.project, "by card").await;
    assert_eq!(by_key.expect("a read works"), Some(record));
}

/// A reader never sees a payment of one version with operations of another.
pub async fn a_payment_is_read_with_its_operations_as_of_one_moment(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let mut record = shop.accepted("seen").await;
    let sale = record.opening().expect("a sale").id;
    let reader = {
        let (shop, record) = (shop.clone(), record.clone());
        tokio::spawn(async move {
            loop {
                let seen = shop.read(&record).await;
                let sale = seen.opening().expect("a sale");
                let odd = sale.state == OperationState::Sending;
                assert_eq!(seen.payment.version % 2 == 0, odd, "{seen:?}");
                if seen.payment.version >= 80 {
                    break;
                }
            }
        })
    };
    for turn in 0..80 {
        let happening = if turn % 2 == 0 { Happening::Send } else { Happening::NotSent };
        let changes = shop.happen(&mut record, sale, happening);
        keep(&shop.store, changes).await;
    }
    reader.await.expect("the reader saw nothing torn");
}

/// Operations are found by our number, refunds by the merchant's.
pub async fn keys_of_operations_lead_to_their_payment(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    let paid = shop.paid("one").await;
    let (record, changes) = shop.refund(&paid, refund_request(100, Some("R-Ё")));
    keep(store, changes).await;
    let refund = record.operations.last().expect("a refund").id;
    let (project, payment) = (record.payment.project, record.payment.id);
    for operation in &record.operations {
        let found = store.payment_of(operation.id).await.expect("a read works");
        assert_eq!(found, Some((project, payment)));
    }
    let nothing = store.payment_of(OperationId::new(number())).await.expect("a read works");
    assert_eq!(nothing, None);
    for (project, id, expected) in [
        (project, "R-Ё", Some((payment, refund))),
        (project, "R-2", None),
        (shop.other.id, "R-Ё", None),
    ] {
        let found = store.refund_by_merchant_id(project, id).await.expect("a read works");
        assert_eq!(found, expected, "{project} {id}");
    }
}

/// Only the refund that has not ended, and only of the payment that transaction paid.
pub async fn an_open_refund_is_found_by_the_providers_transaction(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    let paid = shop.paid("one").await;
    shop.paid("two").await;
    let sale = paid.opening().expect("a sale").clone();
    let transaction = sale.provider.payment_id.clone().expect("the provider's id");
    let find = async |account: &str, transaction: &str| {
        store.open_refund_of_transaction(account, transaction).await.expect("a read works")
    };
    assert_eq!(find(&sale.account, &transaction).await, None, "there is no refund yet");
    let (mut record, changes) = shop.refund(&paid, refund_request(100, None));
    keep(store, changes).await;
    let refund = record.operations.last().expect("a refund").id;
    let expected = Some((record.payment.project, record.payment.id, refund));
    let same = ProviderFacts { payment_id: Some(transaction.clone()), ..facts() };
    for happening in [Happening::Send, Happening::LoseTrack, Happening::Pend(same)] {
        let changes = shop.happen(&mut record, refund, happening);
        keep(store, changes).await;
        assert_eq!(find(&sale.account, &transaction).await, expected);
    }
    assert_eq!(find("another", &transaction).await, None);
    assert_eq!(find(&sale.account, "another").await, None);
    let changes = shop.happen(&mut record, refund, Happening::Approve(facts()));
    keep(store, changes).await;
    assert_eq!(find(&sale.account, &transaction).await, None, "it has ended");
}

/// One project's numbers and references lead nowhere in another.
pub async fn projects_do_not_see_each_others_payments(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let store = &shop.store;
    let own = shop.accepted("same").await;
    let (foreign, changes) = payment_of(&shop.other, sale_request("SAME"));
    keep(store, changes).await;
    assert_eq!(shop.read(&own).await, own);
    assert_eq!(shop.read(&foreign).await, foreign);
    for (project, id, expected) in [
        (shop.project.id, foreign.payment.id, None),
        (shop.other.id, own.payment.id, None),
        (shop.other.id, PaymentId::new(number()), None),
        (shop.other.id, foreign.payment.id, Some(&foreign)),
    ] {
        let found = store.payment(project, id).await.expect("a read works");
        assert_eq!(found.as_ref(), expected);
    }
    for (project, expected) in [(shop.project.id, &own), (shop.other.id, &foreign)] {
        let found = store.payment_by_key(project, "same").await.expect("a read works");
        assert_eq!(found.as_ref(), Some(expected));
    }
    let unfolded = store.payment_by_key(shop.project.id, "SAME").await.expect("a read works");
    assert_eq!(unfolded, None, "keys are folded by the domain, not by the store");
}

/// A provider repeats itself; what it said is kept once, in the order it came.
pub async fn notifications_are_kept_once_and_in_order(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("notified").await;
    let (project, operation) = (record.payment.project, record.opening().expect("a sale").id);
    let notification = |at: i64, word: &str| Notification {
        received_at: START.plus_millis(at),
        parameters: vec![
            ("orderNumber".to_owned(), word.to_owned()),
            ("пустой".to_owned(), String::new()),
            ("a".to_owned(), "2".to_owned()),
            ("a".to_owned(), "1 🦊".to_owned()),
        ],
    };
    let tell = async |notification: Notification| {
        let write = NotificationWrite { project, operation, notification };
        let changes = Changeset { notification: Some(write), ..Changeset::default() };
        keep(&shop.store, changes).await;
    };
    let (first, second) = (notification(0, "one"), notification(5, "two"));
    tell(first.clone()).await;
    tell(second.clone()).await;
    tell(notification(10, "one")).await;
    tell(first.clone()).await;
    let kept = shop.store.notifications(project, operation).await.expect("a read works");
    assert_eq!(kept, [first, second]);
    for (project, operation) in [(shop.other.id, operation), (project, OperationId::new(number()))]
    {
        let kept = shop.store.notifications(project, operation).await.expect("a read works");
        assert_eq!(kept, []);
    }
}

/// A provider that never stops telling does not fill the disk.
pub async fn the_newest_notifications_are_kept(bench: Arc<dyn Bench>) {
    let shop = Shop::open(bench.store()).await;
    let record = shop.accepted("noisy").await;
    let (project, operation) = (record.payment.project, record.opening().expect("a sale").id);
    let mut all = Vec::new();
    for turn in 0..25 {
        let parameters = vec![("turn".to_owned(), turn.to_string())];
        let notification = Notification { received_at: START.plus_millis(turn), parameters };
        all.push(notification.clone());
        let write = NotificationWrite { project, operation, notification };
        keep(&shop.store, Changeset { notification: Some(write), ..Changeset::default() }).await;
    }
    let kept = shop.store.notifications(project, operation).await.expect("a read works");
    assert_eq!(Some(kept.as_slice()), all.get(5..));
}

//! Which buttons a payment shows: by its state, its method and who looks.

use altyn_app::access::user::Role;
use altyn_app::cabinet::{Offers, offers, offers_now};
use altyn_app::ports::provider::Capabilities;
use altyn_domain::method::Method;
use altyn_domain::payment::Record;
use altyn_domain::payment::decide::{PaymentRequest, RefundRequest};
use altyn_domain::status::Told;
use altyn_domain::time::{HOUR_MS, MINUTE_MS};
use altyn_testkit::build;

use super::{Office, rub};
use crate::world::{approved, hold_request, redirect, sale_request, unknown};

const ABLE: Capabilities = Capabilities {
    methods: &[Method::AlfaClick, Method::Card],
    partial_refunds: true,
    closes_orders: true,
    refund_query: true,
};

impl Office {
    fn offered(&self, record: &Record, told: Told, role: Role) -> Offers {
        offers(record, told, &self.with_role(role).user, Some(ABLE), self.now())
    }
}

#[tokio::test]
async fn a_paid_payment_by_role() {
    let office = Office::new().await;
    office.sold("order-1").await;
    let record = office.world.record("order-1").await;
    let refund = Some(rub(100_000));
    let nothing = Offers::default();
    for (role, expected) in [
        (Role::Administrator, Offers { refund, refund_part: true, ..nothing.clone() }),
        (Role::Operator, Offers { refund, refund_part: true, ..nothing.clone() }),
        (Role::Finance, nothing.clone()),
        (Role::Support, nothing.clone()),
    ] {
        assert_eq!(office.offered(&record, Told::Delivered, role), expected, "{role:?}");
    }
    let user = office.stranger().user;
    assert_eq!(offers(&record, Told::Delivered, &user, Some(ABLE), office.now()), nothing);
    let mut left = office.administrator().user;
    left.disabled = true;
    assert_eq!(offers(&record, Told::Delivered, &left, Some(ABLE), office.now()), nothing);
}

#[tokio::test]
async fn what_the_method_or_its_carrier_cannot_do_is_not_offered() {
    let office = Office::new().await;
    office.sold("order-1").await;
    let record = office.world.record("order-1").await;
    let user = office.operator().user;
    let whole_only = Some(Capabilities { partial_refunds: false, ..ABLE });
    for carrier in [whole_only, None] {
        let found = offers(&record, Told::Owed, &user, carrier, office.now());
        assert_eq!((found.refund, found.refund_part), (Some(rub(100_000)), false));
    }
    // What is left of it is a part.
    let mut partly = record.clone();
    partly.payment.refunded = rub(1);
    assert_eq!(offers(&partly, Told::Owed, &user, whole_only, office.now()).refund, None);
    assert_eq!(
        offers(&partly, Told::Owed, &user, Some(ABLE), office.now()).refund,
        Some(rub(99_999))
    );
    let mut partner = record;
    partner.payment.method = Method::CardPartner;
    let found = offers(&partner, Told::Owed, &user, Some(ABLE), office.now());
    assert_eq!((found.refund, found.refund_part), (Some(rub(100_000)), false));
}

#[tokio::test]
async fn only_what_was_told_in_vain_is_told_again() {
    let office = Office::new().await;
    office.sold("order-1").await;
    let record = office.world.record("order-1").await;
    for (told, expected) in [
        (Told::Nobody, false),
        (Told::Owed, false),
        (Told::Delivered, false),
        (Told::GivenUp, true),
    ] {
        assert_eq!(office.offered(&record, told, Role::Support).resend, expected, "{told:?}");
        assert!(!office.offered(&record, told, Role::Finance).resend, "{told:?}");
    }
}

#[tokio::test]
async fn a_hold_may_be_taken_or_released_until_its_date() {
    let office = Office::new().await;
    let request = PaymentRequest { amount: rub(100_000), ..hold_request("order-1") };
    office.world.bank.will([approved()]);
    let accepted = office.world.accept_card(request).await;
    office.world.pay(accepted).await;
    let record = office.world.record("order-1").await;
    let capture_at = record.opening().unwrap().capture_at;
    assert!(capture_at.is_some());
    let hold = Offers { capture_at, ..Offers::default() };
    let may = Offers { capture: Some(rub(100_000)), void: true, ..hold.clone() };
    assert_eq!(office.offered(&record, Told::Owed, Role::Operator), may);
    assert_eq!(office.offered(&record, Told::Owed, Role::Support), hold);
    // Whoever may look sees the date.
    let finance = office.offered(&record, Told::Owed, Role::Finance);
    assert_eq!(finance, hold);
}

#[tokio::test]
async fn a_refund_under_way_holds_back_another_and_after_an_hour_alarms() {
    let office = Office::new().await;
    let (project, payment) = office.sold("order-1").await;
    let record = office.world.record("order-1").await;
    let request = RefundRequest {
        amount: Some(rub(40_000)),
        callback: None,
        ..build::refund_request(40_000, None)
    };
    let target = altyn_app::payment::PaymentTarget {
        reference: record.payment.reference.clone(),
        method: None,
    };
    let world = &office.world;
    let refund =
        altyn_app::payment::accept_refund(&world.context, &world.project, &target, request).await;
    let refund = refund.unwrap();
    let see = async |role| {
        let record = world.store_record((project, payment)).await;
        office.offered(&record, Told::Delivered, role)
    };
    // Not sent yet: there is nobody to ask and nothing to settle.
    let found = see(Role::Administrator).await;
    assert_eq!((found.refund, found.refund_part), (None, false));
    assert_eq!((found.ask, found.settle, found.overdue), (vec![], vec![], vec![]));
    world.bank.will([unknown()]);
    world.work().await;
    let found = see(Role::Administrator).await;
    assert_eq!((found.ask, found.settle, found.overdue), (vec![refund], vec![], vec![]));
    let found = see(Role::Operator).await;
    assert_eq!((found.ask, found.settle), (vec![refund], vec![]));
    world.clock.advance(HOUR_MS);
    assert_eq!(see(Role::Finance).await.overdue, vec![]);
    world.clock.advance(1);
    let found = see(Role::Finance).await;
    assert_eq!(found, Offers { overdue: vec![refund], ..Offers::default() });
    assert_eq!(see(Role::Administrator).await.settle, vec![refund]);
    let record = world.store_record((project, payment)).await;
    // A carrier that cannot be asked about refunds is not asked.
    let deaf = Some(Capabilities { refund_query: false, ..ABLE });
    let user = office.administrator().user;
    let found = offers(&record, Told::Delivered, &user, deaf, office.now());
    assert_eq!((found.ask, found.settle), (vec![], vec![refund]));
    assert_eq!(offers(&record, Told::Delivered, &user, None, office.now()).ask, vec![]);
}

#[tokio::test]
async fn an_outcome_may_be_asked_for_while_it_is_open() {
    let office = Office::new().await;
    let sale = office.world.accept(sale_request("order-1")).await;
    let see = async || {
        let record = office.world.record("order-1").await;
        office.offered(&record, Told::Nobody, Role::Administrator)
    };
    assert_eq!(see().await, Offers::default());
    office.world.bank.will([redirect()]);
    office.world.work().await;
    let found = see().await;
    assert_eq!((found.ask, found.settle), (vec![sale], vec![]), "nothing to settle: nobody paid");
}

#[tokio::test]
async fn a_call_that_never_ended_may_be_asked_about() {
    let office = Office::new().await;
    let sale = office.world.accept(sale_request("order-1")).await;
    office.world.bank.hangs.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut jobs = office.world.claim(altyn_app::jobs::JobKind::CallProvider).await;
    let call = altyn_app::jobs::run_job(&office.world.context, jobs.remove(0));
    let hangs = async {
        while office.world.bank.called().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    // The worker dies in the call.
    tokio::select! {
        report = call => panic!("{report:?} out of a hanging call"),
        () = hangs => {}
    }
    let see = async || {
        let record = office.world.record("order-1").await;
        office.offered(&record, Told::Nobody, Role::Support).ask
    };
    assert_eq!(see().await, vec![]);
    office.world.clock.advance(MINUTE_MS + 1);
    assert_eq!(see().await, vec![sale]);
}

#[tokio::test]
async fn the_projects_clock_and_carrier_are_looked_up() {
    let office = Office::with(|project| project.test = true).await;
    let request = PaymentRequest { amount: rub(100_000), ..sale_request("order-1") };
    office.paid(request).await;
    let record = office.world.record("order-1").await;
    let user = office.operator().user;
    let found = offers_now(&office.cabinet, &user, &record, Told::Delivered).await.unwrap();
    assert_eq!(found, office.offered(&record, Told::Delivered, Role::Operator));
}

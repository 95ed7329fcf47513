//! The schema: what no program may write, whatever its mistake.

use std::sync::Arc;

use altyn_app::access::audit::Action;
use altyn_app::callback::CallbackAttempt;
use altyn_app::changeset::{AttemptStart, CallbackTry, Changeset, NotificationWrite};
use altyn_app::context::delivery_job;
use altyn_app::ports::provider::Notification;
use altyn_domain::payment::Record;

use super::audit::entry;
use super::exports::waiting;
use super::{Bench, assert_sound, keep};
use crate::build::{Shop, callback, refund_request, user};
use crate::clock::START;

/// Statements that both engines understand and must refuse, given [`a_row_in_each_table`]: at least
/// one for each constraint. What is left out is what an engine's types forbid already.
pub const FORBIDDEN: &[&str] = &[
    // Keys.
    "INSERT INTO payments SELECT * FROM payments WHERE state = 'processing'",
    "UPDATE payments SET reference_key = 'same'",
    "INSERT INTO operations SELECT * FROM operations WHERE state = 'accepted'",
    "UPDATE operations SET merchant_refund_id = 'same'",
    "INSERT INTO events SELECT * FROM events",
    "INSERT INTO attempts SELECT * FROM attempts",
    "INSERT INTO entries SELECT * FROM entries",
    "INSERT INTO balances SELECT * FROM balances",
    "INSERT INTO notifications SELECT * FROM notifications",
    "INSERT INTO callbacks SELECT * FROM callbacks",
    "INSERT INTO callback_attempts SELECT * FROM callback_attempts",
    "INSERT INTO jobs SELECT * FROM jobs",
    "INSERT INTO projects SELECT * FROM projects",
    "INSERT INTO meta SELECT * FROM meta",
    "INSERT INTO nodes SELECT * FROM nodes",
    // Payments.
    "UPDATE payments SET generation = 0",
    "UPDATE payments SET amount_minor = 0",
    "UPDATE payments SET amount_minor = -1",
    "UPDATE payments SET captured_minor = -1, refunded_minor = -1, reserved_minor = 0",
    "UPDATE payments SET refunded_minor = -1",
    "UPDATE payments SET reserved_minor = -1",
    "UPDATE payments SET authorized_minor = captured_minor - 1",
    "UPDATE payments SET captured_minor = authorized_minor + 1",
    "UPDATE payments SET authorized_minor = NULL",
    "UPDATE payments SET refunded_minor = captured_minor + 1, reserved_minor = 0",
    "UPDATE payments SET reserved_minor = captured_minor + 1",
    "UPDATE payments SET state = 'Paid'",
    "UPDATE payments SET state = ''",
    "UPDATE payments SET reference = NULL",
    "UPDATE payments SET details = NULL",
    // Operations.
    "UPDATE operations SET generation = 0",
    "UPDATE operations SET kind = 'gift'",
    "UPDATE operations SET amount_minor = 0",
    "UPDATE operations SET state = 'done'",
    "UPDATE operations SET state = 'declined', reason = NULL",
    "UPDATE operations SET state = 'approved', reason = 'wrong_state'",
    "UPDATE operations SET fee_bps = -1",
    "UPDATE operations SET fee_bps = 10001",
    "UPDATE operations SET instruction = 2",
    "UPDATE operations SET late_money = 2",
    "UPDATE operations SET closed_by_hand = 2",
    "UPDATE operations SET attempts = -1",
    "UPDATE operations SET account = NULL",
    // What hangs on them.
    "UPDATE events SET seq = 0",
    "UPDATE attempts SET number = 0",
    "UPDATE entries SET posting = 'gift'",
    "UPDATE entries SET line = 0",
    "UPDATE entries SET account = 'pocket'",
    "UPDATE entries SET direction = 'both'",
    "UPDATE entries SET amount_minor = 0",
    "UPDATE balances SET debit_minor = -1",
    "UPDATE balances SET credit_minor = -1",
    "UPDATE callbacks SET state = 'lost'",
    "UPDATE callbacks SET attempts = -1",
    "UPDATE callbacks SET body = NULL",
    "UPDATE callback_attempts SET number = 0",
    "UPDATE jobs SET lane = NULL",
    // The store's own.
    "UPDATE projects SET id = 0 WHERE id = 42",
    "UPDATE projects SET id = 4294967296 WHERE id = 42",
    "UPDATE projects SET secret = NULL",
    "UPDATE nodes SET node = -1",
    "UPDATE nodes SET node = 32",
    "UPDATE projects SET previous_until = 1",
    "UPDATE projects SET previous_secret = secret",
    // People.
    "INSERT INTO users SELECT * FROM users",
    "INSERT INTO users (id, login, password_hash, disabled, created_at, must_change)
        SELECT 2, login, 'h', 0, 0, 0 FROM users",
    "UPDATE users SET disabled = 2",
    "UPDATE users SET must_change = 2",
    "INSERT INTO memberships SELECT * FROM memberships",
    "UPDATE memberships SET project = -1",
    "UPDATE memberships SET role = 'owner'",
    "INSERT INTO recovery_codes SELECT * FROM recovery_codes",
    "INSERT INTO sessions SELECT * FROM sessions",
    "UPDATE sessions SET stage = 'half'",
    "INSERT INTO sign_in_failures SELECT * FROM sign_in_failures",
    // The log.
    "INSERT INTO audit SELECT * FROM audit",
    "UPDATE audit SET result = 'maybe'",
    "UPDATE audit SET position = 1, hash = 'h'",
    "UPDATE audit SET position = 9, hash = NULL",
    // Registers.
    "INSERT INTO exports SELECT * FROM exports",
    "UPDATE exports SET state = 'waiting'",
];

/// Each forbidden row is refused by a constraint, and what was there stays.
pub async fn forbidden_rows_are_refused(bench: Arc<dyn Bench>) {
    let (shop, paid) = a_row_in_each_table(&bench).await;
    for statement in FORBIDDEN {
        let refused = bench.sql(statement).await.err();
        let says = refused.unwrap_or_else(|| panic!("{statement} is not refused"));
        assert!(says.contains("constraint"), "{statement}: {says}");
    }
    assert_eq!(shop.read(&paid).await, paid);
    let after = bench.sql("SELECT count(*) FROM payments").await.expect("payments are counted");
    assert_eq!(after, [vec![Some("2".to_owned())]]);
    assert_sound(&bench).await;
}

/// Fills every table; gives back the payment that most of it hangs on.
pub async fn a_row_in_each_table(bench: &Arc<dyn Bench>) -> (Shop, Record) {
    let shop = Shop::open(bench.store()).await;
    shop.accepted("accepted").await;
    let paid = shop.paid("paid").await;
    for id in ["R-1", "R-2"] {
        let (_, changes) = shop.refund(&shop.read(&paid).await, refund_request(10, Some(id)));
        keep(&shop.store, changes).await;
    }
    let owed = callback(&paid);
    let operation = paid.opening().expect("a sale").id;
    let (project, payment) = (paid.payment.project, paid.payment.id);
    let key = "key".to_owned();
    let changes = Changeset {
        attempt_start: Some(AttemptStart {
            project,
            payment,
            operation,
            number: 1,
            key,
            at: START,
        }),
        notification: Some(NotificationWrite {
            project,
            operation,
            notification: Notification { received_at: START, parameters: Vec::new() },
        }),
        new_callback: Some(owed.clone()),
        jobs: vec![delivery_job(&owed, START)],
        ..Changeset::default()
    };
    keep(&shop.store, changes).await;
    let attempt = CallbackAttempt {
        callback: owed.id,
        at: START,
        duration_ms: 1,
        status: None,
        answer: Vec::new(),
        error: None,
    };
    let callback_try = Some(CallbackTry { attempt, progress: owed.progress });
    keep(&shop.store, Changeset { callback_try, ..Changeset::default() }).await;
    let lease = shop.store.lease_node("node", START, START.plus_millis(1)).await;
    assert!(lease.expect("the store answers").is_some());
    add_people(bench).await;
    let paid = shop.read(&paid).await;
    (shop, paid)
}

async fn add_people(bench: &Arc<dyn Bench>) {
    let access = bench.access();
    let told = entry(Action::ChangeUser, "");
    access.put_user(user(1, "login"), None, told).await.expect("a user is put");
    let session = super::access::session("digest", 1, START);
    let told = entry(Action::SignIn, "");
    access.open_session(session, None, told).await.expect("a session is opened");
    access.add_failure(&["login:login".to_owned()], START).await.expect("a failure is counted");
    access.seal_audit(1).await.expect("the log is sealed");
    let told = entry(Action::Export, "");
    bench.exports().add_export(waiting(1), told).await.expect("a register is added");
}

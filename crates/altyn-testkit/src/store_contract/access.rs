//! People: users with what hangs on them, codes that count once, sessions, failures.

use std::sync::Arc;

use altyn_app::access::audit::{Action, AuditEntry};
use altyn_app::access::user::{Failures, Membership, Role, Session, SessionStage, User};
use altyn_app::ports::access::SessionsEnd;
use altyn_app::ports::{AccessStore, CommitError, Conflict};
use altyn_domain::time::Timestamp;

use super::audit::entry;
use super::{Bench, count};
use crate::build::{FACTOR, project_id, user as full};
use crate::clock::START;

fn told() -> AuditEntry {
    entry(Action::ChangeUser, "")
}

fn bare(id: i64, login: &str) -> User {
    User {
        memberships: Vec::new(),
        disabled: false,
        must_change: false,
        second_factor: None,
        ..full(id, login)
    }
}

/// Puts a user over the one who is stored.
async fn put(access: &Arc<dyn AccessStore>, user: &User) {
    let before = access.user(user.id).await.expect("users are read");
    let version = before.map_or(0, |before| before.version);
    let user = User { version, ..user.clone() };
    access.put_user(user, None, told()).await.expect("a user is put");
}

fn without_version(user: User) -> User {
    User { version: 0, ..user }
}

/// Without his version.
async fn read(access: &Arc<dyn AccessStore>, id: i64) -> User {
    let user = access.user(id).await.expect("users are read");
    without_version(user.expect("the user is there"))
}

/// By login, without their versions.
async fn all(access: &Arc<dyn AccessStore>) -> Vec<User> {
    let users = access.users().await.expect("users are read");
    users.into_iter().map(without_version).collect()
}

/// By number, by login, and all of them; a second put leaves nothing of the first.
pub async fn users_read_back_and_are_replaced_whole(bench: Arc<dyn Bench>) {
    let access = bench.access();
    assert_eq!(all(&access).await, []);
    let (one, two) = (full(1, "иван@пример.рф"), bare(i64::MAX, "anna"));
    put(&access, &one).await;
    put(&access, &two).await;
    assert_eq!(all(&access).await, [two.clone(), one.clone()]);
    for user in [&one, &two] {
        assert_eq!(read(&access, user.id).await, *user);
        let found = access.user_by_login(&user.login).await.expect("users are read");
        assert_eq!(found.map(without_version).as_ref(), Some(user));
    }
    assert_eq!(access.user(2).await.expect("users are read"), None);
    assert_eq!(access.user_by_login("nobody").await.expect("users are read"), None);

    put(&access, &bare(1, "ivan")).await;
    assert_eq!(read(&access, 1).await, bare(1, "ivan"));
    for role in Role::ALL {
        let mut changed = full(1, "ivan");
        changed.memberships.remove(0);
        for membership in &mut changed.memberships {
            membership.role = *role;
        }
        put(&access, &changed).await;
        assert_eq!(read(&access, 1).await, changed);
    }
    assert_eq!(read(&access, i64::MAX).await, two, "nobody else is touched");
}

/// And what was refused leaves no entry behind.
pub async fn a_login_is_taken_once(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &bare(1, "anna")).await;
    put(&access, &full(2, "boris")).await;
    for id in [2, 3] {
        let version = i64::from(id == 2);
        let refused = access.put_user(User { version, ..bare(id, "anna") }, None, told()).await;
        assert!(matches!(refused, Err(CommitError::Store(_))), "{refused:?}");
    }
    let twice = Membership { project: None, role: Role::Support };
    let two_roles = User { memberships: vec![twice, twice], version: 1, ..bare(1, "anna") };
    let refused = access.put_user(two_roles, None, told()).await;
    assert!(matches!(refused, Err(CommitError::Store(_))), "{refused:?}");
    assert_eq!(all(&access).await, [bare(1, "anna"), full(2, "boris")]);
    assert_eq!(count(&bench, "SELECT count(*) FROM audit").await, 2);
}

/// And bound to its user: in another's row it does not open.
pub async fn the_secret_of_a_second_factor_is_sealed(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &full(1, "anna")).await;
    put(&access, &full(2, "boris")).await;
    let rows = bench.sql("SELECT * FROM users").await.expect("users are read");
    let hexadecimal: String = FACTOR.bytes().map(|byte| format!("{byte:02x}")).collect();
    for cell in rows.iter().flatten().flatten() {
        assert!(!cell.contains(FACTOR) && !cell.to_lowercase().contains(&hexadecimal), "{cell}");
    }
    let steal = "UPDATE users SET second_factor =
        (SELECT other.second_factor FROM users AS other WHERE other.id = 1) WHERE id = 2";
    bench.sql(steal).await.expect("a secret is moved");
    assert!(access.user(2).await.is_err(), "it is bound to its user");
    assert_eq!(read(&access, 1).await, full(1, "anna"));
}

async fn at_once<T: Send + 'static, F>(count: usize, act: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = (0..count).map(|at| tokio::spawn(act(at))).collect();
    let mut answers = Vec::with_capacity(count);
    for task in tasks {
        answers.push(task.await.expect("it does not panic"));
    }
    answers
}

/// However many try at once.
pub async fn a_code_by_time_counts_once(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &full(1, "anna")).await;
    let step = 57_000_001;
    let answers = at_once(16, |_| {
        let access = Arc::clone(&access);
        async move { access.use_step(1, step).await.expect("the store answers") }
    });
    assert_eq!(answers.await.iter().filter(|won| **won).count(), 1);
    for (used, expected) in [(step, false), (step - 1, false), (step + 2, true), (step + 1, false)]
    {
        assert_eq!(access.use_step(1, used).await.expect("the store answers"), expected, "{used}");
    }
    put(&access, &bare(1, "anya")).await;
    assert!(!access.use_step(1, step + 9).await.expect("the store answers"), "he has none");
    assert!(!access.use_step(2, step).await.expect("the store answers"), "there is no such user");
    let mut anew = full(1, "anya");
    if let Some(factor) = &mut anew.second_factor {
        factor.last_step = 3;
    }
    put(&access, &anew).await;
    assert_eq!(read(&access, 1).await, anew, "a factor set up anew begins anew");
}

/// However many try at once.
pub async fn a_recovery_code_is_taken_once(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &full(1, "anna")).await;
    put(&access, &full(2, "boris")).await;
    let answers = at_once(16, |_| {
        let access = Arc::clone(&access);
        async move { access.use_recovery(1, "00ab").await.expect("the store answers") }
    });
    assert_eq!(answers.await.iter().filter(|won| **won).count(), 1);
    let mut left = full(1, "anna");
    if let Some(factor) = &mut left.second_factor {
        factor.recovery.remove(0);
    }
    assert_eq!(read(&access, 1).await, left);
    assert!(!access.use_recovery(1, "beef").await.expect("the store answers"));
    assert_eq!(read(&access, 2).await, full(2, "boris"));
}

/// Whatever changed him: somebody else, or a code that he used. What is refused leaves nothing behind.
pub async fn a_user_who_changed_is_not_written_over(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &full(1, "anna")).await;
    let now = || async { access.user(1).await.expect("users are read").expect("she is there") };
    let refuse = async |stale: User| {
        let before = now().await;
        let ends = Some(SessionsEnd { but: None, audit: told() });
        let refused = access.put_user(stale, ends, told()).await;
        let moved = matches!(refused, Err(CommitError::Conflict(Conflict::VersionMoved)));
        assert!(moved, "{refused:?}");
        assert_eq!(now().await, before);
        assert_eq!(digests(&access, 1, START).await, ["open"], "his sessions go on");
    };
    open(&access, &session("open", 1, START)).await;
    let first = now().await;
    assert_eq!(first.version, 1);
    let disabled = User { disabled: !first.disabled, ..first.clone() };
    access.put_user(disabled, None, told()).await.expect("a user is put");
    // As he was read before: he would be enabled again.
    refuse(first.clone()).await;
    refuse(full(1, "anna")).await;
    refuse(User { version: 3, ..first }).await;
    // A code that was used would come back.
    for by_time in [false, true] {
        let before = now().await;
        let used = match by_time {
            true => access.use_step(1, 57_000_009).await,
            false => access.use_recovery(1, "00ab").await,
        };
        assert!(used.expect("the store answers"));
        refuse(before).await;
    }
    let log = "SELECT count(*) FROM audit WHERE action = 'change_user'";
    assert_eq!(count(&bench, log).await, 2);
    // What takes no effect changes nobody.
    let before = now().await;
    assert!(!access.use_recovery(1, "00ab").await.expect("the store answers"));
    assert!(!access.use_step(1, 57_000_009).await.expect("the store answers"));
    assert_eq!(now().await, before);
}

/// Neither without the other.
pub async fn sessions_end_with_the_change_of_their_user(bench: Arc<dyn Bench>) {
    let access = bench.access();
    put(&access, &full(1, "anna")).await;
    for (digest, user) in [("first", 1), ("second", 1), ("third", 1), ("other", 2)] {
        open(&access, &session(digest, user, START)).await;
    }
    let now = || async { access.user(1).await.expect("users are read").expect("she is there") };
    let ends = |but: Option<&str>| {
        let audit = entry(Action::SignOut, "");
        Some(SessionsEnd { but: but.map(str::to_owned), audit })
    };
    access.put_user(now().await, ends(Some("second")), told()).await.expect("a user is put");
    assert_eq!(digests(&access, 1, START).await, ["second"]);
    let signed_out = "SELECT count(*) FROM audit WHERE action = 'sign_out'";
    assert_eq!(count(&bench, signed_out).await, 1);
    let before = now().await;
    let away = "ALTER TABLE sessions RENAME TO no_sessions";
    bench.sql(away).await.expect("the sessions are taken away");
    let failed = access.put_user(before.clone(), ends(None), told()).await;
    assert!(failed.is_err(), "{failed:?}");
    let back = "ALTER TABLE no_sessions RENAME TO sessions";
    bench.sql(back).await.expect("the sessions are there again");
    assert_eq!(now().await, before, "a change whose sessions do not end is none");
    access.put_user(before, ends(None), told()).await.expect("a user is put");
    assert_eq!(digests(&access, 1, START).await, Vec::<String>::new());
    assert_eq!(digests(&access, 2, START).await, ["other"]);
}

/// Of many who read the same, one changes it.
pub async fn two_who_edit_a_user_do_not_mix(bench: Arc<dyn Bench>) {
    let access = bench.access();
    for round in 1..=5 {
        let version = round - 1;
        let edits: Vec<User> = (1..=8)
            .map(|number| {
                let project = Some(project_id(number));
                let memberships = vec![Membership { project, role: Role::Operator }];
                User { memberships, version, ..bare(1, &format!("edit-{number}")) }
            })
            .collect();
        let puts = at_once(edits.len(), |at| {
            let (access, edit) = (Arc::clone(&access), edits.get(at).cloned());
            async move { access.put_user(edit.expect("an edit for each"), None, told()).await.is_ok() }
        });
        let done = edits.iter().zip(puts.await).filter(|(_, done)| *done);
        let done: Vec<&User> = done.map(|(edit, _)| edit).collect();
        let user = access.user(1).await.expect("users are read").expect("the user is there");
        assert_eq!(user.version, round);
        assert_eq!(done, [&User { version, ..user }], "round {round}");
    }
}

pub(super) fn session(digest: &str, user: i64, created_at: Timestamp) -> Session {
    Session {
        digest: digest.to_owned(),
        user,
        stage: SessionStage::Open,
        created_at,
        seen_at: created_at,
        expires_at: created_at.plus_millis(1_000),
        address: "2001:db8::1".to_owned(),
        agent: "Браузер \"🦊\"".to_owned(),
    }
}

async fn open(access: &Arc<dyn AccessStore>, session: &Session) {
    let told = entry(Action::SignIn, "");
    access.open_session(session.clone(), None, told).await.expect("a session is opened");
}

async fn digests(access: &Arc<dyn AccessStore>, user: i64, now: Timestamp) -> Vec<String> {
    let sessions = access.sessions_of(user, now).await.expect("sessions are read");
    sessions.into_iter().map(|session| session.digest).collect()
}

/// Each stage; used, ended one by one and all but one.
pub async fn sessions_open_are_seen_and_end(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let at = |ms| START.plus_millis(ms);
    for (number, stage) in (0..).zip(SessionStage::ALL) {
        let session = Session { stage: *stage, ..session(stage.as_str(), 1, at(number)) };
        open(&access, &session).await;
        let read = access.session(&session.digest).await.expect("sessions are read");
        assert_eq!(read, Some(session));
    }
    open(&access, &session("other", 2, START)).await;
    assert_eq!(access.session("none").await.expect("sessions are read"), None);
    let again = access.open_session(session("other", 1, START), None, told()).await;
    assert!(again.is_err(), "a digest is taken once");

    assert_eq!(digests(&access, 1, START).await, ["open", "new_password", "second_factor"]);
    assert_eq!(digests(&access, 1, at(1_001)).await, ["open"], "what has ended is left out");
    for (ms, expected) in [(60, 60), (40, 60)] {
        access.touch_session("open", at(ms)).await.expect("the store answers");
        let read = access.session("open").await.expect("sessions are read").expect("it is there");
        assert_eq!(read.seen_at, at(expected));
    }
    let told = || entry(Action::SignOut, "");
    access.end_session("new_password", told()).await.expect("the store answers");
    assert_eq!(digests(&access, 1, START).await, ["open", "second_factor"]);
    let ended = access.end_sessions(1, Some("open"), told()).await;
    assert_eq!(ended.expect("the store answers"), 1);
    assert_eq!(digests(&access, 1, START).await, ["open"]);
    assert_eq!(access.end_sessions(1, None, told()).await.expect("the store answers"), 1);
    assert_eq!(access.end_sessions(1, None, told()).await.expect("the store answers"), 0);
    assert_eq!(digests(&access, 2, START).await, ["other"]);
    let entries = "SELECT count(*) FROM audit WHERE action = ";
    assert_eq!(count(&bench, &format!("{entries}'sign_in'")).await, 4);
    assert_eq!(count(&bench, &format!("{entries}'sign_out'")).await, 4);
}

/// The one that is replaced is gone, whoever came first.
pub async fn two_may_replace_one_session(bench: Arc<dyn Bench>) {
    let access = bench.access();
    open(&access, &session("first", 1, START)).await;
    let answers = at_once(2, |at| {
        let access = Arc::clone(&access);
        let session = session(&format!("next-{at}"), 1, START);
        async move { access.open_session(session, Some("first"), told()).await }
    });
    assert!(answers.await.iter().all(Result::is_ok));
    assert_eq!(digests(&access, 1, START).await, ["next-0", "next-1"]);
    let refused = access.open_session(session("next-0", 1, START), Some("next-1"), told()).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(digests(&access, 1, START).await, ["next-0", "next-1"], "whole or not at all");
}

/// No failure is lost, however many come at once and in whatever order they name the subjects.
pub async fn failures_are_counted_together(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let none = access.failures("login:anna").await.expect("failures are read");
    assert_eq!(none, Failures::default());
    let answers = at_once(32, |at| {
        let access = Arc::clone(&access);
        let mut subjects = vec!["login:anna".to_owned(), "address:2001:db8::1".to_owned()];
        if at % 2 == 0 {
            subjects.reverse();
        }
        let now = START.plus_millis(i64::try_from(at).expect("a small number"));
        async move { access.add_failure(&subjects, now).await.expect("the store answers") }
    });
    let mut counts: Vec<u32> = answers.await.into_iter().flatten().map(|one| one.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=32).flat_map(|number| [number, number]).collect::<Vec<u32>>());
    let last = Failures { count: 32, last_at: START.plus_millis(31) };
    assert_eq!(access.failures("login:anna").await.expect("failures are read"), last);

    let subjects = ["address:new".to_owned(), "login:anna".to_owned()];
    let at = START.plus_millis(40);
    let counted = access.add_failure(&subjects, at).await.expect("the store answers");
    let expected = [Failures { count: 1, last_at: at }, Failures { count: 33, last_at: at }];
    assert_eq!(counted, expected, "in the order asked for");
    access.clear_failures("login:anna").await.expect("the store answers");
    let none = access.failures("login:anna").await.expect("failures are read");
    assert_eq!(none, Failures::default());
    let other = access.failures("address:2001:db8::1").await.expect("failures are read");
    assert_eq!(other, last);
}

/// And nothing else is.
pub async fn what_has_ended_is_swept(bench: Arc<dyn Bench>) {
    let access = bench.access();
    let at = |ms| START.plus_millis(ms);
    for (digest, created_at) in [("old", 0), ("older", -1), ("new", 1)] {
        open(&access, &session(digest, 1, at(created_at))).await;
    }
    for (subject, ms) in [("login:old", 9), ("login:new", 10)] {
        access.add_failure(&[subject.to_owned()], at(ms)).await.expect("the store answers");
    }
    let (now, before) = (at(1_000), at(10));
    assert_eq!(access.sweep_access(now, before).await.expect("the store answers"), 3);
    assert_eq!(access.sweep_access(now, before).await.expect("the store answers"), 0);
    assert_eq!(digests(&access, 1, at(-9)).await, ["new"]);
    for (subject, expected) in [("login:old", 0), ("login:new", 1)] {
        let failures = access.failures(subject).await.expect("failures are read");
        assert_eq!(failures.count, expected, "{subject}");
    }
}

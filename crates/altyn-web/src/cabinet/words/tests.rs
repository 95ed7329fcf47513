//! Everything has a name in both languages, and no two things of a kind share one.

use std::collections::BTreeSet;
use std::fmt::Debug;

use altyn_app::access::audit::Action;
use altyn_app::access::user::{Right, Role};
use altyn_app::callback::CallbackState;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::ledger::{Account, PostingKind};
use altyn_domain::payment::{OperationKind, OperationState, PaymentState};

use super::*;

fn check<T: Copy + Debug>(all: &[T], word: impl Fn(T, Lang) -> &'static str) {
    for lang in Lang::ALL {
        let words: BTreeSet<_> = all.iter().map(|each| word(*each, *lang)).collect();
        assert_eq!(words.len(), all.len(), "{all:?} {lang:?}");
        let cyrillic = |text: &&str| text.chars().any(|c| ('А'..='ё').contains(&c));
        match lang {
            Lang::Russian => assert!(
                words.iter().all(|text| cyrillic(text) || text.contains("3-D Secure")),
                "{words:?}"
            ),
            Lang::English => assert!(!words.iter().any(cyrillic), "{words:?}"),
        }
    }
}

#[test]
fn everything_has_a_name_of_its_own() {
    check(Status::ALL, status);
    check(Right::ALL, right);
    check(Role::ALL, role);
    check(Role::ALL, role_note);
    check(Action::ALL, action);
    check(OperationKind::ALL, kind);
    check(OperationState::ALL, operation_state);
    check(PaymentState::ALL, payment_state);
    check(Account::ALL, account);
    check(PostingKind::ALL, posting);
    check(CallbackState::ALL, callback_state);
    check(CallbackDialect::ALL, dialect);
    check(Section::ALL, section);
}

#[test]
fn statuses_differ_by_more_than_colour() {
    let signs: BTreeSet<_> = Status::ALL.iter().map(|each| look(*each).sign).collect();
    assert_eq!(signs.len(), Status::ALL.len());
    let icons = include_str!("../../../templates/cabinet/icons.html");
    for sign in signs {
        assert!(icons.contains(&format!("id=\"i-{sign}\"")), "{sign}");
    }
}

#[test]
fn a_wait_is_never_said_shorter_than_it_is() {
    for (ms, russian, english) in [
        (0, "1 секунду", "1 second"),
        (1, "1 секунду", "1 second"),
        (2_001, "3 секунды", "3 seconds"),
        (61_000, "61 секунду", "61 seconds"),
        (120_000, "2 минуты", "2 minutes"),
        (120_001, "3 минуты", "3 minutes"),
        (3_600_000, "1 час", "1 hour"),
        (3_660_000, "1 час 1 минута", "1 hour 1 minute"),
    ] {
        assert_eq!(minutes_or_seconds(ms, Lang::Russian).replace('\u{a0}', " "), russian);
        assert_eq!(minutes_or_seconds(ms, Lang::English).replace('\u{a0}', " "), english);
    }
}

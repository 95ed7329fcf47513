//! The log, drawn; and what its address may say.

use altyn_app::access::audit::{AuditEntry, Seal};
use altyn_domain::time::Timestamp;

use super::*;
use crate::cabinet::frame::tests::{HOSTILE, example, example_hostile};
use crate::cabinet::users::tests::user;
use crate::lang::Lang;

fn entry(id: i64, action: Action, detail: &str) -> StoredAudit {
    let refused = action == Action::Look;
    let in_project = !matches!(action, Action::SignIn);
    StoredAudit {
        id,
        entry: AuditEntry {
            at: Timestamp::from_millis(1_795_345_510_123 + id),
            user: Some(1),
            login: if detail == HOSTILE { HOSTILE.to_owned() } else { "kassir".to_owned() },
            address: "192.0.2.7".to_owned(),
            project: ProjectId::new(3).filter(|_| in_project),
            payment: (action == Action::Refund).then(|| PaymentId::new(9_007_199_254_740_000)),
            operation: None,
            action,
            result: if refused { AuditResult::Refused } else { AuditResult::Done },
            detail: detail.to_owned(),
        },
        seal: (id < 40).then(|| Seal { position: id, hash: "0123456789abcdef".repeat(4) }),
    }
}

/// Pages by name.
pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let page = |query: &str, entries| AuditPage {
        frame: match hostile {
            true => example_hostile(lang, Section::Audit),
            false => example(lang, Section::Audit),
        },
        asked: Asked::parse(query),
        users: vec![user(1, &text("kassir"), Vec::new())],
        entries,
        older: Some("/cabinet/audit?before=12".to_owned()),
    };
    let entries = vec![
        entry(40, Action::Refund, &text("Возврат 123 456 789 012,00 ₽: товар не подошёл")),
        entry(39, Action::Look, &text("needs refund: /cabinet/payments/3/9007199254740000/refund")),
        entry(38, Action::ChangeUser, &text("changing user 4: operator in 3")),
        entry(12, Action::SignIn, &text("by password")),
    ];
    let wrong = if hostile { "payment=%22%3E%3Cscript%3E" } else { "payment=A-77" };
    vec![
        ("audit", page("action=refund&before=50", entries).render().unwrap()),
        ("audit-empty", page("", Vec::new()).render().unwrap()),
        ("audit-wrong", page(wrong, Vec::new()).render().unwrap()),
    ]
}

#[test]
fn an_address_says_what_is_looked_for() {
    let asked = Asked::parse("user=7&action=refund&payment=+12+&before=9&project=3&x=y");
    assert_eq!((asked.user, asked.action, asked.before), (Some(7), Some(Action::Refund), Some(9)));
    assert_eq!(asked.payment(), Ok(Some(PaymentId::new(12))));
    let empty = Asked::parse("user=&action=&payment=");
    assert_eq!(empty, Asked::default());
    for wrong in ["payment=x", "payment=1.5", "payment=99999999999999999999"] {
        assert_eq!(Asked::parse(wrong).payment(), Err(()), "{wrong}");
    }
}

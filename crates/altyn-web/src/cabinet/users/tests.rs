//! The pages about users, drawn; and what their forms may say.

use altyn_app::access::user::{Role, SecondFactor};
use altyn_domain::id::ProjectId;
use altyn_domain::time::Timestamp;

use super::*;
use crate::cabinet::frame::tests::{HOSTILE, LONG, example, example_hostile};

/// A user of these projects.
pub fn user(id: i64, login: &str, memberships: Vec<Membership>) -> User {
    User {
        id,
        login: login.to_owned(),
        password_hash: Secret::new("-"),
        memberships,
        disabled: id == 3,
        must_change: id == 2,
        second_factor: (id == 1).then(|| SecondFactor {
            secret: Secret::new("-"),
            last_step: 0,
            recovery: vec![String::new(); 8],
        }),
        created_at: Timestamp::from_millis(1_795_345_510_123),
        version: 1,
    }
}

fn of(project: Option<u32>, role: Role) -> Membership {
    Membership { project: project.map(|number| ProjectId::new(number).unwrap()), role }
}

/// Pages by name.
pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    let frame = || match hostile {
        true => example_hostile(lang, Section::Users),
        false => example(lang, Section::Users),
    };
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let choices = || {
        [("all", "Все проекты, нынешние и будущие"), ("1", "Книжный"), ("3", LONG)]
            .into_iter()
            .map(|(key, name)| RoleChoice {
                key: key.to_owned(),
                name: text(name),
                test: key == "3",
                role: (key == "1").then_some(Role::Operator),
            })
            .collect()
    };
    let both = vec![of(Some(1), Role::Operator), of(Some(3), Role::Support)];
    let users = vec![
        user(1, &text("admin"), vec![of(None, Role::Administrator)]),
        user(2, &text("kassir"), both.clone()),
        user(3, &text(&"долгий-логин-".repeat(5)), Vec::new()),
    ];
    let one = UserPage {
        frame: frame(),
        user: user(2, &text("kassir"), both),
        choices: choices(),
        himself: false,
        password: Some(Secret::new("tulpan-gorod-7719-veter")),
        error: Some("Это последний администратор всех проектов: сначала назначьте другого."),
    };
    let new = NewUserPage {
        frame: frame(),
        login: text("новый"),
        choices: choices(),
        error: said(&AccountError::Taken, lang),
    };
    let empty = UsersPage { frame: frame(), users: Vec::new() };
    vec![
        ("users", UsersPage { frame: frame(), users }.render().unwrap()),
        ("users-empty", empty.render().unwrap()),
        ("users-new", new.render().unwrap()),
        ("users-one", one.render().unwrap()),
    ]
}

#[test]
fn a_form_says_roles_by_project() {
    let read = |fields: &[&str]| memberships(fields.iter().copied());
    assert_eq!(read(&["", ""]), Some(Vec::new()));
    assert_eq!(
        read(&["all:finance", "", "7:operator"]),
        Some(vec![of(None, Role::Finance), of(Some(7), Role::Operator)])
    );
    for wrong in ["operator", "0:operator", "-1:operator", "7:root", "7:", ":operator", "x:finance"]
    {
        assert_eq!(read(&[wrong]), None, "{wrong}");
    }
}

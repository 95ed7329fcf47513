//! Who is what and where, in words and as a form.

use altyn_app::access::user::{Membership, Right, Role};
use altyn_domain::id::ProjectId;

use crate::cabinet::frame::Frame;
use crate::cabinet::guard::Signed;
use crate::cabinet::words;
use crate::lang::Lang;
use crate::state::Web;

/// A project in which somebody may be given a role, or all of them.
pub struct RoleChoice {
    /// Its number, or `all`.
    pub key: String,
    /// Its name.
    pub name: String,
    /// No money moves in it.
    pub test: bool,
    /// The role he has there.
    pub role: Option<Role>,
}

/// A role that can be chosen.
pub struct RoleWay {
    /// What the form says.
    pub value: String,
    /// Its name.
    pub words: String,
    /// It is the one he has.
    pub chosen: bool,
}

impl RoleChoice {
    /// The roles there are, and none.
    pub fn ways(&self, lang: &Lang) -> Vec<RoleWay> {
        let none = RoleWay {
            value: String::new(),
            words: lang.pick("Нет доступа", "No access").to_owned(),
            chosen: self.role.is_none(),
        };
        let way = |role: &Role| RoleWay {
            value: format!("{}:{}", self.key, role.as_str()),
            words: words::role(*role, *lang).to_owned(),
            chosen: self.role == Some(*role),
        };
        std::iter::once(none).chain(Role::ALL.iter().map(way)).collect()
    }
}

/// Each role and what it may do.
pub fn notes(lang: &Lang) -> Vec<(&'static str, &'static str)> {
    Role::ALL
        .iter()
        .map(|role| (words::role(*role, *lang), words::role_note(*role, *lang)))
        .collect()
}

/// Where somebody may be given a role by whoever asks; all projects first.
pub fn choices(web: &Web, signed: &Signed, own: &[Membership]) -> Vec<RoleChoice> {
    let held = |project: Option<ProjectId>| {
        own.iter().find(|membership| membership.project == project).map(|found| found.role)
    };
    let all = signed.actor.user.may_everywhere(Right::ManageUsers).then(|| RoleChoice {
        key: "all".to_owned(),
        name: signed
            .lang
            .pick("Все проекты, нынешние и будущие", "All projects there are and will be")
            .to_owned(),
        test: false,
        role: held(None),
    });
    let projects = signed.with_right(web, Right::ManageUsers).into_iter();
    let projects = projects.filter_map(|id| web.context.projects.get(id)).map(|entry| RoleChoice {
        key: entry.project.id.to_string(),
        // Names need not differ.
        name: format!("{} · {}", entry.project.name, entry.project.id),
        test: entry.project.test,
        role: held(Some(entry.project.id)),
    });
    all.into_iter().chain(projects).collect()
}

/// Reads `7:operator` or `all:finance`.
pub fn parse(field: &str) -> Option<Membership> {
    let (key, role) = field.split_once(':')?;
    let project = match key {
        "all" => None,
        number => Some(number.parse().ok().and_then(ProjectId::new)?),
    };
    Some(Membership { project, role: Role::parse(role)? })
}

/// In a line: `Оператор — Книжный · 1; Бухгалтер — все проекты`.
pub fn described(memberships: &[Membership], frame: &Frame) -> String {
    let lang = frame.lang;
    let place = |project: Option<ProjectId>| match project {
        None => lang.pick("все проекты", "all projects").to_owned(),
        Some(id) => frame
            .projects
            .iter()
            .find(|own| own.id == id)
            .map_or_else(|| format!("№ {id}"), |own| format!("{} · {id}", own.name)),
    };
    let one =
        |own: &Membership| format!("{} — {}", words::role(own.role, lang), place(own.project));
    if memberships.is_empty() {
        return lang.pick("Нет доступа", "No access").to_owned();
    }
    memberships.iter().map(one).collect::<Vec<_>>().join("; ")
}

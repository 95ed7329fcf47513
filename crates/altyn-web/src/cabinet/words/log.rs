//! What an entry of the audit log tells, in the language of the page.
//!
//! The log keeps words of its own, chained by hash and never changed; here they are read back and
//! said anew. Whatever is not known, a reason that a person typed among it, is shown as it is kept.

mod phrases;
#[cfg(test)]
mod tests;

use altyn_app::access::audit::{Action, AuditEntry};
use altyn_app::access::user::{Right, Role};
use altyn_app::callback::CallbackState;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::status::Status;
use altyn_domain::time::{SECOND_MS, Timestamp};

use self::phrases::PHRASES;
use super::{callback_state, dialect, method, right, role, status};
use crate::cabinet::projects::field_label;
use crate::format::{moment, money, plural, span};
use crate::lang::Lang;

/// Who did it: a login, or what stands for one where nobody signed in.
pub fn who(entry: &AuditEntry, lang: Lang) -> &str {
    match (entry.user, entry.login.as_str()) {
        (None, "command line") => lang.pick("командная строка", "command line"),
        (None, "(unknown)") => lang.pick("неизвестно кто", "somebody unknown"),
        (_, login) => login,
    }
}

/// The facts of an entry.
pub fn detail(entry: &AuditEntry, lang: Lang) -> String {
    let told = entry.detail.split("; ").map(|part| part_of(entry.action, part, lang));
    told.collect::<Vec<_>>().join("; ")
}

fn part_of(action: Action, part: &str, lang: Lang) -> String {
    let told = phrase(part, lang).or_else(|| refusal(part, lang));
    told.or_else(|| fact(action, part, lang)).unwrap_or_else(|| part.to_owned())
}

fn phrase(part: &str, lang: Lang) -> Option<String> {
    let known = PHRASES.iter().find(|(stored, ..)| *stored == part);
    known.map(|(_, russian, english)| lang.pick(*russian, *english).to_owned())
}

/// Why something was refused, where the refusal names what it is about.
fn refusal(part: &str, lang: Lang) -> Option<String> {
    if let Some(code) = part.strip_prefix("this needs the right ") {
        let right = right_of(code, lang)?;
        return Some(lang.pick(format!("нужно право {right}"), format!("this needs {right}")));
    }
    if let Some(field) = part.strip_suffix(" is not possible") {
        let label = field_label(field, lang);
        return Some(lang.pick(
            format!("недопустимое значение поля «{label}»"),
            format!("the value of “{label}” is not possible"),
        ));
    }
    if let Some(rest) = part.strip_prefix("position ") {
        let end = " of the cart is not there, or not so many of it";
        let place = rest.strip_suffix(end)?.parse::<u32>().ok()?.saturating_add(1);
        return Some(lang.pick(
            format!("позиции {place} в корзине нет или осталось меньше"),
            format!("position {place} of the cart is not there, or not so many of it"),
        ));
    }
    let foreign = part.strip_suffix(": no such payment for him");
    if let Some(what) = foreign.or_else(|| part.strip_suffix(": no such project for him")) {
        let what = what.replace("project", lang.pick("проект", "project"));
        let what = what.replace("payment", lang.pick("платёж", "payment"));
        return Some(format!("{what}: {}", lang.pick("доступа нет", "no access")));
    }
    None
}

/// `«Возврат платежей»`
fn right_of(code: &str, lang: Lang) -> Option<String> {
    let known = Right::ALL.iter().find(|own| own.as_str() == code)?;
    let name = right(*known, lang);
    Some(lang.pick(format!("«{name}»"), format!("the right “{name}”")))
}

fn fact(action: Action, part: &str, lang: Lang) -> Option<String> {
    match action {
        Action::Refund | Action::Capture => sum(part, lang).or_else(|| position(part, lang)),
        Action::Resend => Some(callbacks(part, lang)),
        Action::Settle => settled(part, lang),
        Action::Export | Action::Download => register(part, lang),
        Action::SignIn => codes_left(part, lang),
        Action::SignOut => {
            let login = part.strip_prefix("every session of ")?;
            Some(format!("{} {login}", lang.pick("все сеансы пользователя", "every session of")))
        }
        Action::ChangeUser => Some(person(part, lang)),
        Action::ChangeProject => setting(part, lang),
        Action::MoveClock => clock(part, lang),
        Action::Look => looked(part, lang),
        Action::ChangePassword
        | Action::ChangeSecondFactor
        | Action::Void
        | Action::AskProvider
        | Action::RotateSecret => None,
    }
}

/// `300.50 RUB`
fn sum(part: &str, lang: Lang) -> Option<String> {
    let (number, code) = part.split_once(' ')?;
    let currency = Currency::from_code(code)?;
    let minor = number.replace('.', "").parse().ok()?;
    let amount = Amount::new(minor, currency).ok().filter(|own| own.to_major() == number)?;
    Some(money(amount, lang))
}

/// `position 0 × 1`
fn position(part: &str, lang: Lang) -> Option<String> {
    let (index, quantity) = part.strip_prefix("position ")?.split_once(" × ")?;
    let place = index.parse::<u32>().ok()?.saturating_add(1);
    Some(format!("{} {place} × {quantity}", lang.pick("позиция", "position")))
}

/// `callbacks 7, 9`, or `3 callbacks, given_up, projects 1, 2, payment 5, to shop.example`.
fn callbacks(part: &str, lang: Lang) -> String {
    let token = |token: &str| {
        if let Some((count, rest)) = token.split_once(" callbacks")
            && let Ok(number) = count.parse()
        {
            let nouns = lang.pick(
                ["оповещение", "оповещения", "оповещений"],
                ["notification", "notifications", "notifications"],
            );
            return format!("{count} {}{rest}", plural(number, lang, nouns));
        }
        if let Some(state) = CallbackState::parse(token) {
            return callback_state(state, lang).to_lowercase();
        }
        let named = [
            ("callbacks ", "оповещения ", "notifications "),
            ("projects ", "проекты ", "projects "),
            ("payment ", "платёж ", "payment "),
            ("to ", "на ", "to "),
        ];
        renamed(token, &named, lang).unwrap_or_else(|| token.to_owned())
    };
    part.split(", ").map(token).collect::<Vec<_>>().join(", ")
}

/// A token whose first word is one of these, said in the language.
fn renamed(token: &str, named: &[(&str, &str, &str)], lang: Lang) -> Option<String> {
    named.iter().find_map(|(stored, russian, english)| {
        let rest = token.strip_prefix(stored)?;
        Some(format!("{}{rest}", lang.pick(*russian, *english)))
    })
}

/// `done`; by command `approved: the reason`.
fn settled(part: &str, lang: Lang) -> Option<String> {
    let (word, reason) = part.split_once(": ").unwrap_or((part, ""));
    let said = match word {
        "done" | "approved" => lang.pick("отмечен выполненным", "stated as done"),
        "failed" | "declined" => lang.pick("отмечен неудавшимся", "stated as failed"),
        _ => return None,
    };
    Some(if reason.is_empty() { said.to_owned() } else { format!("{said}: {reason}") })
}

fn register(part: &str, lang: Lang) -> Option<String> {
    let (name, value) = part.split_once(' ')?;
    if let Some(statuses) = part.strip_prefix("statuses ") {
        let said = statuses.split(", ").map(|code| match Status::parse(code) {
            Some(known) => status(known, lang),
            None => code,
        });
        let said: Vec<_> = said.collect();
        return Some(format!("{} {}", lang.pick("статусы:", "statuses:"), said.join(", ")));
    }
    if let Some(methods) = part.strip_prefix("methods ") {
        let said = methods.split(", ").map(|code| match Method::from_code(code) {
            Some(known) => method(known, lang),
            None => code,
        });
        let said: Vec<_> = said.collect();
        return Some(format!("{} {}", lang.pick("способы:", "methods:"), said.join(", ")));
    }
    if matches!(name, "from" | "until") {
        let at = Timestamp::from_millis(value.parse().ok()?);
        let word = lang.pick(if name == "from" { "с" } else { "до" }, name);
        return Some(format!("{word} {}", moment(at, lang)));
    }
    let named = [
        ("register ", "реестр № ", "register "),
        ("format ", "формат ", "format "),
        ("projects ", "проекты ", "projects "),
        ("accounts ", "счета ", "accounts "),
        ("currencies ", "валюты ", "currencies "),
        ("at least ", "в копейках не меньше ", "minor units at least "),
        ("at most ", "в копейках не больше ", "minor units at most "),
        ("search ", "поиск ", "search "),
    ];
    renamed(part, &named, lang)
}

/// `3 are left`
fn codes_left(part: &str, lang: Lang) -> Option<String> {
    let left = part.strip_suffix(" are left")?;
    Some(lang.pick(format!("осталось {left}"), format!("{left} are left")))
}

/// `anna was added: operator in project 1`, `anna: disabled`, `changing user 7: there is no such
/// user`.
fn person(part: &str, lang: Lang) -> String {
    let Some((whom, what)) = part.split_once(": ") else {
        return membership(part, lang).unwrap_or_else(|| part.to_owned());
    };
    let about = [
        ("adding ", "добавление ", "adding "),
        ("changing user ", "изменение пользователя ", "changing user "),
        ("a new password for user ", "новый пароль пользователю ", "a new password for user "),
    ];
    let added = whom
        .strip_suffix(" was added")
        .map(|login| lang.pick(format!("добавлен {login}"), format!("{login} was added")));
    let whom = added.or_else(|| renamed(whom, &about, lang)).unwrap_or_else(|| whom.to_owned());
    let tokens = what.split(", ").map(|token| {
        let told = phrase(token, lang).or_else(|| refusal(token, lang));
        told.or_else(|| membership(token, lang)).unwrap_or_else(|| token.to_owned())
    });
    format!("{whom}: {}", tokens.collect::<Vec<_>>().join(", "))
}

/// `operator in project 1`, `was support in every project`, `nothing`
fn membership(token: &str, lang: Lang) -> Option<String> {
    if let Some(before) = token.strip_prefix("was ") {
        let before = membership(before, lang)?;
        return Some(lang.pick(format!("было: {before}"), format!("was {before}")));
    }
    if token == "nothing" {
        return Some(lang.pick("ничего", "nothing").to_owned());
    }
    let (code, place) = token.split_once(" in ")?;
    let name = role(Role::parse(code)?, lang).to_lowercase();
    if place == "every project" {
        return Some(format!("{name} {}", lang.pick("во всех проектах", "in every project")));
    }
    let project = place.strip_prefix("project ")?;
    Some(format!("{name} {} {project}", lang.pick("в проекте", "in project")))
}

/// `callback_url: https://a.example → —`
fn setting(part: &str, lang: Lang) -> Option<String> {
    let (field, change) = part.split_once(": ")?;
    if field == "added" {
        return Some(format!("{}: {change}", lang.pick("добавлен проект", "project added")));
    }
    let label = field_label(field, lang);
    let (before, after) = change.split_once(" → ")?;
    let value = |value: &str| match value {
        "true" => lang.pick("да", "yes").to_owned(),
        "false" => lang.pick("нет", "no").to_owned(),
        code => CallbackDialect::parse(code)
            .filter(|_| field == "dialect")
            .map_or_else(|| code.to_owned(), |known| dialect(known, lang).to_owned()),
    };
    Some(format!("{label}: {} → {}", value(before), value(after)))
}

/// `forward by 60000 ms`; by command `60 s forward`.
fn clock(part: &str, lang: Lang) -> Option<String> {
    let millis = part.strip_prefix("forward by ").and_then(|rest| rest.strip_suffix(" ms"));
    let by_ms = match millis {
        Some(number) => number.parse::<i64>().ok()?,
        None => part.strip_suffix(" s forward")?.parse::<i64>().ok()?.checked_mul(SECOND_MS)?,
    };
    Some(format!("{} {}", lang.pick("вперёд:", "forward by"), span(by_ms, lang)))
}

/// What somebody who may not has looked at, and where.
fn looked(part: &str, lang: Lang) -> Option<String> {
    let (what, place) = part.split_once(": ")?;
    let what = if let Some(code) = what.strip_prefix("needs ") {
        let right = right_of(code, lang)?;
        lang.pick(format!("нужно право {right}"), format!("needs {right}"))
    } else if let Some(project) = what.strip_prefix("a payment of project ") {
        let project = project.strip_suffix(", which is not his")?;
        lang.pick(
            format!("платёж чужого проекта {project}"),
            format!("a payment of project {project}, no access"),
        )
    } else {
        phrase(what, lang)?
    };
    Some(format!("{what}: {place}"))
}

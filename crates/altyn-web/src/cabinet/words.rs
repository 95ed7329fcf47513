//! What the cabinet says, in both languages: statuses, rights, roles, actions of the log, moments
//! and sums as a Russian accountant writes them.
//!
//! The words of seed 000 are used letter for letter. The compiler asks for words when the domain
//! learns something new.

mod access;
pub mod log;
mod states;
#[cfg(test)]
mod tests;

use altyn_domain::reason::Reason;
use altyn_domain::status::Status;

use super::frame::Section;
use crate::lang::Lang;

pub use crate::format::{count, exact_moment, machine_moment, moment, plural, span};
pub use crate::payment_page::words::method;
pub use access::{action, audit_result, minutes_or_seconds, right, role, role_note};
pub use states::{
    account, callback_state, dialect, kind, lower_first, operation_state, payment_state, posting,
    told, try_error,
};

/// The status's name (seed 000).
pub const fn status(status: Status, lang: Lang) -> &'static str {
    let (russian, english) = match status {
        Status::Pending => ("Ожидает оплаты", "Pending"),
        Status::Obtained => ("Получен", "Obtained"),
        Status::Canceled => ("Отменен", "Canceled"),
        Status::Success => ("Совершён", "Success"),
        Status::Failed => ("Не состоялся", "Failed"),
        Status::Stuck => ("Совершён без оповещения", "Success, not notified"),
        Status::Refunded => ("Возвращён клиенту", "Refunded"),
        Status::Refunding => ("Инициирован возврат", "Refund initiated"),
        Status::PartiallyRefunded => ("Частично возвращен клиенту", "Partially refunded"),
    };
    match lang {
        Lang::Russian => russian,
        Lang::English => english,
    }
}

/// What a status looks like: one of four colours or none, and a sign of its own beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// `success`, `waiting`, `problem`, `returned` or `quiet`.
    pub tone: &'static str,
    /// The sign, by its name in `templates/cabinet/icons.html`.
    pub sign: &'static str,
}

/// What a status looks like.
pub const fn look(status: Status) -> Look {
    let (tone, sign) = match status {
        Status::Pending => ("waiting", "waiting"),
        Status::Obtained => ("success", "obtained"),
        Status::Canceled => ("quiet", "canceled"),
        Status::Success => ("success", "success"),
        Status::Failed => ("problem", "problem"),
        Status::Stuck => ("waiting", "stuck"),
        Status::Refunded => ("returned", "returned"),
        Status::Refunding => ("returned", "refunding"),
        Status::PartiallyRefunded => ("returned", "part"),
    };
    Look { tone, sign }
}

/// Why money did not move, a sentence.
pub fn reason(reason: Reason, lang: Lang) -> &'static str {
    crate::payment_page::words::reason(reason, lang).what
}

/// A section's name.
pub fn section(section: Section, lang: Lang) -> &'static str {
    match section {
        Section::Payments => lang.pick("Платежи", "Payments"),
        Section::Deliveries => lang.pick("Оповещения", "Notifications"),
        Section::Registers => lang.pick("Реестры", "Registers"),
        Section::Users => lang.pick("Пользователи", "Users"),
        Section::Audit => lang.pick("Журнал", "Audit log"),
        Section::Projects => lang.pick("Настройки", "Settings"),
        Section::Account => lang.pick("Учётная запись", "Account"),
    }
}

/// How long a call took: `5 мс`, `0,4 с`.
pub fn duration(ms: i64, lang: Lang) -> String {
    let tenths = ms.max(0) / 100;
    if tenths == 0 {
        return format!("{} {}", ms.max(0), lang.pick("мс", "ms"));
    }
    let (whole, part) = (tenths / 10, tenths % 10);
    format!("{whole}{}{part} {}", lang.pick(',', '.'), lang.pick("с", "s"))
}

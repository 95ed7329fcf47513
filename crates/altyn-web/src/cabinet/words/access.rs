//! People: roles, rights, what the log says they did.

use altyn_app::access::audit::{Action, AuditResult};
use altyn_app::access::user::{Right, Role};
use altyn_domain::time::SECOND_MS;

use crate::format::{plural, span};
use crate::lang::Lang;

/// A role's name.
pub fn role(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Administrator => lang.pick("Администратор", "Administrator"),
        Role::Operator => lang.pick("Оператор", "Operator"),
        Role::Finance => lang.pick("Бухгалтер", "Finance"),
        Role::Support => lang.pick("Поддержка", "Support"),
    }
}

/// What a role may do, in a sentence.
pub fn role_note(role: Role, lang: Lang) -> &'static str {
    match role {
        Role::Administrator => lang
            .pick("всё, включая пользователей и настройки", "everything, users and settings too"),
        Role::Operator => lang.pick(
            "платежи, возвраты, списания, оповещения, реестры",
            "payments, refunds, captures, notifications, registers",
        ),
        Role::Finance => {
            lang.pick("просмотр и реестры, без действий", "looking and registers, no actions")
        }
        Role::Support => lang.pick(
            "просмотр, параметры запросов и оповещения, без денег",
            "looking, request parameters and notifications, no money",
        ),
    }
}

/// A right's name.
pub fn right(right: Right, lang: Lang) -> &'static str {
    match right {
        Right::View => lang.pick("Просмотр платежей", "See payments"),
        Right::Refund => lang.pick("Возврат платежей", "Refund payments"),
        Right::Capture => lang.pick("Списание средств", "Capture held money"),
        Right::Resend => lang.pick("Повторная отправка оповещений", "Send notifications again"),
        Right::Settle => lang.pick("Отметка итога операции", "State how an operation ended"),
        Right::Export => lang.pick("Загрузка реестров", "Download registers"),
        Right::SeeRequest => lang.pick("Просмотр параметров запроса", "See request parameters"),
        Right::ManageUsers => lang.pick("Управление пользователями", "Manage users"),
        Right::ManageProject => lang.pick("Управление настройками", "Manage settings"),
    }
}

/// What was done, a noun.
pub fn action(action: Action, lang: Lang) -> &'static str {
    match action {
        Action::SignIn => lang.pick("Вход", "Sign-in"),
        Action::SignOut => lang.pick("Выход", "Sign-out"),
        Action::ChangePassword => lang.pick("Смена пароля", "Password change"),
        Action::ChangeSecondFactor => lang.pick("Второй фактор", "Second factor"),
        Action::Refund => lang.pick("Возврат", "Refund"),
        Action::Capture => lang.pick("Списание средств", "Capture"),
        Action::Void => lang.pick("Снятие удержания", "Release of a hold"),
        Action::Resend => lang.pick("Отправка оповещения", "Notification sent again"),
        Action::AskProvider => lang.pick("Запрос в банк", "Question to the bank"),
        Action::Settle => lang.pick("Отметка итога", "Outcome stated"),
        Action::Export => lang.pick("Заказ реестра", "Register ordered"),
        Action::Download => lang.pick("Загрузка реестра", "Register downloaded"),
        Action::ChangeUser => lang.pick("Изменение пользователя", "User changed"),
        Action::ChangeProject => lang.pick("Изменение настроек", "Settings changed"),
        Action::RotateSecret => lang.pick("Новый секрет", "New secret"),
        Action::MoveClock => lang.pick("Перевод часов", "Clock moved"),
        Action::Look => lang.pick("Просмотр", "Look"),
    }
}

/// Whether it was done.
pub fn audit_result(result: AuditResult, lang: Lang) -> &'static str {
    match result {
        AuditResult::Done => lang.pick("выполнено", "done"),
        AuditResult::Refused => lang.pick("отказано", "refused"),
    }
}

/// How long to wait, never less than it is: seconds below two minutes, longer spans in minutes.
pub fn minutes_or_seconds(wait_ms: i64, lang: Lang) -> String {
    let seconds = wait_ms.saturating_add(SECOND_MS - 1).div_euclid(SECOND_MS).max(1);
    if seconds < 120 {
        let forms = lang.pick(["секунду", "секунды", "секунд"], ["second", "seconds", "seconds"]);
        return format!("{seconds}\u{a0}{}", plural(seconds, lang, forms));
    }
    let minutes = seconds.saturating_add(59).div_euclid(60);
    if minutes < 60 {
        let forms = lang.pick(["минуту", "минуты", "минут"], ["minute", "minutes", "minutes"]);
        return format!("{minutes}\u{a0}{}", plural(minutes, lang, forms));
    }
    span(wait_ms.saturating_add(59 * SECOND_MS), lang)
}

//! Every sentence that is kept in the log, as it is shown in both languages.

use super::*;
use altyn_app::access::audit::AuditResult;

fn entry(action: Action, detail: &str) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_millis(0),
        user: None,
        login: "command line".to_owned(),
        address: String::new(),
        project: None,
        payment: None,
        operation: None,
        action,
        result: AuditResult::Done,
        detail: detail.to_owned(),
    }
}

fn check(action: Action, stored: &str, russian: &str, english: &str) {
    let plain = |text: String| text.replace(['\u{a0}', '\u{202f}'], " ");
    let entry = entry(action, stored);
    assert_eq!(plain(detail(&entry, Lang::Russian)), russian, "{stored}");
    assert_eq!(plain(detail(&entry, Lang::English)), english, "{stored}");
}

#[test]
fn money_and_notifications() {
    for (action, stored, russian, english) in [
        (
            Action::Refund,
            "1300.50 RUB; Чай не тот; position 0 × 1.5",
            "1 300,50 ₽; Чай не тот; позиция 1 × 1.5",
            "₽1,300.50; Чай не тот; position 1 × 1.5",
        ),
        (
            Action::Refund,
            "5 JPY; position 2 of the cart is not there, or not so many of it",
            "5 JPY; позиции 3 в корзине нет или осталось меньше",
            "JPY 5; position 3 of the cart is not there, or not so many of it",
        ),
        (
            Action::Capture,
            "10.00 RUB; this needs the right capture",
            "10,00 ₽; нужно право «Списание средств»",
            "₽10.00; this needs the right “Capture held money”",
        ),
        (Action::Capture, "1,00 RUB", "1,00 RUB", "1,00 RUB"),
        (
            Action::Void,
            "the payment does not allow this now",
            "платёж сейчас этого не допускает",
            "the payment does not allow this now",
        ),
        (Action::Resend, "callbacks 7, 9", "оповещения 7, 9", "notifications 7, 9"),
        (
            Action::Resend,
            "3 callbacks, given_up, projects 1, 2, payment 5, to shop.example",
            "3 оповещения, не доставлено, проекты 1, 2, платёж 5, на shop.example",
            "3 notifications, not delivered, projects 1, 2, payment 5, to shop.example",
        ),
        (Action::Resend, "1 callbacks: 7", "1 оповещение: 7", "1 notification: 7"),
        (
            Action::Settle,
            "done; выписка за 22.11",
            "отмечен выполненным; выписка за 22.11",
            "stated as done; выписка за 22.11",
        ),
        (
            Action::Settle,
            "declined: by the statement",
            "отмечен неудавшимся: by the statement",
            "stated as failed: by the statement",
        ),
        (
            Action::Refund,
            "project 3, payment 9: no such payment for him",
            "проект 3, платёж 9: доступа нет",
            "project 3, payment 9: no access",
        ),
    ] {
        check(action, stored, russian, english);
    }
}

#[test]
fn people() {
    for (action, stored, russian, english) in [
        (
            Action::SignIn,
            "by password; the second factor is asked for",
            "по паролю; ожидается второй фактор",
            "by password; the second factor is asked for",
        ),
        (
            Action::SignIn,
            "by recovery code; 9 are left",
            "по коду восстановления; осталось 9",
            "by recovery code; 9 are left",
        ),
        (
            Action::SignOut,
            "every session of anna",
            "все сеансы пользователя anna",
            "every session of anna",
        ),
        (
            Action::ChangeUser,
            "anna was added: operator in project 1, support in every project",
            "добавлен anna: оператор в проекте 1, поддержка во всех проектах",
            "anna was added: operator in project 1, support in every project",
        ),
        (
            Action::ChangeUser,
            "anna: finance in project 1, was nothing",
            "anna: бухгалтер в проекте 1, было: ничего",
            "anna: finance in project 1, was nothing",
        ),
        (Action::ChangeUser, "anna: disabled", "anna: вход закрыт", "anna: sign-in closed"),
        (
            Action::ChangeUser,
            "changing user 7: there is no such user",
            "изменение пользователя 7: такого пользователя нет",
            "changing user 7: there is no such user",
        ),
        (
            Action::Look,
            "needs manage_users: /cabinet/users",
            "нужно право «Управление пользователями»: /cabinet/users",
            "needs the right “Manage users”: /cabinet/users",
        ),
        (
            Action::Look,
            "a payment of project 3, which is not his: /cabinet/payments/3/9",
            "платёж чужого проекта 3: /cabinet/payments/3/9",
            "a payment of project 3, no access: /cabinet/payments/3/9",
        ),
        (
            Action::Look,
            "a project that is not his: /cabinet/users?project=3",
            "чужой проект: /cabinet/users?project=3",
            "a project, no access: /cabinet/users?project=3",
        ),
    ] {
        check(action, stored, russian, english);
    }
}

#[test]
fn registers_and_projects() {
    for (action, stored, russian, english) in [
        (
            Action::Export,
            "register 5; format xls; projects 1; statuses stuck, pending; methods card; \
             from 1795345510123; at least 100; search Иванов",
            "реестр № 5; формат xls; проекты 1; статусы: Совершён без оповещения, Ожидает оплаты; \
             способы: Банковская карта; с 22.11.2026 14:05 МСК; в копейках не меньше 100; \
             поиск Иванов",
            "register 5; format xls; projects 1; statuses: Success, not notified, Pending; \
             methods: Bank card; from 22 Nov 2026, 14:05 MSK; minor units at least 100; \
             search Иванов",
        ),
        (
            Action::ChangeProject,
            "callback_url: https://a.example/?… → —; two_stage: false → true; \
             dialect: ecommpay → paykeeper",
            "Адрес для оповещений: https://a.example/?… → —; Двухэтапный режим: нет → да; \
             Формат оповещений: Подписанный JSON (ECommPay) → POST-форма с ответом OK (PayKeeper)",
            "Address for notifications: https://a.example/?… → —; Two stages: no → yes; \
             Form of notifications: Signed JSON (ECommPay) → POST form answered OK (PayKeeper)",
        ),
        (
            Action::ChangeProject,
            "notify_email is not possible; name: А → Б",
            "недопустимое значение поля «E-mail для оповещений»; Название: А → Б",
            "the value of “E-mail for notifications” is not possible; Name: А → Б",
        ),
        (Action::MoveClock, "forward by 3600000 ms", "вперёд: 1 час", "forward by 1 hour"),
        (Action::MoveClock, "60 s forward", "вперёд: 1 минута", "forward by 1 minute"),
    ] {
        check(action, stored, russian, english);
    }
}

#[test]
fn whatever_is_not_known_stays_as_it_is_kept() {
    for action in Action::ALL {
        for stored in ["", "a word of tomorrow; and one more", "→ : ; × , in "] {
            check(*action, stored, stored, stored);
        }
    }
}

#[test]
fn who_stands_for_nobody_is_said() {
    let mut entry = entry(Action::Resend, "");
    assert_eq!(who(&entry, Lang::Russian), "командная строка");
    entry.user = Some(1);
    assert_eq!(who(&entry, Lang::Russian), "command line");
}

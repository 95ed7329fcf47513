//! Whole phrases of the log: as it keeps them, in Russian, in English.

/// As stored; Russian; English.
pub const PHRASES: &[(&str, &str, &str)] = &[
    // Signing in and out.
    ("by password", "по паролю", "by password"),
    ("the second factor is asked for", "ожидается второй фактор", "the second factor is asked for"),
    ("by code", "по коду", "by code"),
    ("by recovery code", "по коду восстановления", "by recovery code"),
    ("wrong login or password", "неверный логин или пароль", "wrong login or password"),
    ("wrong code", "неверный код", "wrong code"),
    ("this session", "этот сеанс", "this session"),
    ("every session", "все сеансы", "every session"),
    ("one of his sessions", "один из своих сеансов", "one of his sessions"),
    (
        "every other session: the password was changed",
        "все другие сеансы: пароль сменён",
        "every other session: the password was changed",
    ),
    ("the old password was wrong", "прежний пароль неверен", "the old password was wrong"),
    ("chosen by himself", "выбран самим пользователем", "chosen by the user"),
    (
        "this session goes on as a new one",
        "сеанс продолжен как новый",
        "this session goes on as a new one",
    ),
    ("set up", "включён", "set up"),
    ("taken off", "снят", "taken off"),
    ("the password was wrong", "пароль неверен", "the password was wrong"),
    // Users.
    ("disabled", "вход закрыт", "sign-in closed"),
    ("enabled", "вход открыт", "sign-in opened"),
    ("the second factor was taken off", "второй фактор снят", "the second factor was taken off"),
    ("a new first password", "выдан новый первый пароль", "a new first password"),
    (
        "user demo of the demonstration",
        "пользователь demo для демонстрации",
        "user demo of the demonstration",
    ),
    (
        "this needs the right to manage users",
        "нужно право управлять пользователями",
        "this needs the right to manage users",
    ),
    ("there is no such user", "такого пользователя нет", "there is no such user"),
    ("the login is taken", "логин занят", "the login is taken"),
    ("this login is not possible", "такой логин невозможен", "this login is not possible"),
    (
        "the last administrator cannot be taken away",
        "последнего администратора убрать нельзя",
        "the last administrator cannot be taken away",
    ),
    (
        "the code or the password is wrong",
        "код или пароль неверен",
        "the code or the password is wrong",
    ),
    // Payments.
    ("there is no such payment", "такого платежа нет", "there is no such payment"),
    (
        "the payment does not allow this now",
        "платёж сейчас этого не допускает",
        "the payment does not allow this now",
    ),
    (
        "the sum must be within what is left",
        "сумма больше остатка или равна нулю",
        "the sum must be within what is left",
    ),
    (
        "only the whole sum is possible",
        "возможна только вся сумма",
        "only the whole sum is possible",
    ),
    ("a reason must be given", "не указано основание", "a reason must be given"),
    // Notifications.
    ("all", "все", "all"),
    // Registers.
    ("there is no such register", "такого реестра нет", "there is no such register"),
    (
        "too many registers are being made",
        "готовится слишком много реестров",
        "too many registers are being made",
    ),
    // Projects.
    ("there is no such project", "такого проекта нет", "there is no such project"),
    (
        "the settings changed meanwhile",
        "настройки тем временем изменились",
        "the settings changed meanwhile",
    ),
    // Looking.
    ("signature doctor", "проверка подписи", "signature check"),
    ("a notification that is not his", "оповещение чужого проекта", "a notification, no access"),
    ("a project that is not his", "чужой проект", "a project, no access"),
];

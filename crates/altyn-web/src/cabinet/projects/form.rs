//! The form of a project's settings: what it says, and the settings it asks for.

use altyn_domain::callback::CallbackDialect;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_domain::project::Project;
use altyn_domain::time::HOUR_MS;
use sha2::{Digest as _, Sha256};

use crate::cabinet::guard::Posted;
use crate::lang::Lang;

/// A field whose value is not possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The setting, as the log names it.
    pub setting: &'static str,
    /// The one input of several, where it is known: `card.fee`.
    pub input: Option<String>,
}

impl Wrong {
    /// A setting that is one input.
    pub const fn new(setting: &'static str) -> Self {
        Self { setting, input: None }
    }

    /// Whether it is told at this input.
    pub fn is_at(&self, input: &str) -> bool {
        self.input.as_deref().unwrap_or(self.setting) == input
    }
}

/// The form's fields as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The project's name.
    pub name: String,
    /// Where callbacks go.
    pub callback_url: String,
    /// How they are worded.
    pub dialect: CallbackDialect,
    /// Who is told by e-mail instead.
    pub notify_email: String,
    /// Where payers go after success.
    pub return_success: String,
    /// Where payers go after a decline.
    pub return_decline: String,
    /// Where payers go else.
    pub return_back: String,
    /// Hosts, one on a line.
    pub allowed_hosts: String,
    /// Whom a payer turns to.
    pub support: String,
    /// Hold first, capture later.
    pub two_stage: bool,
    /// Hours until a hold is captured by itself.
    pub capture_after: String,
}

impl Fields {
    /// The settings as they are.
    pub fn of(project: &Project) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            name: project.name.clone(),
            callback_url: text(&project.callback_url),
            dialect: project.dialect,
            notify_email: text(&project.notify_email),
            return_success: text(&project.return_urls.success),
            return_decline: text(&project.return_urls.decline),
            return_back: text(&project.return_urls.back),
            allowed_hosts: project.allowed_hosts.join("\n"),
            support: text(&project.support),
            two_stage: project.two_stage,
            capture_after: (project.capture_after_ms / HOUR_MS).to_string(),
        }
    }

    /// What was entered.
    pub fn read(posted: &Posted) -> Self {
        let text = |name: &str| posted.field(name).to_owned();
        Self {
            name: text("name"),
            callback_url: text("callback_url"),
            dialect: CallbackDialect::parse(posted.field("dialect")).unwrap_or_default(),
            notify_email: text("notify_email"),
            return_success: text("return_success"),
            return_decline: text("return_decline"),
            return_back: text("return_back"),
            allowed_hosts: text("allowed_hosts"),
            support: text("support"),
            two_stage: posted.field("two_stage") == "1",
            capture_after: text("capture_after"),
        }
    }

    /// The settings that are asked for; the first field that cannot be read.
    pub fn apply(&self, before: &Project, posted: &Posted) -> Result<Project, Wrong> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let mut after = before.clone();
        after.name.clone_from(&self.name);
        after.callback_url = text(&self.callback_url);
        after.dialect = self.dialect;
        after.notify_email = text(&self.notify_email);
        after.return_urls.success = text(&self.return_success);
        after.return_urls.decline = text(&self.return_decline);
        after.return_urls.back = text(&self.return_back);
        after.allowed_hosts =
            self.allowed_hosts.split_whitespace().map(str::to_lowercase).collect();
        after.support = text(&self.support);
        after.two_stage = self.two_stage;
        let hours = self.capture_after.parse::<i64>().ok().and_then(|h| h.checked_mul(HOUR_MS));
        // Hours of a finer setting are shown rounded: unchanged, they keep it.
        if self.capture_after != Self::of(before).capture_after {
            after.capture_after_ms = hours.ok_or(Wrong::new("capture_after"))?;
        }
        after.methods = methods(before, posted)?;
        Ok(after)
    }
}

/// The methods in the order they have, those that are new after them.
fn methods(before: &Project, posted: &Posted) -> Result<Vec<MethodSetting>, Wrong> {
    let mut asked = Vec::new();
    let wrong = |method: Method, what: &str| Wrong {
        setting: "methods",
        input: Some(format!("{}.{what}", method.code())),
    };
    let own = before.methods.iter().map(|setting| setting.method);
    let others = Method::ALL.iter().copied().filter(|method| before.method(*method).is_none());
    for method in own.chain(others) {
        let field = |what: &str| posted.field(&format!("{}.{what}", method.code())).to_owned();
        if field("on") != "1" {
            continue;
        }
        let old = before.method(method);
        let account = Some(field("account")).filter(|account| !account.is_empty());
        let account = account.or_else(|| old.map(|old| old.account.clone()));
        let account = account.ok_or_else(|| wrong(method, "account"))?;
        let fee = match (field("fee").as_str(), old) {
            ("", Some(old)) => old.fee,
            (text, _) => {
                let fee = text.parse().ok().and_then(BasisPoints::new);
                fee.ok_or_else(|| wrong(method, "fee"))?
            }
        };
        let instruction = field("instruction") == "1";
        let scenario = if instruction { Scenario::Instruction } else { Scenario::Redirect };
        asked.push(MethodSetting { method, account, scenario, fee });
    }
    Ok(asked)
}

/// Tells two states of the settings apart; not the clock, which anybody may move meanwhile.
pub fn digest(project: &Project) -> String {
    let still = Project { clock_offset_ms: 0, ..project.clone() };
    let hash = Sha256::digest(format!("{still:?}"));
    data_encoding::HEXLOWER.encode(&hash)
}

/// The inputs that can be told what is wrong with them.
pub const INPUTS: &[&str] = &[
    "name",
    "support",
    "callback_url",
    "notify_email",
    "return_success",
    "return_decline",
    "return_back",
    "allowed_hosts",
    "capture_after",
    "methods",
];

/// A field's label.
pub fn label(field: &str, lang: Lang) -> &'static str {
    match field {
        "name" => lang.pick("Название", "Name"),
        "test" => lang.pick("Тестовый проект", "Test project"),
        "dialect" => lang.pick("Формат оповещений", "Form of notifications"),
        "callback_url" => lang.pick("Адрес для оповещений", "Address for notifications"),
        "notify_email" => lang.pick("E-mail для оповещений", "E-mail for notifications"),
        "return_success" => lang.pick("Возврат после оплаты", "Return after payment"),
        "return_decline" => lang.pick("Возврат после отказа", "Return after a decline"),
        "return_back" => lang.pick("Возврат в магазин", "Return to the shop"),
        "methods" => lang.pick("Способы оплаты", "Methods"),
        "allowed_hosts" => lang.pick("Разрешённые сайты", "Allowed hosts"),
        "support" => lang.pick("Контакт поддержки", "Support contact"),
        "two_stage" => lang.pick("Двухэтапный режим", "Two stages"),
        "capture_after" => lang.pick("Автоматическое списание", "Automatic capture"),
        "retry_plan" => lang.pick("Повторы оповещений", "Tries of notifications"),
        "clock" => lang.pick("Часы проекта", "The project’s clock"),
        _ => lang.pick("Настройки", "Settings"),
    }
}

/// What a field takes.
pub fn advice(field: &str, lang: Lang) -> &'static str {
    match field {
        "name" => lang.pick("Нужно от 1 до 200 знаков.", "This needs 1 to 200 characters."),
        "callback_url" | "return_success" | "return_decline" | "return_back" => lang.pick(
            "Нужен полный адрес, например https://shop.example/callback, без логина и пароля.",
            "A full address is needed, such as https://shop.example/callback, without a login.",
        ),
        "notify_email" => lang.pick(
            "Нужен один адрес, например buh@shop.example.",
            "One address is needed, such as books@shop.example.",
        ),
        "methods" => lang.pick(
            "У каждого включённого способа нужны счёт, который умеет его принимать, и комиссия — целое число от 0 до 10000.",
            "Each enabled method needs an account that carries it and a fee, a whole number from 0 to 10000.",
        ),
        "allowed_hosts" => lang.pick(
            "По одному имени на строке, например shop.example.",
            "One name on a line, such as shop.example.",
        ),
        "support" => lang.pick("Нужен текст не длиннее 500 знаков.", "This takes at most 500 characters."),
        "capture_after" => lang.pick("Нужно целое число часов от 1 до 144.", "This needs a whole number of hours from 1 to 144."),
        _ => lang.pick("Это значение невозможно.", "This value is not possible."),
    }
}

//! What changed between two settings of a project, for the log.

use altyn_domain::callback::RetryPlan;
use altyn_domain::method::{MethodSetting, Scenario};
use altyn_domain::project::Project;
use altyn_domain::time::{HOUR_MS, SECOND_MS};

/// The longest value that is shown, characters.
const VALUE_MAX_CHARS: usize = 200;

/// Each field that differs, with its old and its new value; empty when none does.
pub fn changes(before: &Project, after: &Project) -> String {
    let (old, new) = (fields(before), fields(after));
    let differs = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
    let told: Vec<String> = differs
        .map(|((name, old), (_, new))| format!("{name}: {} → {}", shown(&old), shown(&new)))
        .collect();
    told.join("; ")
}

/// Every setting that a person can change.
fn fields(project: &Project) -> [(&'static str, String); 14] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let methods: Vec<String> = project.methods.iter().map(method).collect();
    [
        ("name", project.name.clone()),
        ("test", project.test.to_string()),
        ("callback_url", text(&project.callback_url)),
        ("dialect", project.dialect.as_str().to_owned()),
        ("notify_email", text(&project.notify_email)),
        ("return_success", text(&project.return_urls.success)),
        ("return_decline", text(&project.return_urls.decline)),
        ("return_back", text(&project.return_urls.back)),
        ("methods", methods.join(", ")),
        ("allowed_hosts", project.allowed_hosts.join(", ")),
        ("support", text(&project.support)),
        ("two_stage", project.two_stage.to_string()),
        ("capture_after", format!("{} h", project.capture_after_ms / HOUR_MS)),
        ("retry_plan", plan(&project.retry_plan)),
    ]
}

fn method(setting: &MethodSetting) -> String {
    let scenario = match setting.scenario {
        Scenario::Redirect => "redirect",
        Scenario::Instruction => "instruction",
    };
    let (code, account, fee) = (setting.method.code(), &setting.account, setting.fee.get());
    format!("{code}={account}:{scenario}:{fee}")
}

fn plan(plan: &RetryPlan) -> String {
    match plan {
        RetryPlan::Documented => "documented".to_owned(),
        RetryPlan::Pauses(pauses) => {
            let seconds: Vec<String> =
                pauses.iter().map(|pause| (pause / SECOND_MS).to_string()).collect();
            format!("{} s", seconds.join(", "))
        }
    }
}

/// The query of an address may carry a merchant's own secret.
fn shown(value: &str) -> String {
    let (plain, query) = match value.split_once('?') {
        Some((plain, _)) if plain.contains("://") => (plain, "?…"),
        Some(_) | None => (value, ""),
    };
    let cut: String = plain.chars().take(VALUE_MAX_CHARS).collect();
    if cut.is_empty() { "—".to_owned() } else { format!("{cut}{query}") }
}

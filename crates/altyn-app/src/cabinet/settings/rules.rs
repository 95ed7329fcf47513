//! What a setting may be.
//!
//! Only what changes is judged: a setting that an operator of the platform made by command, beyond
//! these limits, does not stand in the way of another one.

use std::collections::HashMap;
use std::sync::Arc;

use altyn_domain::callback::RetryPlan;
use altyn_domain::method::MethodSetting;
use altyn_domain::project::{CAPTURE_AFTER_MS, Project};
use altyn_domain::time::{DAY_MS, HOUR_MS};
use url::{Host, Url};

use crate::ports::Provider;

/// The longest name, characters.
const NAME_MAX_CHARS: usize = 200;
/// The longest address on the web, bytes.
const URL_MAX_BYTES: usize = 2_048;
/// The longest e-mail address (RFC 5321), bytes.
const EMAIL_MAX_BYTES: usize = 254;
/// The longest word about whom a payer turns to, characters.
const SUPPORT_MAX_CHARS: usize = 500;
/// Hosts that a project may name.
const HOSTS_MAX: usize = 50;
/// Tries of a callback that a project may ask for.
const PAUSES_MAX: usize = 200;
/// The longest pause between two of them, milliseconds.
const PAUSE_MAX_MS: i64 = 7 * DAY_MS;

/// Whether only the platform's own people may change this: who carries a method and for what fee,
/// and whether money is real. A method may be dropped, or its scenario chosen, by anybody who may
/// change the project.
pub(super) fn is_for_platform(before: &Project, after: &Project) -> bool {
    let known = |setting: &MethodSetting| {
        before
            .method(setting.method)
            .is_some_and(|own| own.account == setting.account && own.fee == setting.fee)
    };
    before.test != after.test || !after.methods.iter().all(known)
}

/// The first setting that is not possible, by name.
pub(super) fn judge(
    before: &Project,
    after: &Project,
    providers: &HashMap<String, Arc<dyn Provider>>,
) -> Result<(), &'static str> {
    let (old, new) = (&before.return_urls, &after.return_urls);
    let url = |url: &Option<String>| url.as_deref().is_none_or(is_web_address);
    let email = |email: &Option<String>| email.as_deref().is_none_or(is_email);
    let support =
        |text: &Option<String>| text.as_deref().is_none_or(|text| is_line(text, SUPPORT_MAX_CHARS));
    for (name, same, possible) in [
        ("id", before.id == after.id, false),
        ("clock", before.clock_offset_ms == after.clock_offset_ms, false),
        ("name", before.name == after.name, is_line(&after.name, NAME_MAX_CHARS)),
        ("callback_url", before.callback_url == after.callback_url, url(&after.callback_url)),
        ("notify_email", before.notify_email == after.notify_email, email(&after.notify_email)),
        ("return_success", old.success == new.success, url(&new.success)),
        ("return_decline", old.decline == new.decline, url(&new.decline)),
        ("return_back", old.back == new.back, url(&new.back)),
        ("methods", before.methods == after.methods, are_methods(&after.methods, providers)),
        (
            "allowed_hosts",
            before.allowed_hosts == after.allowed_hosts,
            are_hosts(&after.allowed_hosts),
        ),
        ("support", before.support == after.support, support(&after.support)),
        (
            "capture_after",
            before.capture_after_ms == after.capture_after_ms,
            (HOUR_MS..=CAPTURE_AFTER_MS).contains(&after.capture_after_ms),
        ),
        ("retry_plan", before.retry_plan == after.retry_plan, is_plan(&after.retry_plan)),
    ] {
        if !same && !possible {
            return Err(name);
        }
    }
    Ok(())
}

/// A text of one line, with something in it.
fn is_line(text: &str, most: usize) -> bool {
    let long = text.chars().count() <= most;
    long && !text.trim().is_empty() && !text.chars().any(char::is_control)
}

/// Whether the network behind it may be reached is judged when something is sent there.
fn is_web_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    let possible = |url: Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    plain && text.len() <= URL_MAX_BYTES && Url::parse(text).is_ok_and(possible)
}

/// Plausible: only a message that arrives proves an address.
fn is_email(text: &str) -> bool {
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"@".contains(c);
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let local_fits = (1..=64).contains(&local.len()) && local.chars().all(plain);
    let labels = domain.split('.').all(|label| !label.is_empty() && label.chars().all(plain));
    text.len() <= EMAIL_MAX_BYTES && local_fits && labels && domain.contains('.')
}

fn are_hosts(hosts: &[String]) -> bool {
    let possible = |host: &String| host.len() <= 253 && Host::parse(host).is_ok();
    hosts.len() <= HOSTS_MAX && hosts.iter().all(possible)
}

/// Each method once, carried by an account that can.
fn are_methods(methods: &[MethodSetting], providers: &HashMap<String, Arc<dyn Provider>>) -> bool {
    let possible = |(turn, setting): (usize, &MethodSetting)| {
        let once = methods.iter().take(turn).all(|other| other.method != setting.method);
        let carried = providers
            .get(&setting.account)
            .is_some_and(|account| account.capabilities().methods.contains(&setting.method));
        once && carried && setting.method.rules().scenarios.contains(&setting.scenario)
    };
    methods.iter().enumerate().all(possible)
}

fn is_plan(plan: &RetryPlan) -> bool {
    match plan {
        RetryPlan::Documented => true,
        RetryPlan::Pauses(pauses) => {
            let possible = |pause: &i64| (0..=PAUSE_MAX_MS).contains(pause);
            pauses.len() <= PAUSES_MAX && pauses.iter().all(possible)
        }
    }
}

//! Where the payer goes back to, and who may show the page inside another (ecommpay.md §2.4,
//! ruling 31).
//!
//! Guaranteed for every address out of a link: `https`, without a name and password in it, and on
//! an allowed host when the project lists hosts. Plain `http` is for a developer's own machine, in
//! test projects only. The project's own addresses were set by an operator and are taken as they
//! are.
//!
//! The flags say whether a way is shown: 0 hides it. A 1 («only in a tab of its own») is read as 2
//! («always»), and the modes («where it opens») are checked and make no difference: out of a frame
//! a way back always opens in the whole window, where the shop's page is.

use altyn_domain::payment::ReturnUrls;
use altyn_domain::project::Project;
use url::{Host, Url};

use crate::api::ecommpay::read::fields::{
    RETURN_URL_MAX_CHARS, invalid, optional_text, web_address,
};
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::Node;

/// One way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnWay {
    /// The address.
    pub url: String,
    /// The payer is taken there, instead of being shown a button.
    pub automatic: bool,
    /// False when the shop has switched it off.
    pub shown: bool,
}

/// The ways back from the page.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Returns {
    /// After success.
    pub success: Option<ReturnWay>,
    /// After a failure.
    pub fail: Option<ReturnWay>,
    /// Before paying.
    pub back: Option<ReturnWay>,
}

impl Returns {
    /// The ways that a link names; the project's own when it names none.
    pub(super) fn read(signed: &Node<'_>, project: &Project) -> Result<Self, Refusal> {
        let asked = Ask { signed, project };
        let one = |automatic, button| -> Result<Option<ReturnWay>, Refusal> {
            let automatic = asked.way(automatic)?.filter(|way| way.shown);
            // Read even when it is not used: a wrong address is told before it is needed.
            let button = asked.way(button)?;
            Ok(automatic.or(button))
        };
        let named = Self {
            success: one(&REDIRECT_SUCCESS, &MERCHANT_SUCCESS)?,
            fail: one(&REDIRECT_FAIL, &MERCHANT_FAIL)?,
            back: asked.way(&MERCHANT_RETURN)?,
        };
        Ok(if named == Self::default() { Self::of(&project.return_urls) } else { named })
    }

    /// The addresses that a payer may come to.
    pub fn urls(&self) -> ReturnUrls {
        let url = |way: &Option<ReturnWay>| {
            way.as_ref().filter(|way| way.shown).map(|way| way.url.clone())
        };
        ReturnUrls { success: url(&self.success), decline: url(&self.fail), back: url(&self.back) }
    }

    fn of(own: &ReturnUrls) -> Self {
        let way = |url: &Option<String>| {
            let url = url.clone()?;
            Some(ReturnWay { url, automatic: false, shown: true })
        };
        Self { success: way(&own.success), fail: way(&own.decline), back: way(&own.back) }
    }
}

/// The parameters of one way.
struct Names {
    url: &'static str,
    enabled: &'static str,
    mode: &'static str,
    automatic: bool,
}

const REDIRECT_SUCCESS: Names = Names {
    url: "redirect_success_url",
    enabled: "redirect_success_enabled",
    mode: "redirect_success_mode",
    automatic: true,
};
const REDIRECT_FAIL: Names = Names {
    url: "redirect_fail_url",
    enabled: "redirect_fail_enabled",
    mode: "redirect_fail_mode",
    automatic: true,
};
const MERCHANT_SUCCESS: Names = Names {
    url: "merchant_success_url",
    enabled: "merchant_success_enabled",
    mode: "merchant_success_redirect_mode",
    automatic: false,
};
const MERCHANT_FAIL: Names = Names {
    url: "merchant_fail_url",
    enabled: "merchant_fail_enabled",
    mode: "merchant_fail_redirect_mode",
    automatic: false,
};
const MERCHANT_RETURN: Names = Names {
    url: "merchant_return_url",
    enabled: "merchant_return_enabled",
    mode: "merchant_return_redirect_mode",
    automatic: false,
};

struct Ask<'a> {
    signed: &'a Node<'a>,
    project: &'a Project,
}

impl Ask<'_> {
    fn way(&self, names: &Names) -> Result<Option<ReturnWay>, Refusal> {
        let shown = self.shown(names.enabled)?;
        self.check_mode(names.mode)?;
        let Some(url) = web_address(self.signed, &[names.url], RETURN_URL_MAX_CHARS)? else {
            return Ok(None);
        };
        if let Some(rule) = broken_rule(&url, self.project) {
            return Err(invalid(&[names.url], rule));
        }
        Ok(Some(ReturnWay { url, automatic: names.automatic, shown }))
    }

    fn shown(&self, name: &'static str) -> Result<bool, Refusal> {
        match optional_text(self.signed, &[name])?.as_deref() {
            Some("0" | "false" | "False") => Ok(false),
            // Whoever names an address and nothing else wants it used.
            None | Some("1" | "true" | "True" | "2") => Ok(true),
            Some(_) => Err(invalid(&[name], "must be 0, 1 or 2")),
        }
    }

    fn check_mode(&self, name: &'static str) -> Result<(), Refusal> {
        match optional_text(self.signed, &[name])?.as_deref() {
            None | Some("iframe" | "parent_page" | "blank_page") => Ok(()),
            Some(_) => Err(invalid(&[name], "must be iframe, parent_page or blank_page")),
        }
    }
}

/// Why a payer may not be sent to this address, if so.
fn broken_rule(url: &str, project: &Project) -> Option<&'static str> {
    let parsed = Url::parse(url).ok();
    let Some((url, host)) = parsed.as_ref().and_then(|url| Some((url, url.host()?.to_owned())))
    else {
        return Some("must be an address with a host");
    };
    let own_machine = project.test && is_loopback(&host);
    if url.scheme() != "https" && !own_machine {
        return Some("must be an https address");
    }
    let listed = |allowed: &String| parsed_host(allowed).is_some_and(|allowed| allowed == host);
    if !project.allowed_hosts.is_empty() && !project.allowed_hosts.iter().any(listed) {
        return Some("must be on a host that the project allows");
    }
    None
}

fn parsed_host(text: &str) -> Option<Host> {
    // As the parser of addresses reads it, so that case and spelling do not matter.
    Url::parse(&format!("https://{text}/")).ok()?.host().map(|host| host.to_owned())
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The `frame-ancestors` directive of the page's Content-Security-Policy: the allowed hosts, or any
/// site over `https`; a developer's own machine as well in test projects.
pub fn frame_ancestors(project: &Project) -> String {
    let mut directive = "frame-ancestors 'self'".to_owned();
    if project.allowed_hosts.is_empty() {
        directive.push_str(" https:");
        if project.test {
            directive.push_str(" http://localhost:* http://127.0.0.1:*");
        }
        return directive;
    }
    for host in project.allowed_hosts.iter().filter_map(|text| parsed_host(text)) {
        directive.push_str(&format!(" https://{host}:*"));
        if project.test && is_loopback(&host) {
            directive.push_str(&format!(" http://{host}:*"));
        }
    }
    directive
}

#[cfg(test)]
mod tests {
    use altyn_testkit::build;

    use super::*;

    fn project(test: bool, hosts: &[&str]) -> Project {
        let allowed_hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Project { test, allowed_hosts, ..build::project(1).project }
    }

    #[test]
    fn payers_are_sent_to_allowed_hosts_only() {
        let https = "must be an https address";
        let listed = "must be on a host that the project allows";
        for (test, hosts, url, expected) in [
            (false, &[][..], "https://any.example/x", None),
            (false, &[], "http://any.example/", Some(https)),
            (false, &[], "http://localhost/", Some(https)),
            (true, &[], "http://localhost:3000/", None),
            (true, &[], "http://127.0.0.1:3000/", None),
            (true, &[], "http://[::1]:3000/", None),
            (true, &[], "http://10.0.0.1/", Some(https)),
            (true, &[], "http://localhost.evil.example/", Some(https)),
            (false, &["shop.example"], "https://SHOP.example:8443/ok", None),
            (false, &["Shop.Example"], "https://shop.example/", None),
            (false, &["магазин.рф"], "https://xn--80aairftm.xn--p1ai/", None),
            (false, &["shop.example"], "https://evil.example/", Some(listed)),
            (false, &["shop.example"], "https://shop.example.evil.example/", Some(listed)),
            (false, &["shop.example"], "https://evilshop.example/", Some(listed)),
            (false, &["shop.example"], "https://evil.example\\@shop.example/", Some(listed)),
            (true, &["shop.example"], "http://localhost/", Some(listed)),
            (true, &["localhost"], "http://localhost/", None),
        ] {
            assert_eq!(broken_rule(url, &project(test, hosts)), expected, "{url} {hosts:?}");
        }
    }

    #[test]
    fn frames_are_for_the_same_hosts() {
        for (test, hosts, expected) in [
            (false, &[][..], "frame-ancestors 'self' https:"),
            (true, &[], "frame-ancestors 'self' https: http://localhost:* http://127.0.0.1:*"),
            (
                false,
                &["shop.example", "магазин.рф"],
                "frame-ancestors 'self' https://shop.example:* https://xn--80aairftm.xn--p1ai:*",
            ),
            (true, &["localhost"], "frame-ancestors 'self' https://localhost:* http://localhost:*"),
            (true, &["a; script-src *", "b' c"], "frame-ancestors 'self'"),
        ] {
            assert_eq!(frame_ancestors(&project(test, hosts)), expected, "{hosts:?}");
        }
    }
}

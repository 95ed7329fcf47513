//! The emulated providers, served from a thread of the test, and their control interface.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use altyn_sandbox::{Config, IpayVendor, RbsMerchant, Sandbox};
use altyn_testkit::harness::http::{self, Answer};
use altyn_testkit::harness::{Callback, accounts};
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    /// The gateway with the Alfa-Click bank behind it.
    Rbs,
    /// The card partner.
    Ipay,
}

impl Provider {
    fn name(self) -> &'static str {
        match self {
            Self::Rbs => "rbs",
            Self::Ipay => "ipay",
        }
    }
}

/// An address taken, not served yet: a node is configured with it before the partner can be told
/// where the node is.
pub struct Bound(TcpListener);

impl Bound {
    /// The base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// Begins to serve; outcomes of asynchronous refunds go to `refund_notify_url`.
    pub fn serve(self, refund_notify_url: &str) -> Emulators {
        let config = config(&self.url(), refund_notify_url);
        self.serve_as(config)
    }

    /// The same, with their memory in a file.
    pub fn serve_keeping(self, refund_notify_url: &str, state_file: PathBuf) -> Emulators {
        let config = config(&self.url(), refund_notify_url);
        self.serve_as(Config { state_file: Some(state_file), ..config })
    }

    /// Begins to serve the gateway only, whose payers press by themselves.
    pub fn serve_pressing(self) -> Emulators {
        let config = Config { auto_press: true, ..config(&self.url(), &self.url()) };
        self.serve_as(config)
    }

    fn serve_as(self, config: Config) -> Emulators {
        let (url, served) = (self.url(), config.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        self.0.set_nonblocking(true).unwrap();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let sandbox = Sandbox::new(served, Arc::new(now_ms)).unwrap();
                let listener = tokio::net::TcpListener::from_std(self.0).unwrap();
                let asked = async {
                    let _ = stopped.await;
                };
                sandbox.run(listener, asked).await.unwrap();
            });
        });
        Emulators { url, config, stop: Some(stop), thread: Some(thread) }
    }
}

#[expect(clippy::disallowed_methods, reason = "the emulator's clock, like the node's")]
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

fn config(url: &str, refund_notify_url: &str) -> Config {
    Config {
        public_url: url.to_owned(),
        rbs_merchants: vec![RbsMerchant {
            name: "altyn".to_owned(),
            user_name: accounts::RBS_USER.to_owned(),
            password: accounts::RBS_PASSWORD.to_owned(),
            token: None,
            callback_key: accounts::RBS_CALLBACK_KEY.to_owned(),
            callback_url: None,
        }],
        ipay_vendors: vec![IpayVendor {
            vid: accounts::IPAY_VID.to_owned(),
            key: accounts::IPAY_KEY.to_owned(),
            refund_notify_url: Some(refund_notify_url.to_owned()),
        }],
        auto_press: false,
        state_file: None,
    }
}

/// Both emulators; they end when this is dropped.
pub struct Emulators {
    url: String,
    config: Config,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Emulators {
    /// Takes an address.
    pub fn bind() -> Bound {
        Bound(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Nobody listens any more.
    pub fn go_down(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// Listens again at the same address, with no memory of what was before.
    pub fn come_back(&mut self) {
        let (authority, _) = http::split(&self.url);
        let bound = Bound(TcpListener::bind(authority).unwrap());
        let config = self.config.clone();
        *self = bound.serve_as(config);
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn control(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() { Vec::new() } else { serde_json::to_vec(body).unwrap() };
        http::request(method, &self.url(path), &[], &bytes).unwrap()
    }

    fn ask(&self, path: &str) -> Value {
        self.control("GET", path, &Value::Null).json()
    }

    fn tell(&self, path: &str, body: &Value) -> Value {
        let answer = self.control("POST", path, body);
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.text());
        answer.json()
    }

    /// All orders, as the register shows them.
    pub fn orders(&self, provider: Provider) -> Vec<Value> {
        let list = self.ask(&format!("/sandbox/{}/orders", provider.name()));
        list.as_array().unwrap().clone()
    }

    /// The one order with this number of ours or id of theirs.
    pub fn order(&self, provider: Provider, id: &str) -> Value {
        let orders = self.orders(provider);
        let named = |order: &&Value| order["order_id"] == id || order["order_number"] == id;
        orders.iter().find(named).unwrap_or_else(|| panic!("no order {id} in {orders:?}")).clone()
    }

    /// The payer presses: `pay` (success or decline by the amount) or `cancel`.
    pub fn press(&self, provider: Provider, id: &str, action: &str) {
        let number = self.order(provider, id)["order_number"].clone();
        let body = json!({"provider": provider.name(), "order": number, "action": action});
        assert_eq!(self.tell("/sandbox/press", &body)["changed"], true, "{body}");
    }

    /// Sends the payer's browser to the partner with the form of a redirect callback; gives the
    /// number of the order that this makes.
    pub fn open_form(&self, redirect: &Callback) -> String {
        let data = &redirect.body["redirect_data"];
        assert_eq!(data["method"], "POST", "{data}");
        let fields: Vec<(&str, &str)> = data["body"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
            .collect();
        let page = http::post_form(data["url"].as_str().unwrap(), &fields).unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        let number = data["body"]["oid"].as_str().unwrap();
        // A form that is refused shows a page as well, but makes no order.
        self.order(Provider::Ipay, number);
        number.to_owned()
    }

    /// Makes something go wrong, once: `{"kind": …, "method": …, "count": …, "delay_ms": …}`.
    pub fn fault(&self, fault: &Value) {
        self.tell("/sandbox/faults", fault);
    }

    /// Takes back every fault that has not been met.
    pub fn clear_faults(&self) {
        let answer = self.control("DELETE", "/sandbox/faults", &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Whether every fault that was set has been met.
    pub fn faults_are_used_up(&self) -> bool {
        self.ask("/sandbox/faults")["faults"].as_array().unwrap().is_empty()
    }

    /// Moves the emulators' clock forward; what runs out is told.
    pub fn advance_minutes(&self, minutes: u32) {
        self.tell("/sandbox/clock", &json!({"advance_ms": minutes * 60_000}));
    }

    /// Lets held notifications and asynchronous refunds go.
    pub fn release(&self) -> Value {
        self.tell("/sandbox/release", &Value::Null)
    }

    /// Sums by provider and currency.
    pub fn totals(&self) -> Value {
        self.ask("/sandbox/totals")
    }

    /// The last requests, newest first.
    pub fn requests(&self) -> Vec<Value> {
        self.ask("/sandbox/requests?limit=500").as_array().unwrap().clone()
    }

    /// What payers gave and did not get back, by currency, without what is zero.
    pub fn net(&self) -> BTreeMap<String, i64> {
        let mut net = BTreeMap::new();
        for provider in self.totals().as_object().unwrap().values() {
            for (currency, sums) in provider.as_object().unwrap() {
                *net.entry(currency.clone()).or_default() += sums["net_minor"].as_i64().unwrap();
            }
        }
        net.retain(|_, sum: &mut i64| *sum != 0);
        net
    }

    /// Money was taken once for each order that was paid.
    pub fn nobody_was_charged_twice(&self) {
        let totals = self.totals();
        for provider in totals.as_object().unwrap().values() {
            for (currency, sums) in provider.as_object().unwrap() {
                assert_eq!(sums["charges"], sums["paid"], "{currency}: {totals}");
            }
        }
    }
}

impl Drop for Emulators {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was printed; another one here would hide the test's own.
            let _ = thread.join();
        }
    }
}

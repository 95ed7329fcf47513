//! A running sandbox with a clock in the test's hand, a receiver of notifications beside it, and
//! a plain HTTP client.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use altyn_sandbox::{Config, IpayVendor, RbsMerchant, Sandbox};
use axum::body::Bytes;
use axum::http::{Request, StatusCode, Uri};
use data_encoding::{HEXLOWER, HEXUPPER};
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::net::TcpListener;

/// 22 November 2026, 14:05 in Moscow.
pub(crate) const START: i64 = 1_795_345_500_000;
pub(crate) const CALLBACK_KEY: &str = "test-key";
pub(crate) const IPAY_KEY: &str = "demoCHANGED";

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Path and parameters of a notification.
type Received = (String, Vec<(String, String)>);

/// Notifications that came, and what to answer to the next ones (200 when nothing is written).
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) address: String,
    pub(crate) got: Arc<Mutex<Vec<Received>>>,
    pub(crate) answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let receiver = Self { address, ..Self::default() };
        let inside = receiver.clone();
        let app = axum::Router::new().fallback(move |uri: Uri| {
            let inside = inside.clone();
            async move {
                let query = uri.query().unwrap_or_default().as_bytes();
                let pairs = url::form_urlencoded::parse(query).into_owned().collect();
                inside.got.lock().unwrap().push((uri.path().to_owned(), pairs));
                let status = inside.answers.lock().unwrap().pop_front().unwrap_or(200);
                StatusCode::from_u16(status).unwrap()
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        receiver
    }

    pub(crate) fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }

    /// Waits until so many came, then gives them.
    pub(crate) async fn wait(&self, n: usize) -> Vec<BTreeMap<String, String>> {
        for _ in 0..200 {
            if self.count() >= n {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let got = self.got.lock().unwrap();
        assert_eq!(got.len(), n, "{got:?}");
        got.iter().map(|(_, pairs)| pairs.iter().cloned().collect()).collect()
    }

    /// Gives the sandbox time to send what it should not, then says that nothing came.
    pub(crate) async fn stays_at(&self, n: usize) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(self.count(), n);
    }
}

/// A sandbox that runs until the test ends.
pub(crate) struct World {
    pub(crate) base: String,
    pub(crate) receiver: Receiver,
    pub(crate) stop: Option<tokio::sync::oneshot::Sender<()>>,
    pub(crate) running: tokio::task::JoinHandle<std::io::Result<()>>,
    client: Client<hyper_util::client::legacy::connect::HttpConnector, Full<Bytes>>,
}

pub(crate) fn config(receiver: &Receiver) -> Config {
    let merchant = |name: &str, user: &str| RbsMerchant {
        name: name.to_owned(),
        user_name: user.to_owned(),
        password: "pass".to_owned(),
        token: Some(format!("{name}-token")),
        callback_key: CALLBACK_KEY.to_owned(),
        callback_url: Some(format!("{}/rbs", receiver.address)),
    };
    Config {
        public_url: "http://unset".to_owned(),
        rbs_merchants: vec![merchant("shop", "shop-api"), merchant("other", "other-api")],
        ipay_vendors: vec![
            IpayVendor {
                vid: "demo".to_owned(),
                key: IPAY_KEY.to_owned(),
                refund_notify_url: Some(format!("{}/ipay-refund", receiver.address)),
            },
            IpayVendor {
                vid: "second".to_owned(),
                key: "s3cr3t".to_owned(),
                refund_notify_url: None,
            },
        ],
        auto_press: false,
        state_file: None,
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let receiver = Receiver::start().await;
        let mut config = config(&receiver);
        change(&mut config);
        let sandbox = Sandbox::new(config, Arc::new(|| START)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        sandbox.set_public_url(base.clone());
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(sandbox.run(listener, async move {
            let _ = stopped.await;
        }));
        let client =
            Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http();
        Self { base, receiver, stop: Some(stop), running, client }
    }

    /// The same receiver and client, asking another address.
    pub(crate) fn at(self, base: String) -> Self {
        Self { base, ..self }
    }

    /// One exchange; an error when the connection ended without an answer.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        language: &str,
    ) -> Result<Answer, String> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("accept-language", language)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        let response = self.client.request(request).await.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned()))
            .collect();
        let bytes = response.into_body().collect().await.map_err(|e| e.to_string())?.to_bytes();
        Ok(Answer { status, headers, body: String::from_utf8(bytes.to_vec()).unwrap() })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "ru").await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, body, "ru").await.unwrap()
    }

    /// A method of the gateway with the shop's credentials.
    pub(crate) async fn rbs(&self, method: &str, fields: &str) -> Value {
        let body = format!("userName=shop-api&password=pass&{fields}");
        self.post(&format!("/payment/rest/{method}"), &body).await.json()
    }

    /// Registers an order; its `orderId`.
    pub(crate) async fn register(&self, number: &str, amount: u64) -> String {
        let fields = format!(
            "orderNumber={number}&amount={amount}&returnUrl=https%3A%2F%2Fshop.example%2Fback%3Fa%3D1\
             &sessionTimeoutSecs=1860"
        );
        let reply = self.rbs("register.do", &fields).await;
        reply["orderId"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    }

    /// Registers an order and hands it over by redirect.
    pub(crate) async fn handed(&self, number: &str, amount: u64) -> String {
        let id = self.register(number, amount).await;
        let reply = self.hand_over(&id).await;
        assert_eq!(reply["errorCode"], 0, "{reply}");
        id
    }

    pub(crate) async fn hand_over(&self, id: &str) -> Value {
        self.rbs("paymentotherway.do", &format!("MDORDER={id}&paymentWay=ALFA_ALFACLICK")).await
    }

    /// Registers, hands over and pays; the notification of it is taken away.
    pub(crate) async fn paid(&self, number: &str, amount: u64) -> String {
        let id = self.handed(number, amount).await;
        let before = self.receiver.count();
        self.press("rbs", number, "pay").await;
        self.receiver.wait(before + 1).await;
        self.receiver.got.lock().unwrap().clear();
        id
    }

    pub(crate) async fn status(&self, id: &str) -> Value {
        self.rbs("getOrderStatusExtended.do", &format!("orderId={id}")).await
    }

    pub(crate) async fn press(&self, provider: &str, order: &str, action: &str) -> Value {
        let body = format!(r#"{{"provider":"{provider}","order":"{order}","action":"{action}"}}"#);
        self.post("/sandbox/press", &body).await.json()
    }

    pub(crate) async fn advance(&self, ms: i64) {
        let answer = self.post("/sandbox/clock", &format!(r#"{{"advance_ms":{ms}}}"#)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    pub(crate) async fn fault(&self, json: &str) {
        let answer = self.post("/sandbox/faults", json).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// The register's entry of an order.
    pub(crate) async fn entry(&self, provider: &str, order: &str) -> Value {
        let list = self.get(&format!("/sandbox/{provider}/orders?order={order}")).await.json();
        list[0].clone()
    }

    pub(crate) async fn shut_down(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }
}

fn sha256(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn sha256_lower(key: &str, text: &str) -> String {
    HEXLOWER.encode(&sha256(key, text))
}

pub(crate) fn sha256_upper(key: &str, text: &str) -> String {
    HEXUPPER.encode(&sha256(key, text))
}

pub(crate) fn sha1_lower(key: &str, text: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// Fields as a form body.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The text between two marks.
pub(crate) fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap();
    rest.split_once(to).unwrap().0
}

/// Lets deliveries that are under way come to their end: nothing outside tells when they have.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(60)).await;
}

//! The shop's address for callbacks: it remembers every one that arrived, refuses some, stands
//! still for hours, and answers so late that the answer is lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use altyn_app::callback::Callback;
use altyn_app::ports::provider::ProviderAccount;
use altyn_app::ports::{CallbackSender, Dialect, PageLinks, SendReport};
use altyn_app::projects::ProjectEntry;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::payment::Record;
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use crate::network::exchange;
use crate::world::{World, locked};

/// What is known of one callback.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Its bytes, as they came first.
    pub body: Vec<u8>,
    /// How often it arrived.
    pub times: u64,
    /// It was answered by 200 at least once.
    pub taken: bool,
    /// It came with other bytes than before.
    pub differed: bool,
}

/// The shop.
pub struct Shop {
    world: Arc<World>,
    heard: Arc<Mutex<BTreeMap<i64, Heard>>>,
    /// When it stands still: from, until; virtual milliseconds.
    down: (i64, i64),
}

impl Shop {
    /// A shop that has heard nothing.
    pub fn new(world: &Arc<World>) -> Self {
        let (longest, began) = (world.weather.shop_down_ms, world.now().as_millis());
        let (after, long) = world.chance(|by| (by.between(0, 1_800_000), by.between(0, longest)));
        let from = began.saturating_add_unsigned(after);
        let down = (from, from.saturating_add_unsigned(long));
        Self { world: Arc::clone(world), heard: Arc::default(), down }
    }

    /// What arrived, by the callback's number.
    pub fn heard(&self) -> BTreeMap<i64, Heard> {
        locked(&self.heard).clone()
    }
}

#[async_trait]
impl CallbackSender for Shop {
    async fn send(&self, callback: &Callback) -> SendReport {
        let began = self.world.now().as_millis();
        let is_down = (self.down.0..self.down.1).contains(&began) && !self.world.is_fair();
        let refuses =
            is_down || self.world.strikes("callbacks refused", self.world.weather.callback_refused);
        let (id, body) = (callback.id.get(), callback.body.clone());
        let (heard, world) = (Arc::clone(&self.heard), Arc::clone(&self.world));
        let about = self.world.name_of(callback.operation.get());
        let answer = exchange(&self.world, move || {
            let mut all = locked(&heard);
            let one = all.entry(id).or_default();
            if one.times == 0 {
                one.body.clone_from(&body);
            }
            one.differed |= one.body != body;
            one.times += 1;
            one.taken |= !refuses;
            let word = String::from_utf8_lossy(&body).into_owned();
            let what = if refuses { "refuses" } else { "takes" };
            world.note(&about, format_args!("shop: {what} callback {id}: {word}"));
            if refuses { 500 } else { 200 }
        })
        .await;
        let duration_ms = self.world.now().as_millis() - began;
        match answer {
            Ok(status) => {
                SendReport { status: Some(status), duration_ms, answer: Vec::new(), error: None }
            }
            Err(lost) => {
                let error = Some(format!("{lost:?}"));
                SendReport { status: None, duration_ms, answer: Vec::new(), error }
            }
        }
    }
}

/// Says in a line what the shop is told.
pub struct PlainWords;

impl Dialect for PlainWords {
    fn callback_body(
        &self,
        _: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        _: Option<&ProviderAccount>,
    ) -> Vec<u8> {
        let Some(operation) = record.operation(operation) else { return Vec::new() };
        let payment = &record.payment;
        let (kind, state) = (operation.kind.as_str(), payment.state.as_str());
        format!("{} {kind} {} / {state}", payment.reference.as_str(), operation.state).into_bytes()
    }

    fn letter(&self, _: &ProjectEntry, record: &Record, _: OperationId) -> Vec<u8> {
        record.payment.reference.as_str().as_bytes().to_vec()
    }

    fn accepts(&self, _: &ProjectEntry, _: &Callback, report: &SendReport, _: Timestamp) -> bool {
        report.status == Some(200)
    }
}

/// Pages nobody opens here.
pub struct NoPages;

impl PageLinks for NoPages {
    fn url_of(&self, project: ProjectId, payment: PaymentId) -> String {
        format!("https://pay.example/payment/{}-{}", project.get(), payment.get())
    }
}

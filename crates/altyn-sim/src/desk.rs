//! The shop's side: it asks until it is answered, asks again though it was, returns, captures and
//! releases, some of it at one moment. What operators do beside it is in [`crate::people`].
//!
//! Everything that was answered is in [`Book`], which the end of the run is compared with.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use altyn_app::card::{CardData, CardEntry};
use altyn_app::payment::{
    AcceptError, Answer, HoldError, PaymentTarget, RefundError, accept_capture, accept_payment,
    accept_refund, accept_void, clarify, find_payment, pay_by_card, take_answer,
};
use altyn_app::ports::provider::{AuthenticationAnswer, Browser, CardPayment};
use altyn_domain::id::{OperationId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::{CaptureRequest, PaymentRequest, RefundRequest, VoidRequest};
use altyn_domain::payment::{OperationKind, PaymentRef, PaymentState, Record, RequestEcho};
use altyn_testkit::build;
use futures_util::future::{BoxFuture, Either, FutureExt as _, select};
use tokio::sync::oneshot;

use crate::cluster::Cluster;
use crate::node::Node;
use crate::oracle::Violation;
use crate::world::{Owner, World, locked};

/// The least that is asked for, minor units.
const LEAST: u64 = 1_000;
/// No method takes so little: a payment that is rejected, and may be sent again.
const TOO_LITTLE: u64 = 50;
/// The number of a card that brings what the bank's chance decides.
const CARD: &str = "4314220000000056";
/// How long the shop waits for an answer, milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// What was asked for and answered.
#[derive(Clone, Debug)]
pub struct Deal {
    /// The payment, as the shop names it.
    pub payment: String,
    /// Whose.
    pub project: ProjectId,
    /// What.
    pub kind: OperationKind,
    /// Minor units.
    pub amount: i64,
}

/// Everything that was answered, by the operation's number; and what must never happen.
#[derive(Debug, Default)]
pub struct Book {
    /// Accepted.
    pub deals: BTreeMap<i64, Deal>,
    /// What was seen to be wrong while the run went on.
    pub wrong: Vec<Violation>,
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Desk {
    /// What is shared.
    pub world: Arc<World>,
    /// Whom to ask.
    pub cluster: Arc<Cluster>,
    /// What was answered.
    pub book: Arc<Mutex<Book>>,
}

/// What a node answers to a request: something, or «come back later».
pub(crate) type Handled<T> = BoxFuture<'static, Option<T>>;

/// One sale or hold.
#[derive(Clone)]
struct Order {
    reference: PaymentRef,
    project: ProjectId,
    method: Method,
    kind: OperationKind,
    amount: i64,
    /// The shop does not say how to reach the payer, who must be asked then.
    anonymous: bool,
}

/// The partner takes dollars, the bank roubles.
const fn currency(method: Method) -> Currency {
    match method {
        Method::CardPartner => Currency::USD,
        Method::AlfaClick | Method::Card => Currency::RUB,
    }
}

pub(crate) fn money(minor: i64, currency: Currency) -> Amount {
    Amount::new(minor, currency).unwrap_or(Amount::zero(currency))
}

pub(crate) fn minor(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Desk {
    fn wrong(&self, about: &str, what: impl Into<String>) {
        let (about, detail) = (about.to_owned(), what.into());
        locked(&self.book).wrong.push(Violation { property: "S3", about, detail });
    }

    /// Sends a request to any node until it is answered.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        handler: impl Fn(Arc<Node>) -> Handled<T> + Send,
    ) -> T {
        let (world, weather) = (&self.world, &self.world.weather);
        loop {
            world.moment().await;
            let node = self.cluster.any();
            let lost = world.strikes("requests lost", weather.lost / 2);
            let Some(node) = node.filter(|_| !lost) else {
                world.pause(if lost { PATIENCE_MS } else { 500 }).await;
                continue;
            };
            let unheard = world.strikes("answers to the shop lost", weather.lost / 2);
            let (tell, answer) = oneshot::channel();
            let handled = handler(Arc::clone(&node));
            world.spawn(Owner::Node(node.life), async move {
                // Nobody may listen any more: the shop waits only so long.
                let _ = tell.send(handled.await);
            });
            match select(answer, Box::pin(world.pause(PATIENCE_MS))).await {
                Either::Left((Ok(Some(answer)), _)) if !unheard => {
                    world.count("requests answered");
                    return answer;
                }
                Either::Left(_) => world.pause(1_000).await,
                Either::Right(_) => {}
            }
        }
    }

    /// Writes down what was accepted.
    pub(crate) fn accepted(&self, operation: OperationId, deal: Deal) {
        self.world.name(operation.get(), &deal.payment);
        let (kind, amount) = (deal.kind.as_str(), deal.amount);
        let line = format!("shop: {kind} of {amount} is accepted as {operation}");
        self.world.note(&deal.payment, line);
        locked(&self.book).deals.insert(operation.get(), deal);
    }

    /// Sells, and goes on with what was sold for a while.
    pub async fn sells(self, number: u64) {
        let (after, order) = self.world.chance(|by| {
            let method = match by.below(10) {
                0..=3 => Method::AlfaClick,
                4 => Method::CardPartner,
                _ => Method::Card,
            };
            let kind = match method {
                Method::Card if by.one_in(2) => OperationKind::Authorization,
                Method::Card | Method::AlfaClick | Method::CardPartner => OperationKind::Sale,
            };
            let project = 1 + u32::try_from(by.below(2)).unwrap_or_default();
            let reference = PaymentRef::new(format!("p{number}"));
            let order = reference.zip(ProjectId::new(project)).map(|(reference, project)| Order {
                reference,
                project,
                method,
                kind,
                amount: minor(if by.one_in(20) { TOO_LITTLE } else { by.between(LEAST, 100_000) }),
                anonymous: method == Method::CardPartner && by.one_in(3),
            });
            (by.between(0, 600_000), order)
        });
        let Some(order) = order else { return };
        self.world.pause(after).await;
        let first = self.places(&order).await;
        for _ in 0..self.world.chance(|by| by.between(2, 8)) {
            let wait = self.world.chance(|by| match by.below(6) {
                0 => by.between(0, 86_400_000),
                1 => by.between(0, 3_600_000),
                _ => by.between(0, 60_000),
            });
            self.world.pause(wait).await;
            let again = self.world.chance(|by| by.one_in(4));
            // What was rejected may be sent again, and is another try then.
            let is_rejected = order.amount == minor(TOO_LITTLE);
            if again && self.places(&order).await != first && !is_rejected {
                self.wrong(order.reference.as_str(), "the same request became another operation");
            }
            self.goes_on(&order).await;
        }
    }

    /// The request of an order, the same whenever it is sent.
    async fn places(&self, order: &Order) -> OperationId {
        let operation = self
            .ask(|node| {
                let (desk, order) = (self.clone(), order.clone());
                async move { desk.place_at(node, order).await }.boxed()
            })
            .await;
        let deal = order.deal(order.kind, order.amount);
        if !locked(&self.book).deals.contains_key(&operation.get()) {
            self.accepted(operation, deal);
        }
        operation
    }

    async fn place_at(self, node: Arc<Node>, order: Order) -> Option<OperationId> {
        let project = node.project(order.project)?;
        let mut request = build::sale_request(order.reference.as_str());
        request.amount = order.money(order.amount);
        (request.method, request.kind) = (order.method, order.kind);
        if order.anonymous {
            (request.details.customer.phone, request.details.customer.email) = (None, None);
        }
        let card = (order.method == Method::Card).then(|| card(&node)).flatten();
        request.card = card.as_ref().map(|payment| payment.card.facts());
        let request = PaymentRequest { kind: order.kind, ..request };
        match accept_payment(&node.context, &project, request).await {
            Ok(accepted) => {
                self.world.name(accepted.operation.get(), order.reference.as_str());
                if let Some(card) = card.filter(|_| !accepted.repeated) {
                    let paying = Arc::clone(&node);
                    self.world.spawn(Owner::Node(node.life), async move {
                        let about = (accepted.payment, accepted.operation);
                        // What could not be done now is found by the job.
                        let _ = pay_by_card(&paying.context, &project, about, card).await;
                    });
                }
                Some(accepted.operation)
            }
            Err(AcceptError::Exists { field }) => {
                self.wrong(order.reference.as_str(), format!("a repeat differs in {field}"));
                None
            }
            Err(AcceptError::Failure(_)) => None,
        }
    }

    /// How the payment stands, as a node says.
    async fn shown(&self, order: &Order) -> Option<Record> {
        self.ask(|node| {
            let order = order.clone();
            async move {
                let found = find_payment(&node.context, order.project, &order.reference).await;
                found.ok()
            }
            .boxed()
        })
        .await
    }

    /// Does what the payment's state allows, now and then twice at once.
    async fn goes_on(&self, order: &Order) {
        let Some(record) = self.shown(order).await else {
            self.wrong(order.reference.as_str(), "what was accepted is not there");
            return;
        };
        match record.payment.state {
            PaymentState::Paid | PaymentState::PartiallyRefunded => {
                let captured = record.payment.captured.minor();
                let once = self.returns(order, captured);
                if self.world.chance(|by| by.one_in(4)) {
                    futures_util::join!(once, self.returns(order, captured));
                } else {
                    once.await;
                }
            }
            PaymentState::Authorized => match self.world.chance(|by| by.below(5)) {
                0 => self.releases(order).await,
                1 => {
                    futures_util::join!(self.captures(order), self.releases(order));
                }
                2 => {}
                _ => self.captures(order).await,
            },
            PaymentState::AwaitingAuthentication => self.answers(order, &record).await,
            PaymentState::AwaitingClarification if self.world.chance(|by| !by.one_in(3)) => {
                self.clarifies(order).await;
            }
            PaymentState::AwaitingClarification
            | PaymentState::Processing
            | PaymentState::AwaitingRedirect
            | PaymentState::AwaitingCustomer
            | PaymentState::Voided
            | PaymentState::Refunded
            | PaymentState::Declined
            | PaymentState::Rejected => {}
        }
    }

    async fn returns(&self, order: &Order, captured: i64) {
        let most = u64::try_from(captured).unwrap_or_default();
        let amount = self.world.chance(|by| {
            let whole = order.method == Method::CardPartner || by.one_in(3);
            if whole { captured } else { minor(by.between(1, most)) }
        });
        let id = format!("r{}", self.world.serial());
        let operation = self
            .ask(|node| {
                let (desk, order, id) = (self.clone(), order.clone(), id.clone());
                async move {
                    let project = node.project(order.project)?;
                    let request = RefundRequest {
                        amount: Some(order.money(amount)),
                        merchant_refund_id: Some(id.clone()),
                        callback: None,
                        request: echo("refund", &id),
                    };
                    let target = order.target();
                    match accept_refund(&node.context, &project, &target, request).await {
                        Ok(operation) => Some(operation),
                        Err(RefundError::NotFound | RefundError::RefundIdExists { .. }) => {
                            desk.wrong(order.reference.as_str(), "a refund met nothing of its own");
                            None
                        }
                        Err(RefundError::Failure(_)) => None,
                    }
                }
                .boxed()
            })
            .await;
        self.accepted(operation, order.deal(OperationKind::Refund, amount));
    }

    async fn captures(&self, order: &Order) {
        let most = u64::try_from(order.amount).unwrap_or_default();
        let amount = self
            .world
            .chance(|by| if by.one_in(2) { order.amount } else { minor(by.between(1, most)) });
        self.ends_hold(order, OperationKind::Capture, amount).await;
    }

    async fn releases(&self, order: &Order) {
        self.ends_hold(order, OperationKind::Void, order.amount).await;
    }

    async fn ends_hold(&self, order: &Order, kind: OperationKind, amount: i64) {
        let id = format!("h{}", self.world.serial());
        let operation = self
            .ask(|node| {
                let (desk, order, id) = (self.clone(), order.clone(), id.clone());
                async move {
                    let project = node.project(order.project)?;
                    let (target, request) = (order.target(), echo(kind.as_str(), &id));
                    let context = &node.context;
                    let accepted = if kind == OperationKind::Capture {
                        let amount = Some(order.money(amount));
                        let request = CaptureRequest { amount, callback: None, request };
                        accept_capture(context, &project, &target, request).await
                    } else {
                        let request = VoidRequest { amount: None, callback: None, request };
                        accept_void(context, &project, &target, request).await
                    };
                    if matches!(accepted, Err(HoldError::NotFound)) {
                        desk.wrong(order.reference.as_str(), "a hold that stood is not there");
                    }
                    accepted.ok()
                }
                .boxed()
            })
            .await;
        self.accepted(operation, order.deal(kind, amount));
    }

    /// The payer passes 3-D Secure, if the node takes his answer.
    async fn answers(&self, order: &Order, record: &Record) {
        let awaited = record.opening().and_then(|opening| opening.authentication.clone());
        let Some(transaction) = awaited.and_then(|step| step.transaction) else { return };
        self.ask(|node| {
            let (order, transaction) = (order.clone(), transaction.clone());
            async move {
                let project = node.project(order.project)?;
                let answer = Answer {
                    answer: AuthenticationAnswer::Challenge,
                    md: None,
                    transaction: Some(transaction),
                };
                let reference = &order.reference;
                // A second answer, or one too late, is refused, and that is the answer.
                if let Ok(begun) = take_answer(&node.context, &project, reference, answer).await {
                    let finishing = Arc::clone(&node);
                    spawn_at(&node, async move {
                        let _ = begun.finish(&finishing.context, &project).await;
                    });
                }
                Some(())
            }
            .boxed()
        })
        .await;
    }

    async fn clarifies(&self, order: &Order) {
        self.ask(|node| {
            let order = order.clone();
            async move {
                let project = node.project(order.project)?;
                let data = build::customer();
                let _ = clarify(&node.context, &project, &order.reference, data).await;
                Some(())
            }
            .boxed()
        })
        .await;
    }
}

fn spawn_at(node: &Arc<Node>, work: impl Future<Output = ()> + Send + 'static) {
    node.world().spawn(Owner::Node(node.life), work);
}

impl Order {
    fn target(&self) -> PaymentTarget {
        PaymentTarget { reference: self.reference.clone(), method: None }
    }

    fn money(&self, minor: i64) -> Amount {
        money(minor, currency(self.method))
    }

    fn deal(&self, kind: OperationKind, amount: i64) -> Deal {
        let payment = self.reference.as_str().to_owned();
        Deal { payment, project: self.project, kind, amount }
    }
}

fn echo(what: &str, id: &str) -> RequestEcho {
    RequestEcho::new(vec![(what.to_owned(), id.to_owned())])
}

fn card(node: &Node) -> Option<CardPayment> {
    let entry = CardEntry { number: CARD, month: 12, year: 2060, code: Some("123"), holder: None };
    let card = CardData::read(&entry, node.context.clock.now()).ok()?;
    Some(CardPayment { card, authentication_return: None, browser: Browser::default() })
}

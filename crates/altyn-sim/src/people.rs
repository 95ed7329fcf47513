//! Operators in the cabinet: what they press while the shop, the bank and the payers go on, and what
//! they settle by hand in the end.

use altyn_app::access::Actor;
use altyn_app::access::user::{Membership, Role, User};
use altyn_app::cabinet::{self, ActionError, CaptureForm, RefundForm, SettleForm};
use altyn_app::clock::advance_clock;
use altyn_app::jobs::SettledAs;
use altyn_app::payment::find_payment;
use altyn_app::secret::Secret;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::money::Amount;
use altyn_domain::payment::{OperationKind, PaymentRef, Record};
use altyn_testkit::clock::START;
use futures_util::future::FutureExt as _;

use crate::desk::{Deal, Desk, minor, money};
use crate::node::Node;
use crate::world::locked;

impl Desk {
    /// Operators at work: so many actions, at any time of the first hours.
    pub async fn operates(self) {
        for _ in 0..self.world.weather.actions {
            let wait = self.world.chance(|by| by.between(0, 900_000));
            self.world.pause(wait).await;
            let deals: Vec<Deal> = locked(&self.book).deals.values().cloned().collect();
            let at = self.world.chance(|by| by.place(deals.len()));
            let Some(deal) = deals.get(at).cloned() else { continue };
            let dice = self.world.chance(|by| by.below(10));
            if dice == 0 {
                self.moves_clock().await;
            } else {
                self.acts(&deal, dice).await;
            }
        }
    }

    async fn moves_clock(&self) {
        let by_ms = self.world.chance(|by| minor(by.between(1_000, 2 * 86_400_000)));
        let Some(project) = ProjectId::new(2) else { return };
        self.ask(|node| {
            async move { advance_clock(&node.context, project, by_ms).await.ok().map(drop) }.boxed()
        })
        .await;
        self.world.note("", format_args!("operator: the test clock goes on by {by_ms} ms"));
    }

    async fn acts(&self, deal: &Deal, dice: u64) {
        let Some(reference) = PaymentRef::new(deal.payment.clone()) else { return };
        let project = deal.project;
        let found = self.ask(move |node| {
            let reference = reference.clone();
            async move { find_payment(&node.context, project, &reference).await.ok() }.boxed()
        });
        let Some(record) = found.await else { return };
        let payment = (project, record.payment.id);
        let left = record.payment.refundable().minor();
        let held = record.free_hold().minor();
        let key = format!("{:032x}", self.world.serial());
        let part = |whole: i64| {
            let most = u64::try_from(whole).unwrap_or_default().max(1);
            self.world.chance(|by| if by.one_in(3) { whole } else { minor(by.between(1, most)) })
        };
        let (kind, amount) = match dice {
            1..=4 => (OperationKind::Refund, part(left)),
            5 | 6 => (OperationKind::Capture, part(held)),
            7 => (OperationKind::Void, held),
            _ => {
                self.asks_again(payment, &record).await;
                return;
            }
        };
        let done = self
            .ask(|node| {
                let key = key.clone();
                let amount = money(amount, record.payment.amount.currency());
                async move { act_at(&node, payment, (kind, amount), key).await }.boxed()
            })
            .await;
        if let Some(operation) = done {
            let deal = Deal { kind, amount, ..deal.clone() };
            self.accepted(operation, deal);
        }
    }

    async fn asks_again(&self, payment: (ProjectId, PaymentId), record: &Record) {
        let Some(operation) = record.operations.last().map(|operation| operation.id) else {
            return;
        };
        self.ask(|node| {
            async move {
                let actor = operator();
                let _ = cabinet::ask_again(&node.cabinet, &actor, payment, operation).await;
                let _ = cabinet::resend(&node.cabinet, &actor, payment).await;
                Some(())
            }
            .boxed()
        })
        .await;
    }

    /// An operator states how an operation ended that no provider tells of.
    pub async fn settles(
        self,
        payment: (ProjectId, PaymentId),
        operation: OperationId,
        done: bool,
    ) {
        let outcome = if done { SettledAs::Approved } else { SettledAs::Declined };
        self.ask(|node| {
            async move {
                let reason = "as the bank's statement says".to_owned();
                let form = SettleForm { operation, outcome, reason };
                answer(cabinet::settle(&node.cabinet, &operator(), payment, form).await).map(drop)
            }
            .boxed()
        })
        .await;
    }
}

async fn act_at(
    node: &Node,
    payment: (ProjectId, PaymentId),
    (kind, amount): (OperationKind, Amount),
    key: String,
) -> Option<Option<OperationId>> {
    let (office, actor) = (&node.cabinet, operator());
    let done = match kind {
        OperationKind::Refund => {
            let (positions, reason) = (Vec::new(), "asked for".to_owned());
            let form = RefundForm { amount, positions, reason, key };
            cabinet::refund(office, &actor, payment, form).await
        }
        OperationKind::Capture => {
            cabinet::capture(office, &actor, payment, CaptureForm { amount, key }).await
        }
        OperationKind::Void | OperationKind::Sale | OperationKind::Authorization => {
            cabinet::void(office, &actor, payment, &key).await
        }
    };
    answer(done)
}

/// What was done, or that the rules refuse it, which is an answer too; else it is asked again.
fn answer<T>(done: Result<T, ActionError>) -> Option<Option<T>> {
    match done {
        Ok(done) => Some(Some(done)),
        Err(ActionError::Failure(_)) => None,
        Err(_) => Some(None),
    }
}

/// An administrator of everything.
fn operator() -> Actor {
    let user = User {
        id: 1,
        login: "operator".to_owned(),
        password_hash: Secret::new(""),
        memberships: vec![Membership { project: None, role: Role::Administrator }],
        disabled: false,
        must_change: false,
        second_factor: None,
        created_at: START,
        version: 1,
    };
    Actor { user, session: "session".to_owned(), address: "192.0.2.1".to_owned() }
}

//! The bank as a node meets it: a provider whose answers come over a network, whose payers take
//! their time, and which does not always tell the truth at once.
//!
//! It keeps the contract of [`Provider`]: what is given twice under one number is done once. How
//! each step of a real connector may break off is kept too: an order is registered by one message
//! and paid by another, and what an operation on an order came to is asked separately.

use std::sync::{Arc, Mutex};

use altyn_app::ports::Provider;
use altyn_app::ports::provider::{
    AuthenticationAnswer, Capabilities, CardPayment, NotificationError, NotificationSubject,
    OrderAtProvider, ProviderAccount, ProviderCall, ProviderOutcome,
};
use altyn_domain::id::operation_of;
use altyn_domain::method::Method;
use altyn_domain::payment::{
    Authentication, AuthenticationStep, OperationKind, ProviderFacts, Redirect, RedirectMethod,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::HOUR_MS;
use altyn_testkit::random::Random;
use async_trait::async_trait;

use crate::books::{Books, Following, OPEN_MS, Order, Said, Standing};
use crate::network::{Lost, exchange};
use crate::world::{Owner, World, locked};

/// The account that can be asked about everything.
pub const BANK: &str = "bank";
/// The account that does not tell what became of a refund, and returns whole sums only.
pub const PARTNER: &str = "partner";

/// The bank behind one account.
pub struct Bank {
    world: Arc<World>,
    account: ProviderAccount,
    able: Capabilities,
    books: Arc<Mutex<Books>>,
    notify: Notify,
}

/// Tells the platform that an order of an account has changed. What corrects a lie is told until it
/// is taken.
pub type Notify = Arc<dyn Fn(&'static str, String, Told) + Send + Sync>;

/// How a bank tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// As the network and its mood let it.
    Perhaps,
    /// Until it is taken.
    Surely,
}

/// What the payer of an order will do.
#[derive(Clone, Copy)]
enum Payer {
    Pays,
    IsDeclined,
    Leaves,
    IsChallenged,
}

impl Bank {
    /// Both accounts over the same books.
    pub fn accounts(
        world: &Arc<World>,
        books: &Arc<Mutex<Books>>,
        notify: &Notify,
    ) -> Vec<(String, Arc<dyn Provider>)> {
        let account = |name: &'static str, methods: &'static [Method], tells: bool| {
            let bank = Self {
                world: Arc::clone(world),
                account: ProviderAccount {
                    name: name.to_owned(),
                    wire_id: 1,
                    endpoint_id: None,
                    payment_system: 127,
                },
                able: Capabilities {
                    methods,
                    partial_refunds: tells,
                    closes_orders: tells,
                    refund_query: tells,
                },
                books: Arc::clone(books),
                notify: Arc::clone(notify),
            };
            (name.to_owned(), Arc::new(bank) as Arc<dyn Provider>)
        };
        vec![
            account(BANK, &[Method::AlfaClick, Method::Card], true),
            account(PARTNER, &[Method::CardPartner], false),
        ]
    }

    fn name(&self) -> &'static str {
        if self.able.refund_query { BANK } else { PARTNER }
    }

    /// Sends a message about the books.
    async fn message<T: Send + 'static>(
        &self,
        act: impl Fn(&mut Books, i64) -> T + Send + Sync + 'static,
    ) -> Result<T, Lost> {
        let (world, books) = (Arc::clone(&self.world), Arc::clone(&self.books));
        exchange(&self.world, move || act(&mut locked(&books), world.now().as_millis())).await
    }

    fn note(&self, number: &str, text: &str) {
        let about = operation_of(number)
            .map_or_else(String::new, |operation| self.world.name_of(operation.get()));
        self.world.note(&about, format_args!("bank: {number} {text}"));
    }

    async fn status(&self, number: &str) -> Result<Option<Order>, Lost> {
        let number = number.to_owned();
        self.message(move |books, now| books.order(&number, now).cloned()).await
    }

    /// What the payer of this order will do, decided once.
    fn payer(&self, call: &ProviderCall) -> Payer {
        match self.world.chance(|by| by.below(10)) {
            0 | 1 => Payer::IsDeclined,
            2 => Payer::Leaves,
            3 | 4 if call.method == Method::Card => Payer::IsChallenged,
            _ => Payer::Pays,
        }
    }

    /// Sends the payer to the bank, once for each time he was shown the way; he comes when he likes.
    fn send_payer(&self, number: String, most_ms: i64, payer: Payer) {
        let most_ms = u64::try_from(most_ms + most_ms / 8).unwrap_or_default();
        let wait_ms = self.world.chance(|by| match by.below(4) {
            0 => by.between(0, most_ms),
            _ => by.between(0, 60_000),
        });
        let (world, books) = (Arc::clone(&self.world), Arc::clone(&self.books));
        let (notify, account, name) = (Arc::clone(&self.notify), self.name(), number.clone());
        let about =
            operation_of(&number).map_or_else(String::new, |found| world.name_of(found.get()));
        let approves = match payer {
            Payer::Pays | Payer::IsChallenged => true,
            Payer::IsDeclined => false,
            Payer::Leaves => return,
        };
        self.world.spawn(Owner::World, async move {
            world.pause(wait_ms).await;
            let (said, lied) = {
                let mut books = locked(&books);
                let said = books.pay(&name, world.now().as_millis(), approves);
                (said, books.orders().any(|(number, order)| *number == name && order.lied))
            };
            world.note(&about, format_args!("payer: {name} approved {approves}: {said:?}"));
            if said == Said::Done {
                world.count(if approves {
                    "payments at the bank"
                } else {
                    "payments declined at the bank"
                });
                notify(account, name, if lied { Told::Surely } else { Told::Perhaps });
            }
        });
    }

    /// How long an order can be paid. Most bills are short here: while one is open it is asked
    /// about all the time, and a week of that shows no more than an hour.
    fn life(&self, call: &ProviderCall) -> i64 {
        let bill = || self.world.chance(|by| if by.one_in(12) { 7 * 24 } else { 1 + by.below(6) });
        if call.instruction { i64::try_from(bill()).unwrap_or(1) * HOUR_MS } else { OPEN_MS }
    }

    async fn sell_by_redirect(&self, call: &ProviderCall) -> ProviderOutcome {
        let number = call.order_number.clone();
        let (amount, life) = (call.amount.minor(), self.life(call));
        let registered = self
            .message(move |books, now| books.register(&number, amount, false, now + life))
            .await;
        match registered {
            Ok(Said::Done | Said::Duplicate) => {}
            Ok(Said::Absent | Said::Refused) => {
                return ProviderOutcome::Unknown("register: refused".to_owned());
            }
            Err(lost) => return lost_call(lost),
        }
        match self.status(&call.order_number).await {
            Ok(Some(order)) if order.standing == Standing::Open => {}
            Ok(Some(order)) => return asked(&order, call),
            Ok(None) => return ProviderOutcome::Unknown("no such order".to_owned()),
            Err(_) => return ProviderOutcome::Unknown("no status".to_owned()),
        }
        let payer = self.payer(call);
        self.send_payer(call.order_number.clone(), life, payer);
        if call.instruction {
            return ProviderOutcome::Instruct(facts(call));
        }
        let redirect = Redirect {
            method: RedirectMethod::Get,
            url: "https://bank.example/pay".to_owned(),
            body: Vec::new(),
        };
        ProviderOutcome::Redirect(redirect, facts(call))
    }

    async fn follow(&self, call: &ProviderCall, order: &OrderAtProvider) -> ProviderOutcome {
        let (number, world) = (order.order_number.clone(), Arc::clone(&self.world));
        let what = Following {
            kind: call.kind,
            amount: call.amount.minor(),
            expected_left: order.deposited_minor,
        };
        let said = self
            .message(move |books, now| {
                if is_refused(&number, what, world.weather.declines) {
                    world.count("refusals of the bank");
                    return Said::Refused;
                }
                books.follow(&number, now, what)
            })
            .await;
        let word = format!("{} of {}: {said:?}", call.kind.as_str(), call.amount.minor());
        self.note(&order.order_number, &word);
        match said {
            Ok(Said::Done) => ProviderOutcome::Approved(ProviderFacts::default()),
            Ok(Said::Absent | Said::Duplicate | Said::Refused) => {
                // The refusal itself was heard, so the status is asked to tell why.
                match self.ask_followed(call, order).await {
                    ProviderOutcome::NotSent(_) => {
                        ProviderOutcome::Declined(Reason::GeneralDecline, ProviderFacts::default())
                    }
                    other @ (ProviderOutcome::Redirect(..)
                    | ProviderOutcome::Authenticate(..)
                    | ProviderOutcome::Instruct(_)
                    | ProviderOutcome::Approved(_)
                    | ProviderOutcome::Declined(..)
                    | ProviderOutcome::Pending(_)
                    | ProviderOutcome::Unknown(_)) => other,
                }
            }
            Err(lost) => lost_call(lost),
        }
    }

    /// Compares how the order stands with how it should before and after.
    async fn ask_followed(&self, call: &ProviderCall, order: &OrderAtProvider) -> ProviderOutcome {
        let Ok(Some(found)) = self.status(&order.order_number).await else {
            return ProviderOutcome::Unknown("no status".to_owned());
        };
        let amount = call.amount.minor();
        let done = || ProviderOutcome::Approved(ProviderFacts::default());
        let not_done = || ProviderOutcome::NotSent("it stands as before".to_owned());
        let unclear = || ProviderOutcome::Unknown(format!("it stands otherwise: {found:?}"));
        let never = |reason| ProviderOutcome::Declined(reason, ProviderFacts::default());
        match (call.kind, found.standing) {
            (OperationKind::Capture | OperationKind::Void, Standing::Held) => not_done(),
            (OperationKind::Capture, Standing::Taken) if found.taken == amount => done(),
            (OperationKind::Capture, Standing::Released) => never(Reason::HoldReleased),
            (OperationKind::Void, Standing::Released) => done(),
            (OperationKind::Void, Standing::Taken) => never(Reason::WrongState),
            (OperationKind::Refund, Standing::Taken) => {
                if found.left() == order.deposited_minor {
                    not_done()
                } else if found.left() == order.deposited_minor - amount {
                    done()
                } else {
                    unclear()
                }
            }
            (_, _) => unclear(),
        }
    }

    async fn pay_by_card(&self, call: &ProviderCall) -> ProviderOutcome {
        let number = call.order_number.clone();
        let (amount, two_stage) = (call.amount.minor(), call.kind == OperationKind::Authorization);
        let registered = self
            .message(move |books, now| books.register(&number, amount, two_stage, now + OPEN_MS))
            .await;
        match registered {
            Ok(Said::Done) => {}
            Ok(Said::Duplicate | Said::Absent | Said::Refused) => {
                return ProviderOutcome::Unknown("an order that was there".to_owned());
            }
            // The card has not left: if there is an order, nobody can pay it.
            Err(_) => return ProviderOutcome::NotSent("not registered".to_owned()),
        }
        let payer = self.payer(call);
        let number = call.order_number.clone();
        let said = self
            .message(move |books, now| match payer {
                Payer::Pays => books.pay(&number, now, true),
                Payer::IsDeclined => books.pay(&number, now, false),
                Payer::Leaves => Said::Done,
                Payer::IsChallenged => match books.order(&number, now) {
                    Some(order) if order.standing == Standing::Open => {
                        order.standing = Standing::Challenged;
                        Said::Done
                    }
                    Some(_) => Said::Refused,
                    None => Said::Absent,
                },
            })
            .await;
        self.note(&call.order_number, &format!("paymentorder: {said:?}"));
        self.world.count("cards given to the bank");
        match said {
            Ok(Said::Done) => {}
            Ok(Said::Duplicate | Said::Absent | Said::Refused) => {}
            Err(lost) => return lost_call(lost),
        }
        if matches!(payer, Payer::IsChallenged) {
            return ProviderOutcome::Authenticate(challenge(call), facts(call));
        }
        self.ask_opening(call).await
    }

    async fn ask_opening(&self, call: &ProviderCall) -> ProviderOutcome {
        match self.status(&call.order_number).await {
            Ok(Some(order)) => self.perhaps_lie(call, &order),
            Ok(None) if call.facts.payment_id.is_some() => {
                ProviderOutcome::Unknown("the bank knows no such order".to_owned())
            }
            Ok(None) => ProviderOutcome::NotSent("the bank knows no such order".to_owned()),
            Err(_) => ProviderOutcome::Unknown("no status".to_owned()),
        }
    }

    /// Sometimes the bank says «declined» of what is open or even paid, and tells the truth later.
    fn perhaps_lie(&self, call: &ProviderCall, order: &Order) -> ProviderOutcome {
        let can_lie = order.standing != Standing::Closed && !order.lied;
        if can_lie && self.world.strikes("lies of the bank", self.world.weather.lies) {
            let number = call.order_number.clone();
            if let Some(order) = locked(&self.books).order(&number, self.world.now().as_millis()) {
                order.lied = true;
            }
            self.note(&number, "says declined, which is not so");
            let (world, notify) = (Arc::clone(&self.world), Arc::clone(&self.notify));
            let account = self.name();
            let later = self.world.chance(|by| by.between(1_000, 2 * 3_600_000));
            self.world.spawn(Owner::World, async move {
                world.pause(later).await;
                notify(account, number, Told::Surely);
            });
            return ProviderOutcome::Declined(Reason::GeneralDecline, facts(call));
        }
        asked(order, call)
    }
}

/// Whether the bank will not do this, whenever it is asked: what it has refused once it does not do
/// when the same request comes again, late.
fn is_refused(number: &str, what: Following, per_mille: u64) -> bool {
    let order = operation_of(number).map_or(0, |found| found.get().unsigned_abs());
    let sums = what.amount.unsigned_abs() ^ what.expected_left.unsigned_abs().rotate_left(20);
    Random::new(order, sums).per_mille(per_mille)
}

fn lost_call(lost: Lost) -> ProviderOutcome {
    match lost {
        Lost::NotSent => ProviderOutcome::NotSent("refused".to_owned()),
        Lost::NoAnswer => ProviderOutcome::Unknown("no answer".to_owned()),
    }
}

fn facts(call: &ProviderCall) -> ProviderFacts {
    let payment_id = Some(format!("id-{}", call.order_number));
    ProviderFacts { payment_id, ..ProviderFacts::default() }
}

fn challenge(call: &ProviderCall) -> Authentication {
    Authentication {
        step: AuthenticationStep::Challenge,
        url: "https://acs.example/".to_owned(),
        fields: Vec::new(),
        transaction: Some(format!("acs-{}", call.order_number)),
    }
}

/// What the truth about an order means for whoever opened it.
fn asked(order: &Order, call: &ProviderCall) -> ProviderOutcome {
    let unseen = call.facts.payment_id.is_none() && call.method != Method::Card;
    match order.standing {
        Standing::Taken | Standing::Held => ProviderOutcome::Approved(facts(call)),
        // A hold that is gone is told as an order that came to nothing.
        Standing::Released | Standing::Closed => {
            ProviderOutcome::Declined(Reason::GeneralDecline, facts(call))
        }
        Standing::Open if unseen && !call.instruction => {
            ProviderOutcome::NotSent("the payer was never handed over".to_owned())
        }
        Standing::Open | Standing::Challenged => ProviderOutcome::Pending(facts(call)),
    }
}

#[async_trait]
impl Provider for Bank {
    fn account(&self) -> &ProviderAccount {
        &self.account
    }

    fn capabilities(&self) -> Capabilities {
        self.able
    }

    async fn submit(&self, call: &ProviderCall) -> ProviderOutcome {
        self.note(&call.order_number, &format!("is given the {}", call.kind.as_str()));
        let outcome = match &call.order {
            Some(order) => self.follow(call, order).await,
            None => self.sell_by_redirect(call).await,
        };
        self.note(&call.order_number, &format!("answers {}", outcome.as_str()));
        outcome
    }

    async fn ask(&self, call: &ProviderCall) -> ProviderOutcome {
        let outcome = match &call.order {
            Some(_) if !self.able.refund_query => {
                ProviderOutcome::Unknown("it does not tell of refunds".to_owned())
            }
            Some(order) => self.ask_followed(call, order).await,
            None => self.ask_opening(call).await,
        };
        self.note(&call.order_number, &format!("is asked, answers {}", outcome.as_str()));
        outcome
    }

    async fn submit_card(&self, call: &ProviderCall, _: &CardPayment) -> ProviderOutcome {
        let outcome = self.pay_by_card(call).await;
        self.note(&call.order_number, &format!("is given a card, answers {}", outcome.as_str()));
        outcome
    }

    async fn authenticate(&self, call: &ProviderCall, _: &AuthenticationAnswer) -> ProviderOutcome {
        let number = call.order_number.clone();
        let approves = self.world.chance(|by| !by.one_in(4));
        let said = self.message(move |books, now| books.pay(&number, now, approves)).await;
        self.note(&call.order_number, &format!("finishes 3-D Secure: {said:?}"));
        match said {
            Ok(_) => self.ask_opening(call).await,
            Err(lost) => lost_call(lost),
        }
    }

    async fn close(&self, call: &ProviderCall) -> ProviderOutcome {
        let unknown = || ProviderOutcome::Unknown("not closed yet".to_owned());
        let number = call.order_number.clone();
        // An order that nobody registered is taken, so that nobody can register it any more.
        let (amount, two_stage) = (call.amount.minor(), call.kind == OperationKind::Authorization);
        let taken = self
            .message(move |books, now| {
                books.register(&number, amount, two_stage, now + OPEN_MS);
                books.close(&number, now)
            })
            .await;
        self.note(&call.order_number, &format!("is told to close it: {taken:?}"));
        match (taken, self.status(&call.order_number).await) {
            (Ok(Said::Done), Ok(Some(order))) if order.standing == Standing::Closed => {
                ProviderOutcome::Declined(Reason::Interrupted, facts(call))
            }
            (_, Ok(Some(order))) => match order.standing {
                Standing::Open | Standing::Challenged => unknown(),
                Standing::Held | Standing::Taken | Standing::Released | Standing::Closed => {
                    asked(&order, call)
                }
            },
            (_, Ok(None) | Err(_)) => unknown(),
        }
    }

    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError> {
        let order = parameters.iter().find(|(name, _)| name == "order");
        let (_, order) = order.ok_or(NotificationError::BadParameter("order"))?;
        Ok(NotificationSubject {
            order_number: Some(order.clone()),
            refunded_transaction: None,
            authentic: true,
        })
    }
}

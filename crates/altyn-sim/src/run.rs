//! One run: who goes on next, who dies, when time moves; until nothing is left to do.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Wake, Waker};

use altyn_app::check::{CheckReads as _, Dossier};
use altyn_app::inbound::receive;
use altyn_app::jobs::JobKind;
use altyn_domain::id::{OperationId, PaymentId, ProjectId, order_number};
use altyn_domain::payment::{Operation, OperationKind, OperationState};
use altyn_domain::time::{DAY_MS, HOUR_MS};
use anyhow::Result;
use rusqlite::Connection;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use crate::bank::{Bank, Notify, Told};
use crate::books::Books;
use crate::cluster::Cluster;
use crate::desk::{Book, Desk};
use crate::oracle::{Violation, Witnesses, at_any_moment, at_rest};
use crate::shop::Shop;
use crate::site::Site;
use crate::weather::{Config, Weather};
use crate::world::{Line, Owner, Work, World, locked};

/// Steps after which a run that has not come to rest never will.
const STEPS_MAX: u64 = 400_000;
/// Virtual days after which everything must have come to rest.
const DAYS_MAX: i64 = 60;
/// What no provider tells of is settled by hand some hours after the faults are over, and again
/// after the last bill has run out and the last hold has gone at the bank.
const SETTLED_AFTER_MS: [u64; 2] = [3 * 3_600_000, 9 * 86_400_000];
/// A card whose way was lost has ended so long after the faults: the longest pause between two
/// questions, the minute that a call has, and some more.
const LOST_CARD_MS: u64 = 15 * 60_000;
/// In the middle of a run the invariants are looked at after so many steps.
const LOOK_EVERY: u64 = 3_000;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was violated; none is what is hoped for.
    pub violations: Vec<Violation>,
    /// What happened, in order.
    pub history: Vec<Line>,
    /// What was counted.
    pub counts: BTreeMap<String, u64>,
    /// How long it took, virtual milliseconds.
    pub virtual_ms: i64,
    /// Steps.
    pub steps: u64,
}

/// Runs a seed.
pub fn run(seed: u64, config: &Config) -> Result<Outcome> {
    // The store hands long reads to threads of a runtime; they are waited for where they are asked.
    let _entered = runtime()?.enter();
    let site = Site::new()?;
    Run::prepare(seed, config, &site)?.goes_on_to_its_end()
}

/// One for all runs of a process: threads are not made anew for each.
fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let made = Builder::new_current_thread().build()?;
    Ok(RUNTIME.get_or_init(|| made))
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    owner: Owner,
    flag: Arc<Flag>,
    work: Work,
}

struct Run {
    world: Arc<World>,
    cluster: Arc<Cluster>,
    books: Arc<Mutex<Books>>,
    book: Arc<Mutex<Book>>,
    shop: Arc<Shop>,
    tasks: Vec<Task>,
    /// Looks at the jobs from outside.
    eye: Connection,
    /// What the bank knows of the nodes, which know the bank: emptied in the end, so that both go.
    nodes: Arc<Mutex<Option<Arc<Cluster>>>>,
    /// When jobs of each kind are due next.
    due: Vec<(JobKind, i64)>,
    /// Jobs may have changed since.
    stale: bool,
    violations: Vec<Violation>,
    steps: u64,
}

impl Run {
    fn prepare(seed: u64, config: &Config, site: &Site) -> Result<Self> {
        let world = Arc::new(World::new(seed, Weather::of(seed, config)));
        let (books, book) = (Arc::default(), Arc::<Mutex<Book>>::default());
        let shop = Arc::new(Shop::new(&world));
        // The bank is there before the nodes that it notifies.
        let nodes: Arc<Mutex<Option<Arc<Cluster>>>> = Arc::default();
        let notify = notifier(&world, &nodes);
        let providers = Bank::accounts(&world, &books, &notify).into_iter().collect();
        let files = (site.database(), site.keys());
        let cluster = Arc::new(Cluster::new(&world, files, providers, &shop)?);
        *locked(&nodes) = Some(Arc::clone(&cluster));
        let desk =
            Desk { world: Arc::clone(&world), cluster: Arc::clone(&cluster), book: book.clone() };
        for number in 0..config.payments {
            world.spawn(Owner::World, desk.clone().sells(number));
        }
        world.spawn(Owner::World, desk.clone().operates());
        end_of_faults(&desk, &books);
        let eye = Connection::open(site.database())?;
        Ok(Self {
            world,
            cluster,
            books,
            book,
            shop,
            tasks: Vec::new(),
            eye,
            nodes,
            due: Vec::new(),
            stale: true,
            violations: Vec::new(),
            steps: 0,
        })
    }

    fn goes_on_to_its_end(mut self) -> Result<Outcome> {
        while self.violations.is_empty() && self.step()? {
            self.steps += 1;
            if self.steps.is_multiple_of(LOOK_EVERY) {
                self.violations = at_any_moment(&self.cluster)?;
            }
            let is_late = self.world.elapsed_ms() > DAYS_MAX * DAY_MS;
            if self.steps >= STEPS_MAX || is_late {
                self.violate("L4", "does not come to rest");
            }
        }
        if self.violations.is_empty() {
            self.violations = at_rest(&Witnesses {
                world: &self.world,
                cluster: &self.cluster,
                books: &locked(&self.books),
                book: &locked(&self.book),
                heard: &self.shop.heard(),
            })?;
        }
        *locked(&self.nodes) = None;
        Ok(Outcome {
            violations: self.violations,
            history: self.world.history(),
            counts: self.world.counts(),
            virtual_ms: self.world.elapsed_ms(),
            steps: self.steps,
        })
    }

    fn violate(&mut self, property: &'static str, detail: &str) {
        let (about, detail) = (String::new(), detail.to_owned());
        self.violations.push(Violation { property, about, detail });
    }

    /// Does one thing; `false` when there is nothing left to do, ever.
    fn step(&mut self) -> Result<bool> {
        self.world.go_on_to(self.world.now().as_millis());
        self.cluster.start_due()?;
        self.tasks.extend(self.world.take_spawned().into_iter().map(|(owner, work)| Task {
            owner,
            flag: Arc::new(Flag(AtomicBool::new(true))),
            work,
        }));
        if !self.world.is_fair() {
            self.strike()?;
        }
        let ready: Vec<usize> = (0_usize..)
            .zip(&self.tasks)
            .filter(|(_, task)| task.flag.0.load(Ordering::Relaxed))
            .map(|(at, _)| at)
            .collect();
        let writes = usize::from(self.cluster.writes_waiting() > 0);
        let claims = self.claims()?;
        let choices = ready.len() + writes + claims.len();
        if choices == 0 {
            return self.let_time_pass();
        }
        let choice = self.world.chance(|by| by.place(choices));
        if let Some(at) = ready.get(choice) {
            self.go_on_with(*at)?;
        } else if choice < ready.len() + writes {
            self.cluster.write();
        } else if let Some((node, kind)) = claims.get(choice - ready.len() - writes) {
            node.claim(*kind);
        }
        Ok(true)
    }

    /// Jobs that a node may claim now.
    fn claims(&mut self) -> Result<Vec<(Arc<crate::node::Node>, JobKind)>> {
        if self.cluster.has_written() || self.stale {
            self.stale = false;
            let mut statement =
                self.eye.prepare_cached("SELECT kind, MIN(due_at) FROM jobs GROUP BY kind")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.due.clear();
            for row in rows {
                let (kind, due_at): (i64, i64) = row?;
                self.due.extend(JobKind::from_number(kind).map(|kind| (kind, due_at)));
            }
        }
        let now = self.world.now().as_millis();
        let nodes = self.cluster.alive();
        let claims = self.due.iter().flat_map(|(kind, due_at)| {
            nodes
                .iter()
                .filter(move |node| *due_at <= now + node.clock.off_ms() && node.may_claim(*kind))
                .map(move |node| (Arc::clone(node), *kind))
        });
        Ok(claims.collect())
    }

    fn let_time_pass(&mut self) -> Result<bool> {
        let soonest = self.due.iter().map(|(_, due_at)| *due_at).min();
        let seen_at = soonest.and_then(|due_at| self.cluster.sees_at(due_at));
        let next = [self.world.next_timer(), self.cluster.next_start(), seen_at];
        let Some(next) = next.into_iter().flatten().min() else {
            let waiting = self.tasks.len();
            if waiting > 0 {
                self.violate("L4", &format!("{waiting} tasks wait for nothing"));
            }
            return Ok(false);
        };
        // A claim that found nothing must not stand still.
        let now = self.world.now().as_millis();
        self.world.go_on_to(next.max(now + 1));
        self.stale = true;
        Ok(true)
    }

    fn go_on_with(&mut self, at: usize) -> Result<()> {
        let Some(task) = self.tasks.get_mut(at) else { return Ok(()) };
        if let Owner::Node(life) = task.owner {
            let Some(node) = self.cluster.alive().into_iter().find(|node| node.life == life) else {
                self.tasks.swap_remove(at);
                return Ok(());
            };
            if node.must_renew() && !self.cluster.renew(&node)? {
                self.kill(life);
                return Ok(());
            }
        }
        let Some(task) = self.tasks.get_mut(at) else { return Ok(()) };
        task.flag.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.flag));
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(())) => drop(self.tasks.swap_remove(at)),
            Ok(Poll::Pending) => {}
            Err(panic) => {
                let words = panic.downcast_ref::<String>().cloned();
                let word = panic.downcast_ref::<&str>().map(|word| (*word).to_owned());
                let said = words.or(word).unwrap_or_default();
                drop(self.tasks.swap_remove(at));
                self.violate("S11", &format!("a panic: {said}"));
            }
        }
        Ok(())
    }

    /// Deaths, steps of clocks, and the list's keeper, who comes at any time too.
    fn strike(&mut self) -> Result<()> {
        let world = Arc::clone(&self.world);
        let draw = |of: u64| world.chance(|by| by.below(100_000) < of);
        if draw(world.weather.crash) {
            if self.world.chance(|by| by.one_in(3)) {
                self.tasks.retain(|task| task.owner == Owner::World);
                self.cluster.kill_all()?;
                if world.chance(|by| by.one_in(4)) {
                    self.violations.extend(at_any_moment(&self.cluster)?);
                }
            } else if let Some(node) = self.cluster.any() {
                self.kill(node.life);
            }
        }
        if draw(world.weather.clock_jumps) {
            let off = match self.world.chance(|by| by.below(3)) {
                0 => HOUR_MS,
                1 => -HOUR_MS,
                _ => 0,
            };
            self.cluster.set_clock(off);
        }
        if draw(300) {
            self.cluster.catch_up()?;
        }
        Ok(())
    }

    fn kill(&mut self, life: u64) {
        self.cluster.kill(life);
        self.tasks.retain(|task| task.owner != Owner::Node(life));
    }
}

/// Brings what the bank tells to any node that is alive, more than once, late, or never.
fn notifier(world: &Arc<World>, nodes: &Arc<Mutex<Option<Arc<Cluster>>>>) -> Notify {
    let (world, nodes) = (Arc::clone(world), Arc::clone(nodes));
    Arc::new(move |account: &'static str, order: String, told: Told| {
        let weather = &world.weather;
        let surely = told == Told::Surely;
        if !surely && world.strikes("notifications never sent", weather.silent) {
            return;
        }
        let times = 1 + u64::from(world.strikes("notifications doubled", weather.chatty));
        for _ in 0..times {
            let late = world.strikes("notifications late by days", weather.tardy);
            let wait = if late { 3 * 86_400_000 } else { world.chance(|by| by.below(5_000)) };
            let (world, nodes, order) = (Arc::clone(&world), Arc::clone(&nodes), order.clone());
            let inside = Arc::clone(&world);
            world.spawn(Owner::World, async move {
                inside.pause(wait).await;
                while !bring(&inside, &nodes, (account, &order)).await && surely {
                    inside.pause(60_000).await;
                }
            });
        }
    })
}

/// Brings one notification to a node; whether it was taken.
async fn bring(
    world: &World,
    nodes: &Mutex<Option<Arc<Cluster>>>,
    (account, order): (&'static str, &str),
) -> bool {
    let node = locked(nodes).as_ref().and_then(|cluster| cluster.any());
    let Some(node) = node else { return false };
    let parameters = vec![("order".to_owned(), order.to_owned())];
    let (tell, answer) = oneshot::channel();
    world.spawn(Owner::Node(node.life), async move {
        // What is lost here is asked for by plan.
        let _ = tell.send(receive(&node.context, account, parameters).await.is_ok());
    });
    answer.await.unwrap_or(false)
}

/// After a while nothing goes wrong any more; when every bill has run out, an operator settles what
/// no provider tells of.
fn end_of_faults(desk: &Desk, books: &Arc<Mutex<Books>>) {
    let (desk, books) = (desk.clone(), Arc::clone(books));
    let world = Arc::clone(&desk.world);
    let heal = world.chance(|by| by.between(300_000, 7_200_000));
    world.clone().spawn(Owner::World, async move {
        world.pause(heal).await;
        world.clear_up();
        desk.cluster.set_clocks_right();
        nobody_waits_for_a_lost_card(&desk);
        for after in SETTLED_AFTER_MS {
            world.pause(after).await;
            for (payment, operation, done) in to_settle(&desk, &books) {
                desk.clone().settles(payment, operation, done).await;
            }
        }
    });
}

/// L1: cards whose way was lost have ended a while after the faults have, long before the bank gives
/// up on them. A job that was put off by a clock an hour ahead is not looked for.
fn nobody_waits_for_a_lost_card(desk: &Desk) {
    if desk.world.weather.clock_jumps > 0 {
        return;
    }
    let (desk, world) = (desk.clone(), Arc::clone(&desk.world));
    let lost = lost_cards(&desk);
    world.clone().spawn(Owner::World, async move {
        world.pause(LOST_CARD_MS).await;
        for (id, about) in lost_cards(&desk) {
            if lost.contains_key(&id) {
                let detail = format!("{id} waits for the bank's session to end");
                locked(&desk.book).wrong.push(Violation { property: "L1", about, detail });
            }
        }
    });
}

/// All that is kept of every payment; nothing while the store does not answer.
fn all_dossiers(desk: &Desk) -> Vec<Dossier> {
    let Ok(store) = desk.cluster.store() else { return Vec::new() };
    let dossiers = desk.cluster.drive(store.dossiers(None, 10_000));
    dossiers.ok().and_then(Result::ok).unwrap_or_default()
}

/// Payments by card that nobody can go on with, and what the shop calls them.
fn lost_cards(desk: &Desk) -> BTreeMap<OperationId, String> {
    let dossiers = all_dossiers(desk);
    let lost = |operation: &Operation| {
        operation.is_card_opening()
            && matches!(operation.state, OperationState::Unknown | OperationState::Pending)
    };
    let each = dossiers.iter().flat_map(|dossier| {
        let about = dossier.record.payment.reference.as_str();
        let openings = dossier.record.operations.iter().filter(|operation| lost(operation));
        openings.map(move |operation| (operation.id, about.to_owned()))
    });
    each.collect()
}

/// Refunds whose end nobody tells, and how they ended: a person looks into the bank's statement.
fn to_settle(
    desk: &Desk,
    books: &Mutex<Books>,
) -> Vec<((ProjectId, PaymentId), OperationId, bool)> {
    let mut open = Vec::new();
    for dossier in &all_dossiers(desk) {
        let record = &dossier.record;
        let Some(opening) = record.opening() else { continue };
        let number = order_number(opening.id);
        let books = locked(books);
        let order = books.orders().find(|(name, _)| **name == number);
        let mut returned = order.map_or_else(Vec::new, |(_, order)| order.returned.clone());
        let is_refund = |operation: &&Operation| operation.kind == OperationKind::Refund;
        let refunds = || record.operations.iter().filter(is_refund);
        // What the statement has and we know of is left aside.
        for known in refunds().filter(|known| known.state == OperationState::Approved) {
            take(&mut returned, known.amount.minor());
        }
        for operation in refunds() {
            if matches!(operation.state, OperationState::Unknown | OperationState::Pending) {
                let payment = (record.payment.project, record.payment.id);
                let done = take(&mut returned, operation.amount.minor());
                open.push((payment, operation.id, done));
            }
        }
    }
    open
}

/// Takes one of these sums away; whether it was there.
fn take(sums: &mut Vec<i64>, sum: i64) -> bool {
    let at = sums.iter().position(|known| *known == sum);
    at.map(|at| sums.swap_remove(at)).is_some()
}

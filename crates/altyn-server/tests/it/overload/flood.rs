//! Threads that post sales one after another, each another payment, and keep what they were told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale};
use altyn_testkit::harness::eventually;
use altyn_testkit::harness::http::{self, Answer};
use serde_json::Value;

use crate::support::World;

/// What a sale was answered.
#[derive(Clone, Debug)]
pub struct Told {
    /// Of which payment.
    pub id: String,
    /// The HTTP status; 0 when no answer came.
    pub status: u16,
    /// The code of a refusal.
    pub code: String,
    /// `Retry-After`.
    pub again: String,
}

impl Told {
    fn of(id: String, answer: &Answer) -> Self {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        Self {
            id,
            status: answer.status,
            code: body["code"].as_str().unwrap_or_default().to_owned(),
            again: answer.header("retry-after").unwrap_or_default().to_owned(),
        }
    }
}

/// Everything that was answered.
#[derive(Clone, Debug, Default)]
pub struct All {
    /// In the order of the answers.
    pub all: Vec<Told>,
}

impl All {
    /// The payments whose sale was answered so, sorted.
    pub fn ids(&self, status: u16) -> Vec<String> {
        let so = self.all.iter().filter(|one| one.status == status);
        let mut ids: Vec<String> = so.map(|one| one.id.clone()).collect();
        ids.sort();
        ids
    }

    /// How many were taken.
    pub fn taken(&self) -> usize {
        self.ids(200).len()
    }

    /// How many were put off.
    pub fn put_off(&self) -> usize {
        self.ids(503).len()
    }
}

/// The threads; they end with [`Flood::stop`], or when this is dropped.
pub struct Flood {
    told: Arc<Mutex<All>>,
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    /// Begins to post sales of 50 roubles by the first project.
    pub fn start(world: &World, name: &str, threads: usize) -> Self {
        let (told, over) = (Arc::<Mutex<All>>::default(), Arc::<AtomicBool>::default());
        let number = Arc::new(AtomicUsize::new(0));
        let url = world.node.url(ALFA_SALE);
        let thread = |_| {
            let (told, over, number) = (told.clone(), over.clone(), number.clone());
            let (merchant, url, name) = (world.merchant.clone(), url.clone(), name.to_owned());
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let id = format!("{name}-{}", number.fetch_add(1, Ordering::Relaxed));
                    let body = merchant.signed(&alfa_sale(&id, 5_000)).to_string();
                    let one = match http::post_json(&url, body.as_bytes()) {
                        Ok(answer) => Told::of(id, &answer),
                        Err(error) => {
                            Told { id, status: 0, code: error.to_string(), again: String::new() }
                        }
                    };
                    told.lock().unwrap().all.push(one);
                }
            })
        };
        let threads = (0..threads).map(thread).collect();
        Self { told, over, threads }
    }

    /// What was answered so far.
    pub fn told(&self) -> All {
        self.told.lock().unwrap().clone()
    }

    /// Waits until what was answered is so.
    pub fn until(&self, what: &str, is_so: impl Fn(&All) -> bool) {
        eventually(what, || is_so(&self.told.lock().unwrap()).then_some(()));
    }

    /// Ends it; gives what was answered.
    pub fn stop(mut self) -> All {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap();
        }
        self.told()
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

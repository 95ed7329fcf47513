//! A lock on the database that lets everybody read and nobody write a payment.

use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use altyn_testkit::harness::{PATIENCE, Setup};
use tokio_postgres::NoTls;

/// Held by a thread until [`Stall::end`], or until this is dropped.
pub struct Stall {
    end: Option<Sender<()>>,
    holds: Option<JoinHandle<()>>,
}

impl Stall {
    /// Takes the lock.
    pub fn begin(setup: &Setup) -> Self {
        let (end, ended) = mpsc::channel();
        let (tell, locked) = mpsc::channel();
        let folder = setup.database().folder().map(|folder| folder.join("altyn.db"));
        let url = setup.database().url().to_owned();
        let holds = std::thread::spawn(move || match folder {
            Some(path) => {
                let connection = rusqlite::Connection::open(path).unwrap();
                connection.busy_timeout(PATIENCE).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                tell.send(()).unwrap();
                let _ = ended.recv();
                connection.execute_batch("ROLLBACK").unwrap();
            }
            None => {
                let mut runtime = tokio::runtime::Builder::new_multi_thread();
                runtime.worker_threads(1).enable_all().build().unwrap().block_on(async {
                    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
                    tokio::spawn(connection);
                    let lock = "BEGIN; LOCK TABLE payments IN EXCLUSIVE MODE";
                    client.batch_execute(lock).await.unwrap();
                    tell.send(()).unwrap();
                    let _ = ended.recv();
                    client.batch_execute("ROLLBACK").await.unwrap();
                });
            }
        });
        locked.recv().expect("the lock is taken");
        Self { end: Some(end), holds: Some(holds) }
    }

    /// Lets go of it.
    pub fn end(mut self) {
        self.let_go();
    }

    fn let_go(&mut self) {
        drop(self.end.take());
        if let Some(holds) = self.holds.take() {
            let _ = holds.join();
        }
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.let_go();
    }
}

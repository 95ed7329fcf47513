//! Where a run keeps its database: a folder in memory where there is one, with a copy of a database
//! that was made once.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use altyn_app::ports::Store as _;
use altyn_domain::method::{Method, MethodSetting, Scenario};
use altyn_domain::money::BasisPoints;
use altyn_store::KeyRing;
use altyn_store::sqlite::SqliteStore;
use altyn_testkit::build;
use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::bank::{BANK, PARTNER};
use crate::cluster::Cluster;

/// A folder with a database of its own.
pub struct Site {
    folder: TempDir,
    keys: KeyRing,
}

/// What every run begins with.
struct Template {
    folder: TempDir,
    keys: KeyRing,
}

const FILE: &str = "altyn.db";

impl Site {
    /// A fresh copy.
    pub fn new() -> Result<Self> {
        static MADE: Mutex<Option<Template>> = Mutex::new(None);
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let template = match made.take() {
            Some(template) => template,
            None => Template::make()?,
        };
        let folder = folder()?;
        std::fs::copy(template.folder.path().join(FILE), folder.path().join(FILE))?;
        let keys = template.keys.clone();
        *made = Some(template);
        Ok(Self { folder, keys })
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// What opens its secrets.
    pub fn keys(&self) -> KeyRing {
        self.keys.clone()
    }
}

/// Flushes cost nothing in memory, and what they guarantee is tried by killing real processes.
fn folder() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.context("no folder for a database")
}

impl Template {
    fn make() -> Result<Self> {
        let folder = folder()?;
        let keys = KeyRing::parse(&KeyRing::generate_line(1)?)?;
        let (store, mut writer) = Cluster::make_empty(&folder.path().join(FILE), keys.clone())?;
        for number in [1, 2] {
            put_project(&store, &mut writer, number)?;
        }
        // The last connection that closes leaves everything in the one file.
        drop((store, writer));
        Ok(Self { folder, keys })
    }
}

fn put_project(
    store: &SqliteStore,
    writer: &mut altyn_store::sqlite::SqliteWriter,
    number: u32,
) -> Result<()> {
    let mut entry = build::project(number);
    entry.project.test = number == 2;
    entry.project.methods = methods(number)?;
    let mut put = std::pin::pin!(store.put_project(entry, None));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..10 {
        if let std::task::Poll::Ready(done) = put.as_mut().poll(&mut context) {
            return Ok(done?);
        }
        writer.step();
    }
    anyhow::bail!("the project was not written")
}

/// The first project sends payers to the bank, the second bills them.
fn methods(number: u32) -> Result<Vec<MethodSetting>> {
    let scenario = if number == 1 { Scenario::Redirect } else { Scenario::Instruction };
    let carried = [(Method::AlfaClick, BANK), (Method::Card, BANK), (Method::CardPartner, PARTNER)];
    let setting = |(method, account): (Method, &str)| {
        let fee = BasisPoints::new(250).context("a fee")?;
        let scenario = if method == Method::AlfaClick { scenario } else { Scenario::Redirect };
        Ok(MethodSetting { method, account: account.to_owned(), scenario, fee })
    };
    carried.into_iter().map(setting).collect()
}

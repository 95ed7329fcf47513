//! Registers made from a real list in a real folder; the clock is the test's.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use altyn_app::export::{EXPORT_LIFE_MS, ExportFormat};
use altyn_app::listing::ListingFilter;
use altyn_app::ports::Store as _;
use altyn_domain::status::Status;
use altyn_store::sqlite::{Options, SqliteStore};
use altyn_store::{KeyRing, Schema};
use altyn_testkit::build::{self, Shop};
use altyn_testkit::clock::{FakeClock, START};

use super::*;

/// Payments more than a page of the maker's has.
const MANY: usize = 2_003;

struct Stage {
    shop: Shop,
    store: SqliteStore,
    clock: Arc<FakeClock>,
    projects: Arc<Projects>,
    folder: PathBuf,
    stop: watch::Sender<bool>,
    dir: tempfile::TempDir,
}

/// A register that was asked for.
fn asked(created_at: Timestamp) -> Export {
    Export {
        id: 1,
        user: 7,
        filter: ListingFilter::default(),
        format: ExportFormat::Xlsx,
        language: "ru".to_owned(),
        state: ExportState::Making,
        error: None,
        rows: 0,
        expected: None,
        bytes: 0,
        sums: Vec::new(),
        attempts: 0,
        created_at,
        ended_at: None,
        expires_at: created_at.plus_millis(EXPORT_LIFE_MS),
    }
}

impl Stage {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
        let options = Options { schema: Schema::Migrate, ..Options::default() };
        let path = dir.path().join("altyn.db");
        let (store, mut writer) = SqliteStore::open(&path, keys, options).unwrap();
        std::thread::spawn(move || while writer.step_blocking().is_some() {});
        let shop = Shop::open(Arc::new(store.clone())).await;
        let projects = Arc::new(Projects::default());
        projects.refresh(&store).await.unwrap();
        let folder = dir.path().join("registers");
        let (clock, stop) = (Arc::new(FakeClock::default()), watch::Sender::new(false));
        Self { shop, store, clock, projects, folder, stop, dir }
    }

    fn maker(&self, owner: &str) -> Maker {
        Maker {
            listing: Arc::new(self.store.clone()),
            exports: Arc::new(self.store.clone()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            projects: Arc::clone(&self.projects),
            systems: Arc::new(HashMap::from([("alfa".to_owned(), 127)])),
            folder: Folder::new(self.folder.clone()),
            owner: owner.to_owned(),
        }
    }

    async fn catch_up(&self) {
        while self.store.catch_up().await.unwrap() > 0 {}
    }

    /// Asks for a register of everything in the shop's project.
    async fn ask(&self, id: i64, format: ExportFormat) -> Export {
        let projects = vec![self.shop.project.id];
        self.ask_for(id, format, ListingFilter { projects, ..ListingFilter::default() }).await
    }

    async fn ask_for(&self, id: i64, format: ExportFormat, filter: ListingFilter) -> Export {
        let export = Export { id, format, filter, ..asked(self.clock.now()) };
        let entry = build::entry(altyn_app::access::audit::Action::Export);
        self.store.add_export(export.clone(), entry).await.unwrap();
        export
    }

    async fn turn(&self, maker: &Maker) -> Turn {
        let mut never = Timestamp::from_millis(i64::MAX);
        maker.turn(&mut None, &mut never, &self.stop.subscribe()).await.unwrap()
    }

    async fn read(&self, id: i64) -> Export {
        self.store.export(id).await.unwrap().unwrap()
    }

    /// The rows of a register in Russian CSV, without the mark; no field here has a line break.
    fn csv(&self, export: &Export) -> Vec<Vec<String>> {
        let text = fs::read_to_string(self.folder.join(export.file_name())).unwrap();
        text.trim_start_matches('\u{FEFF}').lines().map(fields).collect()
    }

    fn files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The fields of a line, quoted where they must be.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut quoted) = (vec![String::new()], false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let is_pair = quoted && character == '"' && characters.next_if_eq(&'"').is_some();
        match character {
            '"' if !is_pair => quoted = !quoted,
            ';' if !quoted => fields.push(String::new()),
            other => fields.last_mut().unwrap().push(other),
        }
    }
    fields
}

#[tokio::test]
async fn a_register_has_every_row_once_and_their_sums() {
    let stage = Stage::new().await;
    let mut commits = tokio::task::JoinSet::new();
    for number in 0..MANY {
        let (store, (_, changes)) =
            (stage.store.clone(), stage.shop.sale(&format!("order-{number}")));
        commits.spawn(async move { store.commit(changes).await.unwrap() });
    }
    while let Some(done) = commits.join_next().await {
        done.unwrap();
    }
    let paid = stage.shop.paid("=paid").await;
    stage.catch_up().await;
    for (id, format) in (1..).zip(ExportFormat::ALL) {
        stage.ask(id, *format).await;
        assert_eq!(stage.turn(&stage.maker("maker")).await, Turn::Ended);
        let made = stage.read(id).await;
        assert_eq!((made.state, made.error), (ExportState::Ready, None));
        assert_eq!((made.rows, made.expected), (MANY as u64 + 1, Some(MANY as u64 + 1)));
        let file = fs::metadata(stage.folder.join(made.file_name())).unwrap();
        assert_eq!((made.bytes, made.ended_at), (file.len(), Some(stage.clock.now())));
        let [sum] = made.sums.try_into().unwrap();
        let one = paid.payment.amount.minor();
        assert_eq!(sum.count, made.rows);
        assert_eq!(sum.amount_minor, one * i64::try_from(made.rows).unwrap());
        assert_eq!((sum.captured_minor, sum.refunded_minor), (one, 0));
    }
    let rows = stage.csv(&stage.read(1).await);
    let [heading, rows @ .., footer] = rows.as_slice() else { panic!("there are rows") };
    assert_eq!(heading.len(), 17);
    assert_eq!((heading[0].as_str(), heading[1].as_str()), ("Номер платежа", "Создан (МСК)"));
    let mut references: BTreeMap<&str, &Vec<String>> =
        rows.iter().map(|row| (row[3].as_str(), row)).collect();
    assert_eq!(references.len(), rows.len(), "each row once");
    let row = references.remove("'=paid").unwrap();
    assert_eq!(row[0], paid.payment.id.to_string());
    assert_eq!((row[1].as_str(), row[2].as_str()), ("15.01.2027 11:00:00", "Получен"));
    assert_eq!((row[6].as_str(), row[7].as_str()), ("127", "RUB"));
    assert_eq!((&row[8], &row[9], row[10].as_str()), (&row[8], &row[8], "0,00"));
    assert_eq!(row[15], stage.shop.project.name);
    let sum = paid.payment.amount.minor() * (MANY as i64 + 1);
    let sum = format!("{},{:02}", sum / 100, sum % 100);
    assert_eq!((&footer[0], &footer[8]), (&"Итого".to_owned(), &sum));
    assert_eq!(footer[1], (MANY + 1).to_string());
    assert_eq!(stage.files().len(), ExportFormat::ALL.len(), "nothing passing is left");
}

#[tokio::test]
async fn a_register_waits_for_what_there_was_when_it_was_asked_for() {
    let stage = Stage::new().await;
    stage.shop.accepted("order").await;
    stage.ask(1, ExportFormat::CsvRussian).await;
    let (maker, mut held) = (stage.maker("maker"), None);
    let mut sweep_at = Timestamp::default();
    let stop = stage.stop.subscribe();
    for _ in 0..3 {
        let turn = maker.turn(&mut held, &mut sweep_at, &stop).await.unwrap();
        assert_eq!((turn, held.is_some()), (Turn::ListBehind, true));
        // The lease goes on while it waits.
        stage.clock.advance(LEASE_MS - 1);
        assert_eq!(stage.turn(&stage.maker("other")).await, Turn::Idle);
    }
    stage.catch_up().await;
    assert_eq!(maker.turn(&mut held, &mut sweep_at, &stop).await.unwrap(), Turn::Ended);
    let made = stage.read(1).await;
    assert_eq!((made.state, made.rows, made.attempts), (ExportState::Ready, 1, 1));
}

#[test]
fn a_list_that_is_fed_all_the_time_is_waited_for_with_patience() {
    for (waiting, building, waited_ms, ready) in [
        (0, None, 0, true),
        (1, None, 0, false),
        (NEWS_MAX, None, PATIENCE_MS - 1, false),
        (NEWS_MAX, None, PATIENCE_MS, true),
        (NEWS_MAX + 1, None, 100 * PATIENCE_MS, false),
        (0, Some(5), 100 * PATIENCE_MS, false),
    ] {
        let export = asked(START.plus_millis(-waited_ms));
        let caught_up = has_caught_up(Lag { waiting, building }, &export, START);
        assert_eq!(caught_up, ready, "{waiting} {building:?} {waited_ms}");
    }
}

#[tokio::test]
async fn what_xls_cannot_hold_is_refused_before_a_row_is_written() {
    let stage = Stage::new().await;
    stage.shop.accepted("order").await;
    stage.catch_up().await;
    let list = fs::read_dir(stage.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    let is_list = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.contains("listing") && !name.ends_with("-wal") && !name.ends_with("-shm")
    };
    let list = rusqlite::Connection::open(list.into_iter().find(is_list).unwrap()).unwrap();
    let multiply = |count: u32| {
        let columns = "reference, version, status, state, method, account, currency, \
                       amount_minor, captured_minor, refunded_minor, client, email, phone, card, \
                       rrn, created_at, updated_at, refunding_since";
        let sql = format!(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
             INSERT INTO listing (project, id, {columns}) \
             SELECT project, (SELECT max(id) FROM listing) + n, {columns} FROM n, \
             (SELECT * FROM listing LIMIT 1)"
        );
        list.execute(&sql, ()).unwrap();
    };
    multiply(65_534);
    stage.ask(1, ExportFormat::Xls).await;
    assert_eq!(stage.turn(&stage.maker("maker")).await, Turn::Ended);
    let made = stage.read(1).await;
    assert_eq!((made.state, made.rows), (ExportState::Ready, 65_535));
    multiply(1);
    stage.ask(2, ExportFormat::Xls).await;
    assert_eq!(stage.turn(&stage.maker("maker")).await, Turn::Ended);
    let refused = stage.read(2).await;
    assert_eq!(refused.error, Some(ExportError::TooManyRows));
    assert_eq!((refused.state, refused.rows, refused.attempts), (ExportState::Failed, 0, 1));
    assert_eq!(stage.files(), ["register-1.xls"]);
}

#[tokio::test]
async fn a_maker_that_died_is_followed_three_times_at_most() {
    let stage = Stage::new().await;
    stage.shop.accepted("order").await;
    stage.catch_up().await;
    let asked = stage.ask(1, ExportFormat::CsvPlain).await;
    // The first died with half a file.
    let now = stage.clock.now();
    let dead = stage.store.claim_export("dead", now, until(now)).await.unwrap().unwrap();
    fs::create_dir_all(&stage.folder).unwrap();
    fs::write(stage.maker("dead").folder.part(&dead), "half").unwrap();
    assert_eq!(stage.turn(&stage.maker("next")).await, Turn::Idle);
    stage.clock.advance(LEASE_MS);
    assert_eq!(stage.turn(&stage.maker("next")).await, Turn::Ended);
    let made = stage.read(1).await;
    assert_eq!((made.state, made.attempts, made.rows), (ExportState::Ready, 2, 1));
    assert_eq!(made.file_name(), asked.file_name());
    assert_ne!(fs::read_to_string(stage.folder.join(made.file_name())).unwrap(), "half");
    // Three die over the next one.
    stage.ask(2, ExportFormat::CsvPlain).await;
    for _ in 0..ATTEMPTS_MAX {
        let now = stage.clock.now();
        assert!(stage.store.claim_export("dead", now, until(now)).await.unwrap().is_some());
        stage.clock.advance(LEASE_MS);
    }
    assert_eq!(stage.turn(&stage.maker("last")).await, Turn::Ended);
    let failed = stage.read(2).await;
    assert_eq!((failed.state, failed.error), (ExportState::Failed, Some(ExportError::Interrupted)));
    assert_eq!(failed.ended_at, Some(stage.clock.now()));
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said_so() {
    let stage = Stage::new().await;
    stage.catch_up().await;
    fs::write(&stage.folder, "a file where the folder should be").unwrap();
    for (id, format) in (1..).zip(ExportFormat::ALL) {
        stage.ask(id, *format).await;
        assert_eq!(stage.turn(&stage.maker("maker")).await, Turn::Ended);
        let failed = stage.read(id).await;
        assert_eq!((failed.state, failed.error), (ExportState::Failed, Some(ExportError::Storage)));
    }
}

#[tokio::test]
async fn a_node_that_stops_gives_its_register_back() {
    let stage = Stage::new().await;
    stage.shop.accepted("order").await;
    stage.catch_up().await;
    stage.ask(1, ExportFormat::Xlsx).await;
    stage.stop.send_replace(true);
    stage.turn(&stage.maker("stopping")).await;
    assert_eq!(stage.read(1).await.state, ExportState::Making);
    assert_eq!(stage.files(), [""; 0]);
    stage.stop.send_replace(false);
    assert_eq!(stage.turn(&stage.maker("next")).await, Turn::Ended);
    assert_eq!(stage.read(1).await.state, ExportState::Ready);
}

#[tokio::test]
async fn only_what_is_asked_for_is_in_it() {
    let stage = Stage::new().await;
    stage.shop.accepted("waits").await;
    stage.shop.paid("paid").await;
    stage.catch_up().await;
    let filter = ListingFilter {
        projects: vec![stage.shop.project.id],
        statuses: vec![Status::Pending],
        ..ListingFilter::default()
    };
    stage.ask_for(1, ExportFormat::CsvRussian, filter.clone()).await;
    let others = ListingFilter { projects: vec![stage.shop.other.id], ..filter };
    stage.ask_for(2, ExportFormat::CsvRussian, others).await;
    for _ in 0..2 {
        assert_eq!(stage.turn(&stage.maker("maker")).await, Turn::Ended);
    }
    let rows = stage.csv(&stage.read(1).await);
    assert_eq!((rows.len(), rows[1][3].as_str()), (3, "waits"));
    assert_eq!(stage.csv(&stage.read(2).await).len(), 1, "only the heading");
}

#[tokio::test]
async fn what_has_expired_is_thrown_away() {
    let stage = Stage::new().await;
    stage.catch_up().await;
    // Files have the times of the real clock.
    let real = UNIX_EPOCH.elapsed().unwrap().as_millis();
    stage.clock.set(Timestamp::from_millis(i64::try_from(real).unwrap()));
    stage.ask(1, ExportFormat::CsvPlain).await;
    let maker = stage.maker("maker");
    assert_eq!(stage.turn(&maker).await, Turn::Ended);
    let age = |name: &str, hours: u64| {
        let path = stage.folder.join(name);
        let file = fs::File::create(path).unwrap();
        file.set_modified(modified_before(real, hours)).unwrap();
    };
    age("register-7.csv.1.part", 25);
    age("register-8.csv.1.part", 23);
    age("not-ours.csv", 99);
    let (mut sweep_at, stop) = (Timestamp::default(), stage.stop.subscribe());
    maker.turn(&mut None, &mut sweep_at, &stop).await.unwrap();
    assert_eq!(stage.files(), ["not-ours.csv", "register-1.csv", "register-8.csv.1.part"]);
    assert_eq!(sweep_at, stage.clock.now().plus_millis(SWEEP_EVERY_MS));
    stage.clock.advance(EXPORT_LIFE_MS);
    maker.turn(&mut None, &mut sweep_at, &stop).await.unwrap();
    assert_eq!(stage.files(), ["not-ours.csv"]);
    assert_eq!(stage.store.export(1).await.unwrap(), None);
}

fn modified_before(real_ms: u128, hours: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(real_ms).unwrap())
        - Duration::from_secs(hours * 3_600)
}

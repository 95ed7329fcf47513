//! Projects: settings and secrets as they were put.

use std::sync::Arc;

use altyn_app::access::audit::{Action, AuditFilter};
use altyn_app::ports::{CommitError, Conflict};
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::method::Scenario;
use altyn_domain::payment::ReturnUrls;

use super::audit::entry;
use super::{Bench, count};
use crate::build::{SECRET, project, project_id};
use crate::clock::START;

async fn all(bench: &Arc<dyn Bench>) -> Vec<StoredProject> {
    let mut projects = bench.store().projects().await.expect("projects are read");
    projects.sort_by_key(|stored| stored.project.id);
    projects
}

/// Without their versions.
async fn settings(bench: &Arc<dyn Bench>) -> Vec<StoredProject> {
    let bare = |stored| StoredProject { version: 0, ..stored };
    all(bench).await.into_iter().map(bare).collect()
}

/// Puts a project over the one that is stored.
async fn put(bench: &Arc<dyn Bench>, stored: &StoredProject) {
    let before = all(bench).await.into_iter().find(|one| one.project.id == stored.project.id);
    let version = before.map_or(0, |before| before.version);
    let stored = StoredProject { version, ..stored.clone() };
    bench.store().put_project(stored, None).await.expect("a project is put");
}

/// Full and bare, replaced as a whole.
pub async fn projects_read_back_with_their_secrets(bench: Arc<dyn Bench>) {
    assert_eq!(all(&bench).await, []);
    let mut full = project(7);
    full.project.allowed_hosts = vec!["shop.example".to_owned(), "магазин.рф".to_owned()];
    full.project.support = Some("Звоните: 8 800 000-00-00 ☎".to_owned());
    full.project.capture_after_ms = 3_600_000;
    full.project.dialect = CallbackDialect::Paykeeper;
    full.project.notify_email = Some("касса@пример.рф".to_owned());
    full.project.two_stage = true;
    full.previous = Some((Secret::new("прежняя"), START.plus_millis(5)));
    let mut bare = project(u32::MAX);
    bare.project.test = true;
    bare.project.clock_offset_ms = 86_400_000;
    bare.project.callback_url = None;
    bare.project.return_urls = ReturnUrls::default();
    bare.project.methods.clear();
    bare.project.retry_plan = RetryPlan::Pauses(vec![0, 100, 86_400_000]);
    bare.secret = Secret::new("");
    put(&bench, &bare).await;
    put(&bench, &full).await;
    assert_eq!(settings(&bench).await, [full.clone(), bare.clone()]);
    let mut changed = full;
    changed.project.name = String::new();
    changed.project.methods.remove(0);
    for setting in &mut changed.project.methods {
        setting.scenario = Scenario::Instruction;
    }
    changed.project.dialect = CallbackDialect::Ecommpay;
    changed.project.notify_email = None;
    changed.previous = None;
    changed.secret = Secret::new("другая тайна 🦊\n".repeat(50));
    put(&bench, &changed).await;
    assert_eq!(settings(&bench).await, [changed, bare]);
}

/// Whoever reads the database's pages does not read secrets.
pub async fn a_secret_is_not_in_the_database_in_clear(bench: Arc<dyn Bench>) {
    put(&bench, &project(1)).await;
    let previous = Some((Secret::new(SECRET), START));
    put(&bench, &StoredProject { previous, ..project(2) }).await;
    let rows = bench.sql("SELECT * FROM projects").await.expect("projects are read");
    let hexadecimal: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    for cell in rows.iter().flatten().flatten() {
        assert!(!cell.contains(SECRET) && !cell.to_lowercase().contains(&hexadecimal), "{cell}");
    }
    let sealed = bench.sql("SELECT secret FROM projects").await.expect("secrets are read");
    assert_ne!(sealed.first(), sealed.get(1), "equal secrets are sealed differently");
}

/// Caches look at the version alone.
pub async fn the_projects_version_moves_with_every_change(bench: Arc<dyn Bench>) {
    let store = bench.store();
    let mut seen = vec![store.projects_version().await.expect("the version is read")];
    for stored in [project(1), project(2), project(1)] {
        put(&bench, &stored).await;
        let version = store.projects_version().await.expect("the version is read");
        assert!(!seen.contains(&version), "{version} again in {seen:?}");
        let again = store.projects_version().await.expect("the version is read");
        assert_eq!(again, version, "it does not move by itself");
        seen.push(version);
    }
    store.ping().await.expect("the store answers");
}

/// Both secrets read back, whatever else is put with them.
pub async fn a_replaced_secret_is_kept_for_a_while(bench: Arc<dyn Bench>) {
    let mut stored = project(7);
    put(&bench, &stored).await;
    let until = START.plus_millis(86_400_000);
    let before = std::mem::replace(&mut stored.secret, Secret::new("новая тайна"));
    stored.previous = Some((before, until));
    put(&bench, &stored).await;
    assert_eq!(settings(&bench).await, [stored.clone()]);
    stored.project.name = "Лавка".to_owned();
    put(&bench, &stored).await;
    assert_eq!(settings(&bench).await, [stored.clone()]);
    stored.previous = None;
    put(&bench, &stored).await;
    assert_eq!(settings(&bench).await, [stored]);
}

/// Whatever changed it: settings, a secret or its clock. What is refused leaves nothing behind.
pub async fn a_project_that_changed_is_not_written_over(bench: Arc<dyn Bench>) {
    let store = bench.store();
    put(&bench, &project(7)).await;
    let read = || async { all(&bench).await.remove(0) };
    let told = || Some(entry(Action::ChangeProject, "name").in_project(project_id(7)));
    let first = read().await;
    assert_eq!(first.version, 1);
    let mut mine = first.clone();
    mine.project.name = "Моё".to_owned();
    store.put_project(mine.clone(), told()).await.expect("a project is put");
    let after_mine = read().await;
    assert_eq!(after_mine, StoredProject { version: 2, ..mine });
    let seen = store.projects_version().await.expect("the version is read");
    let mut theirs = first.clone();
    theirs.secret = Secret::new("новая тайна");
    for stale in [theirs.clone(), project(7), StoredProject { version: 3, ..theirs }] {
        let refused = store.put_project(stale, told()).await;
        let moved = matches!(refused, Err(CommitError::Conflict(Conflict::VersionMoved)));
        assert!(moved, "{refused:?}");
    }
    assert_eq!(read().await, after_mine);
    assert_eq!(store.projects_version().await.expect("the version is read"), seen);
    assert_eq!(count(&bench, "SELECT count(*) FROM audit").await, 1);

    store.advance_clock(project_id(7), 1_000, None).await.expect("the clock is moved");
    let refused = store.put_project(after_mine, told()).await;
    assert!(refused.is_err(), "its clock would go back: {refused:?}");
    assert_eq!(read().await.project.clock_offset_ms, 1_000);
}

/// However many read the same.
pub async fn of_many_who_change_a_project_one_does(bench: Arc<dyn Bench>) {
    put(&bench, &project(7)).await;
    let read = all(&bench).await.remove(0);
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (store, mut mine) = (bench.store(), read.clone());
            mine.project.name = format!("{number}");
            tokio::spawn(async move { store.put_project(mine, None).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.expect("it does not panic").is_ok());
    }
    assert_eq!(done, 1);
    assert_eq!(all(&bench).await.remove(0).version, 2);
}

/// Neither without the other.
pub async fn a_clock_and_its_entry_are_moved_together(bench: Arc<dyn Bench>) {
    let store = bench.store();
    put(&bench, &project(7)).await;
    let told = || Some(entry(Action::MoveClock, "forward").in_project(project_id(7)));
    let moved = store.advance_clock(project_id(7), 1_000, told()).await;
    assert_eq!(moved.expect("the clock is moved"), Some(1_000));
    let nobody = store.advance_clock(project_id(8), 1_000, told()).await;
    assert_eq!(nobody.expect("the store answers"), None);
    let log = "SELECT count(*) FROM audit WHERE action = 'move_clock'";
    assert_eq!(count(&bench, log).await, 1);
    bench.sql("ALTER TABLE audit RENAME TO no_audit").await.expect("the log is taken away");
    let failed = store.advance_clock(project_id(7), 1_000, told()).await;
    assert!(failed.is_err(), "{failed:?}");
    bench.sql("ALTER TABLE no_audit RENAME TO audit").await.expect("the log is there again");
    assert_eq!(all(&bench).await.remove(0).project.clock_offset_ms, 1_000);
}

/// The log tells of what was put, and of nothing that was not.
pub async fn a_project_and_its_entry_are_put_together(bench: Arc<dyn Bench>) {
    let log = "SELECT count(*) FROM audit WHERE action = 'change_project'";
    put(&bench, &project(7)).await;
    assert_eq!(count(&bench, log).await, 0);
    let told = entry(Action::ChangeProject, "name").in_project(project_id(7));
    let stored = all(&bench).await.remove(0);
    bench.store().put_project(stored, Some(told.clone())).await.expect("a project is put");
    let filter = AuditFilter { limit: 9, ..AuditFilter::default() };
    let entries = bench.access().audit_entries(&filter).await.expect("the log is read");
    assert_eq!(entries.iter().map(|stored| &stored.entry).collect::<Vec<_>>(), [&told]);
}

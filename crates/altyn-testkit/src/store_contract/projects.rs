//! Projects: settings and secrets as they were put.

use std::sync::Arc;

use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::callback::RetryPlan;
use altyn_domain::method::Scenario;
use altyn_domain::payment::ReturnUrls;

use super::Bench;
use crate::build::{SECRET, project};

async fn all(bench: &Arc<dyn Bench>) -> Vec<StoredProject> {
    let mut projects = bench.store().projects().await.expect("projects are read");
    projects.sort_by_key(|stored| stored.project.id);
    projects
}

async fn put(bench: &Arc<dyn Bench>, stored: &StoredProject) {
    bench.store().put_project(stored.clone()).await.expect("a project is put");
}

/// Full and bare, replaced as a whole.
pub async fn projects_read_back_with_their_secrets(bench: Arc<dyn Bench>) {
    assert_eq!(all(&bench).await, []);
    let mut full = project(7);
    full.project.allowed_hosts = vec!["shop.example".to_owned(), "магазин.рф".to_owned()];
    full.project.support = Some("Звоните: 8 800 000-00-00 ☎".to_owned());
    full.project.capture_after_ms = 3_600_000;
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
    assert_eq!(all(&bench).await, [full.clone(), bare.clone()]);
    let mut changed = full;
    changed.project.name = String::new();
    changed.project.methods.remove(0);
    for setting in &mut changed.project.methods {
        setting.scenario = Scenario::Instruction;
    }
    changed.secret = Secret::new("другая тайна 🦊\n".repeat(50));
    put(&bench, &changed).await;
    assert_eq!(all(&bench).await, [changed, bare]);
}

/// Whoever reads the database's pages does not read secrets.
pub async fn a_secret_is_not_in_the_database_in_clear(bench: Arc<dyn Bench>) {
    put(&bench, &project(1)).await;
    put(&bench, &project(2)).await;
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

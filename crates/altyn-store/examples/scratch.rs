//! Scratch.
#![allow(clippy::all, clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout, clippy::allow_attributes)]
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicBool, Ordering};
use std::time::{Duration, Instant};
use altyn_app::ports::Store;
use altyn_store::sqlite::*;
use altyn_store::*;
use altyn_testkit::build;
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let secs: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    for clients in [64usize, 256, 1, 64, 256] {
        let path = std::path::Path::new(&dir).join(format!("b{clients}.db"));
        for e in ["", "-wal", "-shm"] { let _ = std::fs::remove_file(format!("{}{e}", path.display())); }
        let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
        let (store, mut writer) = SqliteStore::open(&path, keys, Options { schema: Schema::Migrate, ..Options::default() }).unwrap();
        let stats = Arc::new((AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0)));
        let s2 = stats.clone();
        let th = std::thread::spawn(move || while let Some(r) = writer.step_blocking() {
            s2.0.fetch_add(1, Ordering::Relaxed); s2.1.fetch_add(r.commands as u64, Ordering::Relaxed);
            s2.2.fetch_max(r.log_pages as u64, Ordering::Relaxed); s2.3.fetch_add(u64::from(r.log_restarted), Ordering::Relaxed);
        });
        let mut cp = store.checkpointer().unwrap();
        let stop = Arc::new(AtomicBool::new(false)); let stop2 = stop.clone();
        let cpt = std::thread::spawn(move || while !stop2.load(Ordering::Relaxed) { std::thread::sleep(Duration::from_millis(200)); let _ = cp.step(); });
        let rt = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let project = Arc::new(build::project(42).project);
        let start = Instant::now();
        let (done, mut lat) = rt.block_on(async {
            let mut tasks = vec![];
            for c in 0..clients {
                let (store, project) = (store.clone(), project.clone());
                tasks.push(tokio::spawn(async move {
                    let mut lat = vec![]; let mut n = 0u64;
                    while start.elapsed() < Duration::from_secs(secs) {
                        let mut r = build::sale_request(&format!("order-{:x}-{c}-{n}", (n ^ (c as u64) << 32).wrapping_mul(0x9E3779B97F4A7C15)));
                        r.details.callback = Default::default();
                        let (_, changes) = build::sale_of(&project, r);
                        let t = Instant::now();
                        store.commit(changes).await.unwrap();
                        lat.push(t.elapsed().as_micros() as u64); n += 1;
                    }
                    (n, lat)
                }));
            }
            let mut total = 0; let mut all = vec![];
            for t in tasks { let (n, l) = t.await.unwrap(); total += n; all.extend(l); }
            (total, all)
        });
        let el = start.elapsed();
        stop.store(true, Ordering::Relaxed);
        lat.sort();
        println!("{clients:>4} clients: {:>7.0}/s p50 {:.2} ms p99 {:.2} ms max {:.0} ms; batches {} avg {:.0}; log max {} restarts {}", done as f64 / el.as_secs_f64(),
            lat[lat.len()/2] as f64/1e3, lat[lat.len()*99/100] as f64/1e3, *lat.last().unwrap() as f64/1e3,
            stats.0.load(Ordering::Relaxed), done as f64 / stats.0.load(Ordering::Relaxed) as f64, stats.2.load(Ordering::Relaxed), stats.3.load(Ordering::Relaxed));
        let _ = cpt.join();
        drop(store); drop(rt); let _ = th.join();
        let size = std::fs::metadata(&path).unwrap().len(); println!("      {} bytes a payment", size / done.max(1));
    }
}

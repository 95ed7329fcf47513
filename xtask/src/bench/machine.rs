//! What the figures were measured on.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::{Bench, database};

/// The machine and the versions.
pub struct Machine {
    pub cores: usize,
    pub cpu: String,
    pub memory: String,
    pub kernel: String,
    pub disk: String,
    pub altyn: String,
    pub revision: String,
    pub sqlite: &'static str,
    pub postgres: Option<String>,
}

/// Looks at it.
pub async fn look(root: &Path, bench: &Bench) -> Result<Machine> {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
        value.unwrap_or("unknown").to_owned()
    };
    let postgres = match &bench.postgres {
        Some(server) => Some(database::server_version(server).await?),
        None => None,
    };
    let git = |arguments: &[&str]| said(Command::new("git").args(arguments).current_dir(root));
    let dirty = git(&["status", "--porcelain"]).is_some_and(|text| !text.is_empty());
    let revision = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    Ok(Machine {
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        cpu: value(&file("/proc/cpuinfo"), "model name"),
        memory: value(&file("/proc/meminfo"), "MemTotal"),
        kernel: file("/proc/sys/kernel/osrelease").trim().to_owned(),
        disk: file_system(&file("/proc/mounts"), bench.dir.path()),
        altyn: said(Command::new(&bench.altyn).arg("--version")).unwrap_or_default(),
        revision: if dirty { format!("{revision} with changes") } else { revision },
        sqlite: rusqlite::version(),
        postgres,
    })
}

fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The file system a folder is on: a disk in memory flushes nothing.
fn file_system(mounts: &str, path: &Path) -> String {
    mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (at, kind) = (words.next()?, words.next()?);
            path.starts_with(at).then_some((at.len(), kind))
        })
        .max_by_key(|(length, _)| *length)
        .map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/x")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/temp/x")), "ext4");
        assert_eq!(file_system("", Path::new("/x")), "unknown");
    }
}

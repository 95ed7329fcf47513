//! What processes used, from `/proc`: processor time, memory, bytes written.

use anyhow::{Context as _, Result};

/// Microseconds in one tick of `/proc/PID/stat`: the kernel shows hundredths of a second there.
const TICK_US: u64 = 10_000;

/// Processor time, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// In programs.
    pub user: u64,
    /// In the kernel on their behalf.
    pub kernel: u64,
}

impl Cpu {
    /// Both.
    pub const fn total(self) -> u64 {
        self.user + self.kernel
    }

    fn of_ticks(user: u64, kernel: u64) -> Self {
        Self { user: user * TICK_US, kernel: kernel * TICK_US }
    }
}

/// Processor time of a process with all its threads.
pub fn cpu(pid: u32) -> Result<Cpu> {
    let stat = Stat::read(pid)?;
    Ok(Cpu::of_ticks(stat.user, stat.system))
}

/// Processor time of a process and its children, those that have ended included.
pub fn cpu_with_children(pid: u32) -> Result<Cpu> {
    let own = Stat::read(pid)?;
    let (mut user, mut kernel) = (own.user + own.ended_user, own.system + own.ended_system);
    for entry in std::fs::read_dir("/proc").context("cannot list /proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may end while we look; then its time is among the ended ones next time.
        if let Ok(stat) = Stat::read(child)
            && stat.parent == pid
        {
            user += stat.user;
            kernel += stat.system;
        }
    }
    Ok(Cpu::of_ticks(user, kernel))
}

/// Who started a process.
pub fn parent(pid: u32) -> Result<u32> {
    Stat::read(pid).map(|stat| stat.parent)
}

/// What a process holds in memory now, MB.
pub fn resident_mb(pid: u32) -> Result<f64> {
    of_status(pid, "VmRSS:")
}

/// The most it ever held, MB.
pub fn resident_peak_mb(pid: u32) -> Result<f64> {
    of_status(pid, "VmHWM:")
}

/// Forgets the most it held so far.
pub fn forget_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    std::fs::write(&path, "5").with_context(|| format!("cannot write {path}"))
}

/// Bytes a process caused to be written to disk, if the kernel counts them.
pub fn written(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("write_bytes: "))?.trim().parse().ok()
}

fn of_status(pid: u32, key: &str) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let kib: f64 = line
        .and_then(|line| line.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .with_context(|| format!("{path} does not tell {key}"))?;
    Ok(kib * 1_024.0 / 1_000_000.0)
}

struct Stat {
    parent: u32,
    user: u64,
    system: u64,
    ended_user: u64,
    ended_system: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        Self::parse(&text).with_context(|| format!("{path} is not understood"))
    }

    /// The name in brackets may hold anything, so everything is counted from its end.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(") ")?;
        let field = |at: usize| fields.split(' ').nth(at)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(field(1)?).ok()?,
            user: field(11)?,
            system: field(12)?,
            ended_user: field(13)?,
            ended_system: field(14)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Stat;

    #[test]
    fn fields_are_counted_from_the_end_of_the_name() {
        let text = "42 (a) b) S 7 1 1 0 -1 0 0 0 0 0 11 12 13 14 20 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.parent, stat.user, stat.system), (7, 11, 12));
        assert_eq!((stat.ended_user, stat.ended_system), (13, 14));
    }

    #[test]
    fn this_process_uses_memory() {
        let own = std::process::id();
        let (now, peak) = (super::resident_mb(own).unwrap(), super::resident_peak_mb(own).unwrap());
        assert!(now > 0.0 && peak >= now * 0.9, "{now} {peak}");
    }
}

//! What processes used, from `/proc`: processor time, memory, bytes written.

use anyhow::{Context as _, Result};

/// Microseconds in one tick of `/proc/PID/stat`: the kernel shows hundredths of a second there.
const TICK_US: u64 = 10_000;

/// Processor time of a process with all its threads, microseconds.
pub fn cpu_us(pid: u32) -> Result<u64> {
    let stat = Stat::read(pid)?;
    Ok((stat.user + stat.system) * TICK_US)
}

/// Processor time of a process and its children, those that have ended included.
pub fn cpu_us_with_children(pid: u32) -> Result<u64> {
    let own = Stat::read(pid)?;
    let mut ticks = own.user + own.system + own.ended_children;
    for entry in std::fs::read_dir("/proc").context("cannot list /proc")?.flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may end while we look; then its time is among the ended ones next time.
        if let Ok(stat) = Stat::read(child)
            && stat.parent == pid
        {
            ticks += stat.user + stat.system;
        }
    }
    Ok(ticks * TICK_US)
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
    ended_children: u64,
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
            ended_children: field(13)? + field(14)?,
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
        assert_eq!((stat.parent, stat.user, stat.system, stat.ended_children), (7, 11, 12, 27));
    }

    #[test]
    fn this_process_uses_memory() {
        let own = std::process::id();
        let (now, peak) = (super::resident_mb(own).unwrap(), super::resident_peak_mb(own).unwrap());
        assert!(now > 0.0 && peak >= now * 0.9, "{now} {peak}");
    }
}

//! How many files this process may open: as many as the system lets it, and connections get their
//! part of them.
//!
//! Systems start processes with 1,024 and let them ask for far more. Whoever opens connections
//! until there are none left would otherwise keep the store, too, from opening its files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Of four files three may be connections; the rest is for the store, providers and callbacks.
const PARTS: u64 = 4;
const FOR_CONNECTIONS: u64 = 3;

/// Raises the limit, and gives the connections that may be held: those wanted, or fewer.
pub fn connections(wanted: u32) -> u32 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current };
    let held = share(files, wanted);
    if held < wanted {
        tracing::warn!(wanted, held, "the system's limit of open files allows fewer connections");
    }
    held
}

fn share(files: Option<u64>, wanted: u32) -> u32 {
    let most = files.map_or(u64::MAX, |files| files / PARTS * FOR_CONNECTIONS);
    wanted.min(u32::try_from(most).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_others() {
        for (files, wanted, held) in [
            (None, 20_000, 20_000),
            (Some(1_048_576), 20_000, 20_000),
            (Some(20_000), 20_000, 15_000),
            (Some(1_024), 20_000, 768),
            (Some(1_024), 100, 100),
            (Some(u64::MAX), u32::MAX, u32::MAX),
        ] {
            assert_eq!(share(files, wanted), held, "{files:?}");
        }
    }
}

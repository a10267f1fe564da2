//! The generator about itself. In: the system's own counters; out: limits and use of processors, memory and
//! descriptors. Invariant: what cannot be read is left out of judgement, never taken for good news.

mod capacity;
mod offer;

pub use capacity::Capacity;
pub use offer::Offer;

use rustix::process::{Resource, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::time::Duration;

/// Processor time of the calling thread so far.
pub(super) fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Processors that the process may use: those of its affinity, or the cgroup's quota where that is less.
pub fn processors() -> f64 {
    let cores = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
    quota().map_or(cores, |quota| quota.min(cores))
}

/// The cgroup's processor quota (version 2), in processors.
fn quota() -> Option<f64> {
    let text = fs::read_to_string(cgroup()?.join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

/// How often the cgroup's quota has stopped the process so far; 0 where that cannot be read.
pub(super) fn throttled() -> u64 {
    let read = || {
        let text = fs::read_to_string(cgroup()?.join("cpu.stat")).ok()?;
        let line = text.lines().find(|l| l.starts_with("nr_throttled "))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    read().unwrap_or(0)
}

fn cgroup() -> Option<std::path::PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let path = text
        .lines()
        .find_map(|l| l.strip_prefix("0::/"))?
        .to_owned();
    Some(std::path::Path::new("/sys/fs/cgroup").join(path))
}

/// The most memory that was resident, in bytes; 0 where that cannot be read.
pub(super) fn peak_memory() -> u64 {
    let read = || {
        let text = fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    };
    read().unwrap_or(0) * 1024
}

/// Raises the limit on open files as far as it goes without privileges, and says where it is.
fn descriptors() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current < limit.maximum {
        limit.current = limit.maximum;
        // Refused in some sandboxes: then the limit stays, and the plan says what fits.
        setrlimit(Resource::Nofile, limit).ok();
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_answers() {
        assert!(processors() > 0.0);
        assert!(descriptors() > 0);
        let before = thread_cpu();
        assert!((0..1_000_000u64).map(std::hint::black_box).sum::<u64>() > 0);
        assert!(thread_cpu() >= before);
        if cfg!(target_os = "linux") {
            assert!(peak_memory() > 1_000_000);
        }
    }
}

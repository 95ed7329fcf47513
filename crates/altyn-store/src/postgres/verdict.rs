//! Which changesets of a batch may be written: decided in memory, once the rows are locked.

use std::collections::HashMap;

use altyn_app::jobs::{JobEnd, JobNext};
use altyn_app::ports::Conflict;

use crate::convert::write_set::{PaymentChange, WriteSet};

/// Project and id of a payment, or kind and subject of a job.
pub(super) type Key = (i64, i64);

/// What becomes of a changeset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is written.
    Kept,
    /// Nothing of it is written.
    Refused(Conflict),
    /// Another of this batch, at this place, is in its way. When that one is written, this one is
    /// refused for the reason given; when not, it must be looked at again.
    Behind(usize, Conflict),
}

/// A job as it stands under our lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StandingJob {
    pub(super) owner: Option<String>,
    pub(super) due_at: i64,
    pub(super) wakes: i64,
    pub(super) woken_for: Option<i64>,
}

/// The rows a batch depends on, as they stand under our lock.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Payments' versions.
    pub(super) versions: HashMap<Key, i64>,
    /// Jobs.
    pub(super) jobs: HashMap<Key, StandingJob>,
}

/// The payment that a changeset changes.
pub(super) fn changed_payment(set: &WriteSet) -> Option<(Key, i64)> {
    match &set.payment {
        Some(PaymentChange::Changed { row, expected_version }) => {
            Some(((row.project, row.id), *expected_version))
        }
        Some(PaymentChange::New(_)) | None => None,
    }
}

/// The job that a changeset ends.
pub(super) fn ended_job(end: &JobEnd) -> Key {
    (end.job.kind.number(), end.job.subject)
}

/// Looks at each changeset in turn; of two that are after the same row, the first may pass.
pub(super) fn judge(sets: &[&WriteSet], standing: &Standing) -> Vec<Verdict> {
    let mut payments: HashMap<Key, usize> = HashMap::new();
    let mut jobs: HashMap<Key, usize> = HashMap::new();
    let mut verdicts = Vec::with_capacity(sets.len());
    for (at, set) in sets.iter().enumerate() {
        let payment = changed_payment(set);
        let job = set.job_end.as_ref().map(ended_job);
        let verdict = if let Some(conflict) = conflict_of(set, standing) {
            Verdict::Refused(conflict)
        } else if let Some(first) = payment.and_then(|(key, _)| payments.get(&key)) {
            Verdict::Behind(*first, Conflict::VersionMoved)
        } else if let Some(first) = job.and_then(|key| jobs.get(&key)) {
            Verdict::Behind(*first, Conflict::LeaseLost)
        } else {
            payments.extend(payment.map(|(key, _)| (key, at)));
            jobs.extend(job.map(|key| (key, at)));
            Verdict::Kept
        };
        verdicts.push(verdict);
    }
    verdicts
}

fn conflict_of(set: &WriteSet, standing: &Standing) -> Option<Conflict> {
    if let Some(end) = &set.job_end {
        let lease = &end.job.lease;
        let ours = standing.jobs.get(&ended_job(end)).is_some_and(|job| {
            job.owner.as_deref() == Some(&lease.owner) && job.due_at == lease.until.as_millis()
        });
        if !ours {
            return Some(Conflict::LeaseLost);
        }
    }
    let (key, expected) = changed_payment(set)?;
    (standing.versions.get(&key) != Some(&expected)).then_some(Conflict::VersionMoved)
}

/// What an ended job becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JobFate {
    /// It is removed.
    Removed,
    /// It is due again.
    PutOff { due_at: i64, error: Option<String> },
}

/// What becomes of the job that a kept changeset ends.
///
/// A job that asks for an outcome and brought none, woken while it asked, is not done: the wake
/// may be a notification that came after the answer.
pub(super) fn fate(end: &JobEnd, set: &WriteSet, job: Option<&StandingJob>) -> JobFate {
    let woken = job.is_some_and(|job| job.wakes != end.job.wakes);
    let woken_for = job.and_then(|job| job.woken_for);
    match &end.next {
        JobNext::Done if woken && end.job.kind.heeds_wakes() && set.payment.is_none() => {
            JobFate::PutOff { due_at: woken_for.unwrap_or(0), error: None }
        }
        JobNext::Done => JobFate::Removed,
        JobNext::Again { due_at, error } => {
            let asked = due_at.as_millis();
            let due_at = woken_for.map_or(asked, |woken_for| woken_for.min(asked));
            JobFate::PutOff { due_at, error: error.clone() }
        }
    }
}

#[cfg(test)]
mod tests {
    use altyn_app::changeset::{Changeset, PaymentWrite};
    use altyn_app::jobs::{Job, JobKind, Lease};
    use altyn_domain::id::{PaymentId, ProjectId};
    use altyn_domain::time::Timestamp;
    use altyn_testkit::build::{payment_of, project, sale_request};

    use super::*;

    fn change(payment: i64, expected_version: i64) -> WriteSet {
        let (mut record, _) = payment_of(&project(1).project, sale_request("a"));
        record.payment.id = PaymentId::new(payment);
        let payment =
            Some(PaymentWrite::Changed { payment: Box::new(record.payment), expected_version });
        WriteSet::of(Changeset { payment, ..Changeset::default() }).unwrap()
    }

    fn job(kind: JobKind, wakes: i64) -> Job {
        Job {
            kind,
            subject: 9,
            project: ProjectId::new(1).unwrap(),
            payment: PaymentId::new(1),
            lane: 0,
            attempts: 0,
            lease: Lease { owner: "me".to_owned(), until: Timestamp::from_millis(100) },
            wakes,
        }
    }

    fn ends(end: JobEnd) -> WriteSet {
        WriteSet::of(Changeset { job_end: Some(end), ..Changeset::default() }).unwrap()
    }

    fn standing(version: i64, job: StandingJob) -> Standing {
        Standing {
            versions: HashMap::from([((1, 5), version), ((1, 6), version)]),
            jobs: HashMap::from([((JobKind::AskOutcome.number(), 9), job)]),
        }
    }

    const HELD: fn() -> StandingJob =
        || StandingJob { owner: Some("me".to_owned()), due_at: 100, wakes: 0, woken_for: None };

    fn verdicts(sets: &[WriteSet], standing: &Standing) -> Vec<Verdict> {
        judge(&sets.iter().collect::<Vec<_>>(), standing)
    }

    #[test]
    fn the_first_of_two_that_may_pass_stands_before_the_second() {
        let sets = [change(5, 2), change(5, 3), change(5, 3), change(6, 3), change(7, 3)];
        assert_eq!(
            verdicts(&sets, &standing(3, HELD())),
            [
                Verdict::Refused(Conflict::VersionMoved),
                Verdict::Kept,
                Verdict::Behind(1, Conflict::VersionMoved),
                Verdict::Kept,
                Verdict::Refused(Conflict::VersionMoved),
            ]
        );
    }

    #[test]
    fn a_lease_is_its_owner_and_its_end() {
        let end = || job(JobKind::AskOutcome, 0).done();
        let lost = Verdict::Refused(Conflict::LeaseLost);
        let cases = [
            (HELD(), Verdict::Kept),
            (StandingJob { owner: None, ..HELD() }, lost),
            (StandingJob { owner: Some("you".to_owned()), ..HELD() }, lost),
            (StandingJob { due_at: 101, ..HELD() }, lost),
        ];
        for (job, expected) in cases {
            assert_eq!(verdicts(&[ends(end())], &standing(3, job)), [expected]);
        }
        assert_eq!(
            verdicts(&[ends(end()), ends(end())], &standing(3, HELD())),
            [Verdict::Kept, Verdict::Behind(0, Conflict::LeaseLost)]
        );
    }

    #[test]
    fn a_wake_brings_forward_what_is_put_off_and_keeps_an_unanswered_question() {
        let woken = StandingJob { wakes: 1, woken_for: Some(40), ..HELD() };
        let at = Timestamp::from_millis;
        let put_off = |due_at| JobFate::PutOff { due_at, error: None };
        let ask = job(JobKind::AskOutcome, 0);
        let (call, expire) = (job(JobKind::CallProvider, 0), job(JobKind::ExpireClarification, 0));
        for (end, job, expected) in [
            (ask.again(at(50), None), HELD(), put_off(50)),
            (ask.again(at(50), None), woken.clone(), put_off(40)),
            (ask.again(at(30), None), woken.clone(), put_off(30)),
            (ask.done(), HELD(), JobFate::Removed),
            (ask.done(), woken.clone(), put_off(40)),
            (call.done(), woken.clone(), put_off(40)),
            (expire.done(), woken, JobFate::Removed),
        ] {
            let set = ends(end.clone());
            assert_eq!(fate(&end, &set, Some(&job)), expected, "{end:?}");
        }
    }
}

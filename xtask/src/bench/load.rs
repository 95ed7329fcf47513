//! The load generator: one thread, many keep-alive HTTP/1.1 connections, one request at a time on
//! each; the next goes out when the answer is in, or when its time has come. Kept light, because it
//! runs on the cores it measures.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use hdrhistogram::Histogram;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

use super::now;

/// How long answers may still come after the load has ended.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The longest answer understood.
const ANSWER_MAX_BYTES: usize = 64 * 1_024;
/// The longest latency told apart, microseconds.
const LATENCY_MAX_US: u64 = 60_000_000;

/// Where requests come from.
pub trait Requests: Send + Sync {
    /// Puts the next whole request into `buffer`, which holds what it was left with by the last
    /// call from the same connection; false when there is none left.
    fn next(&self, buffer: &mut Vec<u8>) -> bool;

    /// Is told each request that was answered 200.
    fn answered(&self, _request: &[u8]) {}
}

/// The same request again and again.
pub struct Same(pub Vec<u8>);

impl Requests for Same {
    fn next(&self, buffer: &mut Vec<u8>) -> bool {
        if buffer.is_empty() {
            buffer.extend_from_slice(&self.0);
        }
        true
    }
}

/// How to load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub address: SocketAddr,
    pub connections: usize,
    pub arrivals: Arrivals,
    /// Load that is not counted in rates and latencies.
    pub warm_up: Duration,
    /// Load that is; it ends earlier when the requests do.
    pub length: Duration,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug)]
pub enum Arrivals {
    /// Each as soon as the last one on its connection is answered.
    AtOnce,
    /// So many a second, whether or not the ones before are answered. Where every connection is
    /// busy, the wait for one counts as latency; the timer's own lateness does not.
    PerSecond(u32),
}

/// What came of it.
pub struct Outcome {
    /// Answers with status 200, the warm-up's included.
    pub answered: u64,
    /// Other answers, and connections that broke.
    pub errors: u64,
    /// Of those the connections.
    pub broken: u64,
    /// Answers with status 503, which are among the errors.
    pub put_off: u64,
    /// The first of those.
    pub first_error: Option<String>,
    /// Answers with status 200 a second.
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// From the first request to the last answer.
    pub took: Duration,
}

/// The plan of arrivals, shared by the connections.
struct Schedule {
    begins: Instant,
    pause: Option<Duration>,
    taken: Cell<u32>,
}

impl Schedule {
    fn new(arrivals: Arrivals, begins: Instant) -> Self {
        let pause = match arrivals {
            Arrivals::AtOnce => None,
            Arrivals::PerSecond(rate) => Duration::from_secs(1).checked_div(rate),
        };
        Self { begins, pause, taken: Cell::new(0) }
    }

    /// Waits for the next turn that nobody has, and gives the moment from which it is late.
    async fn turn(&self) -> Instant {
        let Some(pause) = self.pause else { return now() };
        let number = self.taken.replace(self.taken.get() + 1);
        let due = self.begins + pause * number;
        if due <= now() {
            return due;
        }
        tokio::time::sleep_until(due.into()).await;
        now()
    }
}

struct Tally {
    opens: Instant,
    closes: Instant,
    last: Instant,
    answered: u64,
    counted: u64,
    errors: u64,
    broken: u64,
    put_off: u64,
    first_error: Option<String>,
    latency: Histogram<u64>,
}

/// Loads on a thread of its own.
pub async fn run(load: Load, requests: Arc<dyn Requests>) -> Result<Outcome> {
    let (tell, told) = oneshot::channel();
    std::thread::Builder::new()
        .name("generator".to_owned())
        .spawn(move || {
            // Nobody listens any more only when the whole run is being stopped.
            let _ = tell.send(generate(load, &requests));
        })
        .context("the generator's thread could not be started")?;
    told.await.map_err(|_| anyhow!("the generator ended early"))?
}

fn generate(load: Load, requests: &Arc<dyn Requests>) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = now();
    let opens = begun + load.warm_up;
    let tally = Rc::new(RefCell::new(Tally {
        opens,
        closes: opens + load.length,
        last: opens,
        answered: 0,
        counted: 0,
        errors: 0,
        broken: 0,
        put_off: 0,
        first_error: None,
        latency: Histogram::new_with_bounds(1, LATENCY_MAX_US, 3).context("no histogram")?,
    }));
    let schedule = Rc::new(Schedule::new(load.arrivals, begun));
    let all = load.warm_up + load.length + PATIENCE;
    let local = LocalSet::new();
    let late = runtime.block_on(local.run_until(async {
        let drives: Vec<_> = (0..load.connections)
            .map(|_| {
                let (tally, requests) = (Rc::clone(&tally), Arc::clone(requests));
                let schedule = Rc::clone(&schedule);
                tokio::task::spawn_local(async move {
                    if let Err(error) = drive(load, requests.as_ref(), &schedule, &tally).await {
                        let mut tally = tally.borrow_mut();
                        tally.broken += 1;
                        tally.fail(format!("a connection broke: {error}"));
                    }
                })
            })
            .collect();
        let joined = async {
            for drive in drives {
                let _ = drive.await;
            }
        };
        tokio::time::timeout(all, joined).await.is_err()
    }));
    let mut tally = tally.borrow_mut();
    if late {
        tally.fail(format!("answers were missing {} s after the end", PATIENCE.as_secs()));
    }
    Ok(tally.outcome(begun))
}

impl Tally {
    fn count(&mut self, began: Instant, ended: Instant, status: u16) {
        self.last = self.last.max(ended);
        if status != 200 {
            self.put_off += u64::from(status == 503);
            self.fail(format!("an answer had the status {status}"));
            return;
        }
        self.answered += 1;
        if ended >= self.opens && ended <= self.closes {
            self.counted += 1;
            let micros = ended.saturating_duration_since(began).as_micros();
            self.latency.saturating_record(u64::try_from(micros).unwrap_or(u64::MAX));
        }
    }

    fn fail(&mut self, text: String) {
        self.errors += 1;
        self.first_error.get_or_insert(text);
    }

    fn outcome(&mut self, begun: Instant) -> Outcome {
        let window = self.closes.min(self.last).saturating_duration_since(self.opens);
        let seconds = window.as_secs_f64();
        let millis = |quantile: f64| self.latency.value_at_quantile(quantile) as f64 / 1_000.0;
        Outcome {
            answered: self.answered,
            errors: self.errors,
            broken: self.broken,
            put_off: self.put_off,
            first_error: self.first_error.take(),
            per_second: if seconds > 0.0 { self.counted as f64 / seconds } else { 0.0 },
            p50_ms: millis(0.5),
            p99_ms: millis(0.99),
            took: self.last.saturating_duration_since(begun),
        }
    }
}

async fn drive(
    load: Load,
    requests: &dyn Requests,
    schedule: &Schedule,
    tally: &RefCell<Tally>,
) -> io::Result<()> {
    let mut stream = TcpStream::connect(load.address).await?;
    stream.set_nodelay(true)?;
    let (mut request, mut answer) = (Vec::new(), vec![0; 4_096]);
    let closes = tally.borrow().closes;
    loop {
        let began = schedule.turn().await;
        if began >= closes || !requests.next(&mut request) {
            return Ok(());
        }
        send(&mut stream, &request).await?;
        let status = receive(&mut stream, &mut answer).await?;
        if status == 200 {
            requests.answered(&request);
        }
        tally.borrow_mut().count(began, now(), status);
    }
}

async fn send(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written =
            std::future::poll_fn(|context| Pin::new(&mut *stream).poll_write(context, bytes))
                .await?;
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Reads one whole answer and gives its status.
async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<u16> {
    let mut filled = 0;
    loop {
        if filled == buffer.len() {
            if filled >= ANSWER_MAX_BYTES {
                return Err(io::Error::other("an answer is too long"));
            }
            buffer.resize(filled * 2, 0);
        }
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let mut room = ReadBuf::new(room);
        std::future::poll_fn(|context| Pin::new(&mut *stream).poll_read(context, &mut room))
            .await?;
        let read = room.filled().len();
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        if let Some(status) = whole(buffer.get(..filled).unwrap_or_default())? {
            return Ok(status);
        }
    }
}

/// The status of an answer, once all of it is there. Answers must tell their length.
fn whole(bytes: &[u8]) -> io::Result<Option<u16>> {
    const END: &[u8] = b"\r\n\r\n";
    let Some(head) = bytes.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let (head, body) = (bytes.get(..head).unwrap_or_default(), head + END.len());
    let status = head.get(9..12).and_then(number).ok_or(io::ErrorKind::InvalidData)?;
    let length = head
        .split(|byte| *byte == b'\n')
        .find_map(|line| {
            let (name, value) = line.split_at_checked(15)?;
            name.eq_ignore_ascii_case(b"content-length:").then(|| number(value.trim_ascii()))?
        })
        .ok_or_else(|| io::Error::other("an answer does not tell its length"))?;
    let status = u16::try_from(status).map_err(io::Error::other)?;
    Ok((bytes.len() >= body + length).then_some(status))
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Arrivals, Schedule, now, whole};

    #[tokio::test]
    async fn turns_that_were_missed_are_late_from_when_they_were_due() {
        let past = now().checked_sub(Duration::from_secs(1)).unwrap();
        let schedule = Schedule::new(Arrivals::PerSecond(200), past);
        for number in 0..200 {
            assert_eq!(schedule.turn().await, past + Duration::from_millis(5) * number);
        }
        let begins = now();
        assert!(Schedule::new(Arrivals::AtOnce, past).turn().await >= begins);
    }

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nx: y\r\nContent-Length: 2\r\n\r\nok";
        for end in 0..answer.len() {
            assert_eq!(whole(&answer[..end]).unwrap(), None, "{end} bytes");
        }
        assert_eq!(whole(answer).unwrap(), Some(200));
        assert_eq!(whole(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").unwrap(), Some(503));
        assert!(whole(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(whole(b"garbage that is long enough\r\n\r\n").is_err());
    }
}

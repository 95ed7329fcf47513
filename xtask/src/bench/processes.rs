//! Processes that live no longer than the benchmark, the folder they work in, and the few requests
//! the benchmark itself sends them.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::now;

/// How long a process may take to become ready, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one request of the benchmark's own may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A folder that is removed with everything in it.
pub struct Workdir(PathBuf);

impl Workdir {
    /// Makes it below `parent`, for nobody else.
    pub fn make(parent: &Path) -> Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;

        let path = parent.join(format!("altyn-bench-{}", std::process::id()));
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workdir {
    fn drop(&mut self) {
        // Nothing can be done about what does not go.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A process that is killed when it goes out of sight.
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it; what it says goes to `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot make {}", log.display()))?;
        let copy = file.try_clone().context("no second handle on the log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(copy)
            .spawn()
            .with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self { child, log: log.to_owned() })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `path` answers 200.
    pub async fn ready(&mut self, address: SocketAddr, path: &str) -> Result<()> {
        let give_up = now() + PATIENCE;
        loop {
            if get(address, path).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{status} at start: {}", self.said());
            }
            ensure!(now() < give_up, "not ready in time: {}", self.said());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until it takes connections.
    pub async fn listening(&mut self, address: SocketAddr, within: Duration) -> Result<()> {
        let give_up = now() + within;
        while TcpStream::connect_timeout(&address, ANSWER_WITHIN).is_err() {
            if let Some(status) = self.child.try_wait()? {
                bail!("{status} at start: {}", self.said());
            }
            ensure!(now() < give_up, "not ready in time: {}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub async fn stop(mut self) -> Result<()> {
        let asked = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\""])
            .arg(self.child.id().to_string())
            .status()
            .context("sh could not be started")?;
        ensure!(asked.success(), "the process could not be told to end");
        let status = self.wait(PATIENCE).await?;
        ensure!(status.success(), "{status} at the end: {}", self.said());
        Ok(())
    }

    /// Kills it, and waits until it is gone.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().context("the process could not be killed")?;
        self.wait(PATIENCE).await.map(drop)
    }

    /// Waits until it ends by itself, and gives what it said.
    pub async fn finish(mut self, within: Duration) -> Result<String> {
        let status = self.wait(within).await?;
        let said = std::fs::read_to_string(&self.log).context("the log cannot be read")?;
        ensure!(status.success(), "{status}: {}", self.said());
        Ok(said)
    }

    /// Waits until it ends, however.
    pub async fn ended(&mut self, within: Duration) -> Result<()> {
        self.wait(within).await.map(drop)
    }

    async fn wait(&mut self, within: Duration) -> Result<ExitStatus> {
        let give_up = now() + within;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(now() < give_up, "it did not end in time: {}", self.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The last lines of its log.
    pub fn said(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(8)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listened on a moment ago.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    listener.local_addr().context("no free port")
}

/// One GET on a connection of its own; the body of an answer with status 200.
pub fn get(address: SocketAddr, path: &str) -> Result<String> {
    let answer = exchange(address, path, "")?;
    String::from_utf8(answer.body).with_context(|| format!("{path}: the answer is no text"))
}

/// An answer as it was sent.
pub struct Sent {
    /// Its first line and its fields.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Sent {
    /// The values of a field.
    pub fn fields<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.head.lines().filter_map(move |line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Whether its status is this.
    pub fn is(&self, status: u16) -> bool {
        self.head.starts_with(&format!("HTTP/1.1 {status}"))
    }
}

/// One GET on a connection of its own with more lines in its head, each with its end; an answer
/// other than 200 is an error.
pub fn exchange(address: SocketAddr, path: &str, more: &str) -> Result<Sent> {
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{more}connection: close\r\n\r\n");
    let sent = send(address, &request)?;
    ensure!(sent.is(200), "{path}: {}", sent.head.lines().next().unwrap_or_default());
    Ok(sent)
}

/// One request on a connection of its own, which it must ask to close.
pub fn send(address: SocketAddr, request: &str) -> Result<Sent> {
    const END: &[u8] = b"\r\n\r\n";
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let ended = answer.windows(END.len()).position(|window| window == END);
    let head = ended.context("the answer has no end of head")? + END.len();
    let body = answer.split_off(head);
    Ok(Sent { head: String::from_utf8(answer).context("the head is no text")?, body })
}

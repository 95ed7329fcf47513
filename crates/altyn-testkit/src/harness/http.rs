//! A small blocking HTTP client: one connection a request, nothing followed, broken bytes allowed.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;

use super::PATIENCE;

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn parse(bytes: &[u8]) -> io::Result<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(broken)?;
        let (head, rest) = bytes.split_at(end);
        let body = rest.get(4..).unwrap_or_default();
        let head = std::str::from_utf8(head).map_err(|_| broken())?;
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.split(' ').nth(1).and_then(|text| text.parse().ok());
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut answer = Self { status: status.ok_or_else(broken)?, headers, body: body.to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = unchunked(body).ok_or_else(broken)?;
        } else if let Some(length) = answer.header("content-length") {
            let length: usize = length.parse().map_err(|_| broken())?;
            answer.body = body.get(..length).ok_or_else(broken)?.to_vec();
        }
        Ok(answer)
    }
}

fn broken() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(bytes.get(..end)?).ok()?, 16).ok()?;
        bytes = bytes.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(..size)?);
        bytes = bytes.get(size + 2..)?;
    }
}

/// `127.0.0.1:8080` and `/path?query` of a plain http address.
pub fn split(url: &str) -> (String, String) {
    let parsed = url::Url::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
    let host = parsed.host_str().unwrap_or_default();
    let authority = format!("{host}:{}", parsed.port_or_known_default().unwrap_or(80));
    let query = parsed.query().map(|query| format!("?{query}")).unwrap_or_default();
    (authority, format!("{}{query}", parsed.path()))
}

/// One request of any kind; an error when no whole answer came.
pub fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let (authority, path) = split(url);
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\
         content-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        bytes.push_str(&format!("{name}: {value}\r\n"));
    }
    bytes.push_str("\r\n");
    Answer::parse(&raw(&authority, &[bytes.as_bytes(), body].concat())?)
}

/// `GET`.
pub fn get(url: &str) -> io::Result<Answer> {
    request("GET", url, &[], &[])
}

/// `POST` of JSON bytes.
pub fn post_json(url: &str, body: &[u8]) -> io::Result<Answer> {
    request("POST", url, &[("content-type", "application/json")], body)
}

/// `POST` of a form.
pub fn post_form(url: &str, fields: &[(&str, &str)]) -> io::Result<Answer> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    request("POST", url, &kind, body.as_bytes())
}

/// Sends bytes as they are and reads until the other side closes. What the other side answers
/// before it has read everything is an answer too.
pub fn raw(authority: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = open(authority)?;
    let sent = stream.write_all(bytes);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    if answer.is_empty() {
        sent.and(read.map(drop))?;
    }
    Ok(answer)
}

/// Sends bytes as they are, says that no more come, and reads what is answered.
pub fn cut_off(authority: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = open(authority)?;
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// A connection with limits.
pub fn open(authority: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

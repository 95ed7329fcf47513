//! Sends a file, whole or a part of it, without holding it in memory.
//!
//! One range of a request is heeded (RFC 9110 §14), so that a download that broke off goes on.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use altyn_app::export::{Export, ExportFormat};
use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    RANGE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::unfold;
use tokio::sync::mpsc;

/// Bytes read at once.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait for the browser.
const PIECES: usize = 4;

/// The file as an answer; `None` when it is not there.
pub async fn send(path: PathBuf, export: &Export, headers: &HeaderMap) -> Option<Response> {
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok::<_, std::io::Error>((file, length))
    });
    let (file, length) = opened.await.ok()?.ok()?;
    let asked = headers.get(RANGE).and_then(|value| value.to_str().ok());
    let Some((from, until)) = asked.map_or(Some((0, length)), |asked| range(asked, length)) else {
        let all = format!("bytes */{length}");
        return Some((StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, all)]).into_response());
    };
    let status = if asked.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let mut answer = (
        status,
        [
            (CONTENT_TYPE, kind(export.format).to_owned()),
            (CONTENT_LENGTH, (until - from).to_string()),
            (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", export.file_name())),
            (ACCEPT_RANGES, "bytes".to_owned()),
            (CACHE_CONTROL, "private, no-store".to_owned()),
            (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ],
        body(file, from, until),
    )
        .into_response();
    if asked.is_some()
        && let Ok(said) = format!("bytes {from}-{}/{length}", until - 1).parse()
    {
        answer.headers_mut().insert(CONTENT_RANGE, said);
    }
    Some(answer)
}

const fn kind(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::CsvRussian | ExportFormat::CsvPlain => "text/csv; charset=utf-8",
        ExportFormat::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ExportFormat::Xls => "application/vnd.ms-excel",
    }
}

/// The part that `bytes=a-b`, `bytes=a-` or `bytes=-n` asks for, its end exclusive; `None` when the
/// file has no such part. Several parts are more than anybody needs of a register.
fn range(asked: &str, length: u64) -> Option<(u64, u64)> {
    let (from, to) = asked.trim().strip_prefix("bytes=")?.split_once('-')?;
    let (from, until) = match (from.trim(), to.trim()) {
        ("", last) => (length.saturating_sub(last.parse().ok()?), length),
        (from, "") => (from.parse().ok()?, length),
        (from, to) => (from.parse().ok()?, to.parse::<u64>().ok()?.checked_add(1)?.min(length)),
    };
    (from < until).then_some((from, until))
}

/// Reads beside the threads that serve, no faster than the browser takes it.
fn body(file: File, from: u64, until: u64) -> Body {
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read(file, from, until, &sender) {
            // The connection breaks off, so that the browser sees that this is not all.
            let _ = sender.blocking_send(Err(error));
        }
    });
    let pieces = unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    Body::from_stream(pieces)
}

type Piece = Result<Bytes, std::io::Error>;

fn read(
    mut file: File,
    from: u64,
    until: u64,
    sender: &mpsc::Sender<Piece>,
) -> std::io::Result<()> {
    file.seek(SeekFrom::Start(from))?;
    let mut rest = file.take(until - from);
    loop {
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        let limit = u64::try_from(PIECE_BYTES).unwrap_or(u64::MAX);
        let count = rest.by_ref().take(limit).read_to_end(&mut piece)?;
        if count == 0 || sender.blocking_send(Ok(piece.into())).is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn one_part_is_read_and_an_impossible_one_refused() {
        assert_eq!(range("bytes=0-9", 100), Some((0, 10)));
        assert_eq!(range("bytes=90-", 100), Some((90, 100)));
        assert_eq!(range("bytes=-5", 100), Some((95, 100)));
        assert_eq!(range("bytes=-500", 100), Some((0, 100)));
        assert_eq!(range("bytes=50-5000", 100), Some((50, 100)));
        for bad in
            ["bytes=100-", "bytes=9-5", "bytes=a-b", "lines=0-1", "bytes=-0", "bytes=0-1,5-6"]
        {
            assert_eq!(range(bad, 100), None, "{bad}");
        }
    }
}

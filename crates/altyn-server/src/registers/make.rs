//! One register from its first row to its name.
//!
//! The list is walked by key from the newest payment on, so no payment is met twice and none that
//! comes later is met at all (but for one of a project whose clock is behind another's). While one
//! page is written, on a thread that may block, the next is read. A file is not gone on with after
//! its maker died: the next begins it anew.

use std::path::{Path, PathBuf};

use altyn_app::export::{Export, ExportFormat, ExportState};
use altyn_app::listing::{ListingFilter, Page, Part, PaymentRow, TOTAL_BOUND, Totals};
use altyn_app::ports::StoreError;
use altyn_domain::time::{SECOND_MS, Timestamp};
use altyn_register::{CsvWriter, RegisterWriter, WriteError, XLS_ROWS_MAX, XlsWriter, XlsxWriter};
use altyn_web::lang::Lang;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::table::{Sums, Wording};
use super::{LEASE_MS, Maker, Unmade, apart, until};

/// Rows read at a time: a few megabytes.
const PAGE_ROWS: u32 = 2_000;
/// How often it is said how far the register is.
const TELL_EVERY_MS: i64 = SECOND_MS;
/// How often the lease is prolonged while the file is packed.
const KEEP_EVERY: std::time::Duration =
    std::time::Duration::from_millis((LEASE_MS / 4).unsigned_abs());

impl Maker {
    /// Writes the file and ends the register.
    pub(super) async fn make(
        &self,
        export: &mut Export,
        stop: &watch::Receiver<bool>,
    ) -> Result<(), Unmade> {
        (export.rows, export.bytes, export.expected) = (0, 0, None);
        let mut count = self.count(export).await?;
        let mut book = self.open(export).await?;
        let mut told_at = Timestamp::default();
        let mut page = self.page(&export.filter, Part::Newest).await?;
        loop {
            if *stop.borrow() {
                return Err(Unmade::Stopping);
            }
            let older = page.older;
            let next = async {
                match older {
                    Some(place) => {
                        self.page(&export.filter, Part::OlderThan(place)).await.map(Some)
                    }
                    None => Ok(None),
                }
            };
            let (written, next) = tokio::join!(book.with(page.rows), next);
            book = written?;
            export.rows = book.rows;
            let now = self.clock.now();
            if now.as_millis() - told_at.as_millis() >= TELL_EVERY_MS {
                told_at = now;
                count.look(export).await;
                export.bytes = book.bytes;
                self.tell(export).await?;
            }
            match next? {
                Some(next) => page = next,
                None => break,
            }
        }
        export.expected = Some(export.rows);
        self.tell(export).await?;
        export.sums = book.sums.totals();
        export.bytes = self.packed(book, export).await?;
        self.publish(export).await
    }

    async fn page(&self, filter: &ListingFilter, part: Part) -> Result<Page, StoreError> {
        self.listing.page(filter, part, PAGE_ROWS).await
    }

    /// Says how far it is and keeps it.
    async fn tell(&self, export: &Export) -> Result<(), Unmade> {
        let until = until(self.clock.now());
        let kept = self.exports.save_export(export, &self.owner, until).await?;
        if kept { Ok(()) } else { Err(Unmade::Lost) }
    }

    /// How many rows there will be: at once when they are few, else counted beside the writing.
    /// What XLS cannot hold is refused before a row is written.
    async fn count(&self, export: &mut Export) -> Result<Count, Unmade> {
        let most = u64::from(XLS_ROWS_MAX);
        let bound = match export.format {
            ExportFormat::Xls => most + 1,
            ExportFormat::CsvRussian | ExportFormat::CsvPlain | ExportFormat::Xlsx => TOTAL_BOUND,
        };
        let known = self.listing.totals(&export.filter, Some(bound)).await?;
        if export.format == ExportFormat::Xls && known.count > most {
            return Err(WriteError::TooManyRows { most: XLS_ROWS_MAX }.into());
        }
        if known.complete {
            export.expected = Some(known.count);
            return Ok(Count(None));
        }
        let (listing, filter) = (self.listing.clone(), export.filter.clone());
        Ok(Count(Some(tokio::spawn(async move { listing.totals(&filter, None).await }))))
    }

    async fn open(&self, export: &Export) -> Result<Book, Unmade> {
        let wording = Wording {
            lang: if export.language == Lang::English.code() {
                Lang::English
            } else {
                Lang::Russian
            },
            projects: self.projects.clone(),
            systems: self.systems.clone(),
        };
        let (folder, path, format) = (self.folder.clone(), self.folder.part(export), export.format);
        apart(move || {
            folder.prepare()?;
            let writer = writer(format, &path, &wording)?;
            Ok(Book { writer, wording, path, sums: Sums::default(), rows: 0, bytes: 0 })
        })
        .await
    }

    /// Ends the file, which for a large workbook takes a while, and keeps the register meanwhile.
    async fn packed(&self, book: Book, export: &Export) -> Result<u64, Unmade> {
        let Book { writer, wording, sums, .. } = book;
        let packing = apart(move || writer.finish(&wording.footer(&sums)));
        tokio::pin!(packing);
        loop {
            tokio::select! {
                packed = &mut packing => return packed,
                () = tokio::time::sleep(KEEP_EVERY) => self.tell(export).await?,
            }
        }
    }

    async fn publish(&self, export: &mut Export) -> Result<(), Unmade> {
        // Whoever has the register now writes a file of the same name.
        self.tell(export).await?;
        let (folder, whole) = (self.folder.clone(), export.clone());
        apart(move || Ok(folder.publish(&whole)?)).await?;
        let now = self.clock.now();
        export.state = ExportState::Ready;
        export.ended_at = Some(now);
        let kept = self.exports.save_export(export, &self.owner, now).await?;
        if kept { Ok(()) } else { Err(Unmade::Lost) }
    }
}

fn writer(
    format: ExportFormat,
    path: &Path,
    wording: &Wording,
) -> Result<Box<dyn RegisterWriter>, WriteError> {
    let table = wording.table();
    Ok(match format {
        ExportFormat::CsvRussian => Box::new(CsvWriter::russian(path, &table)?),
        ExportFormat::CsvPlain => Box::new(CsvWriter::plain(path, &table)?),
        ExportFormat::Xlsx => Box::new(XlsxWriter::create(path, table)?),
        ExportFormat::Xls => Box::new(XlsWriter::create(path, table)?),
    })
}

/// A file being written and what its rows come to.
struct Book {
    writer: Box<dyn RegisterWriter>,
    wording: Wording,
    path: PathBuf,
    sums: Sums,
    rows: u64,
    /// Of the file so far; nothing while it is gathered elsewhere.
    bytes: u64,
}

impl Book {
    /// With these rows.
    async fn with(mut self, rows: Vec<PaymentRow>) -> Result<Self, Unmade> {
        apart(move || {
            for row in &rows {
                self.writer.row(&self.wording.row(row))?;
                self.sums.add(row);
                self.rows += 1;
            }
            self.bytes = std::fs::metadata(&self.path).map_or(0, |file| file.len());
            Ok(self)
        })
        .await
    }
}

/// Rows being counted beside the writing.
struct Count(Option<JoinHandle<Result<Totals, StoreError>>>);

impl Count {
    /// Takes what was counted, once it was. Without it there is a bar less.
    async fn look(&mut self, export: &mut Export) {
        if let Some(counting) = self.0.take_if(|counting| counting.is_finished())
            && let Ok(Ok(totals)) = counting.await
        {
            export.expected = Some(totals.count);
        }
    }
}

impl Drop for Count {
    fn drop(&mut self) {
        if let Some(counting) = &self.0 {
            counting.abort();
        }
    }
}

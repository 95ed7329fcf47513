//! The floors and ratios that are watched, by their names: which figure each is, what it was when it
//! was first measured by throw-away programs, and where it should go.

use serde_json::{Value, json};

use super::Bench;
use super::database::Engine;
use super::figures::{Figures, Of, Spread};

/// One figure under a name.
pub struct Watched {
    /// `F1`…, `R1`…
    pub name: &'static str,
    /// In words.
    pub what: String,
    /// The figure's key.
    pub figure: String,
    /// How many decimals tell.
    pub decimals: usize,
    /// What the first programs measured.
    pub first: &'static str,
    /// What we aim at.
    pub aim: &'static str,
}

fn watched(
    name: &'static str,
    (what, figure): (impl Into<String>, impl Into<String>),
    decimals: usize,
    (first, aim): (&'static str, &'static str),
) -> Watched {
    Watched { name, what: what.into(), figure: figure.into(), decimals, first, aim }
}

/// The floors; those of a database stand in its column.
pub fn floors(bench: &Bench) -> Vec<Watched> {
    let mut list =
        vec![watched("F1", ("append 4 KiB + fdatasync /s", "fsync_per_s"), 0, ("3,500", ""))];
    for connections in &bench.connections {
        let at = format!("{connections} connections");
        let (hello, verified) = match connections {
            64 => ("77,800", "39,500"),
            256 => ("88,700", "42,400"),
            _ => ("", ""),
        };
        list.push(watched(
            "F2",
            (format!("hello /s, {at}"), format!("hello_per_s_{connections}")),
            0,
            (hello, ""),
        ));
        list.push(watched(
            "F3",
            (
                format!("sale verified, no database /s, {at}"),
                format!("verified_per_s_{connections}"),
            ),
            0,
            (verified, ""),
        ));
    }
    list.push(watched(
        "F4",
        ("the store, one transaction a sale /s", "store_single_per_s"),
        0,
        ("1,300–2,800; 3,300", ""),
    ));
    for (clients, tpcb, inserts) in
        [(16, "2,920–3,740", "3,720–3,750"), (64, "3,150–3,220", "3,030–3,320")]
    {
        list.push(watched(
            "F5",
            (format!("pgbench TPC-B-like /s, {clients} clients"), format!("pgbench_tps_{clients}")),
            0,
            (tpcb, ""),
        ));
        list.push(watched(
            "F5",
            (
                format!("pgbench, a sale in 7 statements /s, {clients} clients"),
                format!("inserts_tps_{clients}"),
            ),
            0,
            (inserts, ""),
        ));
    }
    list
}

/// The ratios R1–R8: acceptance.
fn acceptance(bench: &Bench) -> Vec<Watched> {
    let fewest = bench.fewest();
    let mut list = Vec::new();
    for connections in &bench.connections {
        let (hello, verified) = match connections {
            64 => ("0.16; 0.16", "0.27; 0.27"),
            256 => ("0.16; 0.15", "0.33; 0.29"),
            _ => ("", ""),
        };
        let of = |what: &str, figure: &str| {
            (format!("{what}, {connections} connections"), format!("{figure}_{connections}"))
        };
        list.push(watched("R1", of("sale ÷ hello", "sales_by_hello"), 3, (hello, "≥ 0.20")));
        let two = of("sale ÷ verified, no database", "sales_by_verified");
        list.push(watched("R2", two, 3, (verified, "up")));
    }
    let at = |figure: &str| format!("{figure}_{fewest}");
    list.extend([
        watched("R3", ("store: together ÷ one by one", "store_by_single"), 1, ("6–15; 2–5", "> 4")),
        watched("R4", ("sales/s ÷ fdatasync/s", at("sales_by_fsync")), 2, ("4.5", "> 3")),
        watched(
            "R5",
            ("store ÷ pgbench's same inserts", "store_by_inserts"),
            1,
            ("–; 6.6–8.2", "> 4"),
        ),
        watched(
            "R6",
            ("sale over many payments ÷ over none", "full_by_empty"),
            2,
            ("0.81; 1", "≥ 0.8"),
        ),
        watched("R7", ("p99 ÷ p50", at("sales_p99_by_p50")), 1, ("3; 2", "≤ 4")),
        watched("R8", ("server CPU µs a sale", at("sales_server_us")), 0, ("85–97; 42", "down")),
        watched("R8", ("  of it in the kernel", at("sales_server_kernel_us")), 0, ("", "")),
        watched("R8", ("database CPU µs a sale", at("sales_database_us")), 0, ("–; 69", "down")),
        watched("R8", ("  of it in the kernel", at("sales_database_kernel_us")), 0, ("", "")),
    ]);
    list
}

/// The ratios R9–R15.
fn others(bench: &Bench) -> Vec<Watched> {
    let at = |figure: &str| format!("{figure}_{}", bench.fewest());
    vec![
        watched(
            "R9",
            ("written bytes a sale (¹)", at("sales_written_bytes")),
            0,
            ("–; 2,000", "down"),
        ),
        watched("R9", ("database bytes a sale", "bytes_per_payment"), 0, ("555; 993", "down")),
        watched(
            "R10",
            ("synchronous standby ÷ none", "standby_by_none"),
            2,
            ("–; 0.70–0.93", "up"),
        ),
        watched(
            "R11",
            ("sales: list fed ÷ not fed", "fed_by_unfed_sales"),
            2,
            ("0.37–0.64", "≥ 0.95"),
        ),
        watched(
            "R11",
            ("whole payments: fed ÷ not fed", "fed_by_unfed_sustained"),
            2,
            ("", "≥ 0.95"),
        ),
        watched("R12", ("page at depth ÷ first page", "cabinet_deep_by_first"), 2, ("3", "down")),
        watched(
            "R13",
            ("callbacks ÷ the sender alone", "callbacks_by_sender"),
            2,
            ("0.82–0.89", "up"),
        ),
        watched("R14", ("register CSV: rows/s", "cabinet_csv_rows_per_s"), 0, ("900,000; –", "")),
        watched(
            "R14",
            ("  memory ÷ a tenth of the rows", "cabinet_csv_peak_by_tenth"),
            2,
            ("1", "1"),
        ),
        watched("R14", ("register XLSX: rows/s", "cabinet_xlsx_rows_per_s"), 0, ("75,000; –", "")),
        watched(
            "R14",
            ("  memory ÷ a tenth of the rows", "cabinet_xlsx_peak_by_tenth"),
            2,
            ("1", "1"),
        ),
        watched("R15", ("wrong after kill -9", "crash_wrong"), 0, ("", "0")),
    ]
}

/// The ratios, in their order.
pub fn ratios(bench: &Bench) -> Vec<Watched> {
    let mut list = acceptance(bench);
    list.extend(others(bench));
    list
}

/// What each column of a watched figure is: the machine's, then each database's.
pub fn spreads(bench: &Bench, figures: &Figures, watched: &Watched) -> Vec<Option<Spread>> {
    let of = |engine: &Engine| figures.spread(Of::Platform(*engine), &watched.figure);
    bench.engines.iter().map(of).collect()
}

/// All of them as a document.
pub fn json(bench: &Bench, figures: &Figures, list: &[Watched]) -> Value {
    list.iter()
        .map(|watched| {
            let mut object = json!({
                "name": watched.name,
                "what": watched.what.trim_start(),
                "figure": watched.figure,
                "first": watched.first,
                "aim": watched.aim,
            });
            let machine = figures.spread(Of::Floor, &watched.figure).map(|s| (Of::Floor, s));
            let engines = bench.engines.iter().map(|engine| Of::Platform(*engine));
            let all = engines.filter_map(|of| Some((of, figures.spread(of, &watched.figure)?)));
            for (of, spread) in machine.into_iter().chain(all) {
                let name = if of == Of::Floor { "machine" } else { of.name() };
                if let Some(object) = object.as_object_mut() {
                    let numbers =
                        json!({"median": spread.median, "min": spread.least, "max": spread.most});
                    object.insert(name.to_owned(), numbers);
                }
            }
            object
        })
        .collect()
}

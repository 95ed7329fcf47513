//! The tables for people, and the document for machines.

use anyhow::Result;
use serde_json::{Value, json};

use super::database::Engine;
use super::figures::{Figures, Of, Spread};
use super::machine::Machine;
use super::page::PAGES_PER_SECOND;
use super::{Bench, Part, cabinet, ratios};

/// A line of a table: what, which figure, how many decimals, and what we aim at.
struct Line {
    what: String,
    name: String,
    decimals: usize,
    aim: &'static str,
}

fn line(
    what: impl Into<String>,
    name: impl Into<String>,
    decimals: usize,
    aim: &'static str,
) -> Line {
    Line { what: what.into(), name: name.into(), decimals, aim }
}

/// What is being done, for whoever waits.
#[expect(clippy::print_stderr, reason = "progress, beside what is printed at the end")]
pub fn note(text: &str) {
    eprintln!("{text}");
}

/// Prints everything.
#[expect(clippy::print_stdout, reason = "a program for people prints to them")]
pub fn print(bench: &Bench, machine: &Machine, figures: &Figures) {
    println!("{}", conditions(bench, machine));
    let titles: Vec<&str> = bench.engines.iter().map(|engine| engine.title()).collect();
    let columns = [&["this machine"], titles.as_slice(), &["first measured"]].concat();
    println!("\n{}", table("floor", &columns, floors(bench, figures)));
    let columns = [titles.as_slice(), &["first measured", "aim"]].concat();
    println!("{}", table("ratio", &columns, ratio_rows(bench, figures)));
    println!(
        "{}",
        table("platform", &[titles.as_slice(), &["aim"]].concat(), rows(bench, figures))
    );
    println!("{}", verdict(bench, figures));
}

/// The same as a document.
pub fn json(bench: &Bench, machine: &Machine, figures: &Figures) -> Result<String> {
    let mut document = figures.json();
    if let Some(object) = document.as_object_mut() {
        object.insert("machine".to_owned(), machine_json(machine));
        object.insert(
            "options".to_owned(),
            json!({
                "seconds": bench.length.as_secs(),
                "rounds": bench.rounds,
                "connections": bench.connections,
                "payments": bench.payments,
            }),
        );
        let (floors, ratios) = (ratios::floors(bench), ratios::ratios(bench));
        object.insert("floors".to_owned(), ratios::json(bench, figures, &floors));
        object.insert("ratios".to_owned(), ratios::json(bench, figures, &ratios));
    }
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// The machine and the versions, for machines.
pub fn machine_json(machine: &Machine) -> Value {
    json!({
        "cores": machine.cores,
        "cpu": machine.cpu,
        "memory": machine.memory,
        "kernel": machine.kernel,
        "file_system": machine.disk,
        "altyn": machine.altyn,
        "revision": machine.revision,
        "sqlite": machine.sqlite,
        "postgres": machine.postgres,
    })
}

/// The machine, the versions and how it was measured.
pub fn conditions(bench: &Bench, machine: &Machine) -> String {
    let postgres = machine.postgres.as_ref().map(|version| format!(", PostgreSQL {version}"));
    format!(
        "\n{} cores ({}), {}, Linux {}, {} below the databases\n\
         {} ({}), SQLite {}{}\n\
         {} rounds of {} s each, by turns; medians (least–most), ratios within a round; the load, \
         the server and the database share the cores",
        machine.cores,
        machine.cpu,
        machine.memory,
        machine.kernel,
        machine.disk,
        machine.altyn,
        machine.revision,
        machine.sqlite,
        postgres.unwrap_or_default(),
        bench.rounds,
        bench.length.as_secs(),
    )
}

fn floors(bench: &Bench, figures: &Figures) -> Vec<Vec<String>> {
    let rows = ratios::floors(bench).into_iter().map(|floor| {
        let mut row = vec![format!("{} {}", floor.name, floor.what)];
        row.push(cell(figures.spread(Of::Floor, &floor.figure), floor.decimals));
        let spreads = ratios::spreads(bench, figures, &floor);
        row.extend(spreads.into_iter().map(|spread| cell(spread, floor.decimals)));
        row.push(floor.first.to_owned());
        row
    });
    rows.collect()
}

/// Every ratio that is watched, measured or not; what is not there to be measured says so.
fn ratio_rows(bench: &Bench, figures: &Figures) -> Vec<Vec<String>> {
    let rows = ratios::ratios(bench).into_iter().map(|ratio| {
        let mut row = vec![format!("{:<3} {}", ratio.name, ratio.what)];
        let spreads = ratios::spreads(bench, figures, &ratio);
        row.extend(spreads.into_iter().map(|spread| cell(spread, ratio.decimals)));
        row.extend([ratio.first.to_owned(), ratio.aim.to_owned()]);
        row
    });
    rows.collect()
}

fn cell(spread: Option<Spread>, decimals: usize) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| shown(spread, decimals))
}

fn rows(bench: &Bench, figures: &Figures) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for connections in &bench.connections {
        lines.extend(sale_lines(*connections, *connections == bench.fewest()));
    }
    lines.extend(page_lines(bench.fewest()));
    lines.extend([
        line("database bytes a payment", "bytes_per_payment", 0, ""),
        line("the store alone /s: together", "store_per_s", 0, ""),
        line("  one transaction a sale", "store_single_per_s", 0, ""),
        line("with a synchronous standby: sales /s", "standby_sales_per_s", 0, ""),
        line("  without", "no_standby_sales_per_s", 0, ""),
        line("list fed: sales /s", "fed_sales_per_s", 0, ""),
        line("  not fed", "unfed_sales_per_s", 0, ""),
        line("list fed: whole payments /s", "fed_sustained_per_s", 0, ""),
        line("  not fed", "unfed_sustained_per_s", 0, ""),
        line("killed under load: payments", "crash_payments", 0, ""),
        line("  until all had ended, s", "crash_recovered_s", 1, ""),
        line("memory at rest, MB", "memory_at_rest_mb", 1, "< 60"),
        line("memory under load, MB", "memory_under_load_mb", 1, ""),
        line("cold start, ms", "cold_start_ms", 0, "< 500"),
        line("callbacks delivered /s", "callbacks_per_s", 0, "≥ 3,000"),
        line("  server CPU µs a callback", "callbacks_server_us", 0, ""),
        line("  database CPU µs a callback", "callbacks_database_us", 0, ""),
        line("  the sender alone /s", "sender_per_s", 0, ""),
        line("  sent again", "callbacks_repeated", 0, ""),
        line("callbacks to 100 hosts: p50, ms", "endpoints_alive_p50_ms", 0, ""),
        line("  p99, ms", "endpoints_alive_p99_ms", 0, ""),
        line("  one of them dead, the others' p50, ms", "endpoints_beside_dead_p50_ms", 0, ""),
        line("  p99, ms", "endpoints_beside_dead_p99_ms", 0, ""),
        line("  growth of p99", "endpoints_p99_growth", 2, "< 0.10"),
        line("end to end: accepted /s", "sustained_accepted_per_s", 0, ""),
        line("  finished /s (callback delivered)", "sustained_finished_per_s", 0, ""),
        line("  backlog drained, s", "drain_s", 1, ""),
        line("  server CPU µs a payment", "sustained_server_us", 0, ""),
        line("  database CPU µs a payment", "sustained_database_us", 0, ""),
        line("  emulator CPU µs a payment", "sustained_emulator_us", 0, ""),
        line("  callbacks sent again", "sustained_callbacks_repeated", 0, ""),
        line("  provider's register, minor units", "register_net_minor", 0, ""),
        line("  books, minor units", "books_receivable_minor", 0, ""),
        line("  differences", "register_and_books_differences", 0, "0"),
    ]);
    lines.extend([
        line("overload: taken at most /s", "overload_capacity_per_s", 0, ""),
        line("  of three times as many: taken /s", "overload_taken_per_s", 0, ""),
        line("  put off /s", "overload_put_off_per_s", 0, ""),
        line("  p50 of what was taken, ms", "overload_p50_ms", 1, ""),
        line("  p99 of what was taken, ms", "overload_p99_ms", 1, "< 1,000"),
        line("  callbacks delivered meanwhile /s", "overload_callbacks_per_s", 0, "> 0"),
        line("  memory at its most, MB", "overload_peak_mb", 1, "< 300"),
        line("  as before after, ms", "overload_recovered_ms", 0, ""),
    ]);
    lines.extend(cabinet_lines(bench.payments));
    lines
        .into_iter()
        .filter_map(|line| {
            let of = |engine: &Engine| figures.spread(Of::Platform(*engine), &line.name);
            let spreads: Vec<Option<Spread>> = bench.engines.iter().map(of).collect();
            spreads.iter().any(Option::is_some).then(|| {
                let cells = spreads.iter().map(|spread| cell(*spread, line.decimals));
                let mut row = vec![line.what.clone()];
                row.extend(cells);
                row.push(line.aim.to_owned());
                row
            })
        })
        .collect()
}

fn sale_lines(connections: usize, fewest: bool) -> [Line; 11] {
    let of = |what: &str, name: &str, decimals, aim| {
        line(what, format!("{name}_{connections}"), decimals, aim)
    };
    let p99 = if fewest { "< 30" } else { "" };
    [
        line(
            format!("sales accepted /s, {connections} connections"),
            format!("sales_per_s_{connections}"),
            0,
            "",
        ),
        of("  ÷ hello", "sales_by_hello", 3, "≥ 0.20"),
        of("  ÷ pgbench (its better)", "sales_by_pgbench", 2, "≥ 3"),
        of("  ÷ fdatasync", "sales_by_fsync", 2, "> 3"),
        of("  p50, ms", "sales_p50_ms", 1, ""),
        of("  p99, ms", "sales_p99_ms", 1, p99),
        of("  p99 ÷ p50", "sales_p99_by_p50", 1, ""),
        of("  server CPU µs a sale", "sales_server_us", 0, ""),
        of("  database CPU µs a sale", "sales_database_us", 0, ""),
        of("  ÷ verified, no database", "sales_by_verified", 3, ""),
        of("  written bytes a sale (¹)", "sales_written_bytes", 0, ""),
    ]
}

fn page_lines(connections: usize) -> [Line; 13] {
    let rate = format!("Payment Page, {PAGES_PER_SECOND} opened a second: p50, ms");
    let most = format!("  most opened /s, {connections} connections");
    [
        line(rate, "page_p50_ms", 2, ""),
        line("  p99, ms", "page_p99_ms", 2, ""),
        line("  beside sales at full speed: p50, ms", "page_beside_sales_p50_ms", 2, ""),
        line("  beside sales at full speed: p99, ms", "page_beside_sales_p99_ms", 2, ""),
        line("  sales accepted /s beside them", "sales_beside_pages_per_s", 0, ""),
        line(most, "pages_per_s", 0, ""),
        line("  ÷ hello", "pages_by_hello", 3, ""),
        line("  server CPU µs a page", "page_server_us", 0, ""),
        line("  first view: requests", "page_view_requests", 0, ""),
        line("  first view: bytes with heads", "page_view_bytes", 0, ""),
        line("    page", "page_html_bytes", 0, ""),
        line("    style", "page_style_bytes", 0, ""),
        line("    script", "page_script_bytes", 0, ""),
    ]
}

fn cabinet_lines(payments: u64) -> Vec<Line> {
    let over = grouped(payments as f64, 0);
    let mut lines = vec![
        line(format!("sales /s over {over} payments"), "full_sales_per_s", 0, ""),
        line("  over none", "empty_sales_per_s", 0, ""),
        line(
            format!("cabinet over {over} payments: list built /s"),
            "cabinet_list_built_per_s",
            0,
            "",
        ),
        line("  database bytes a payment, with the list", "cabinet_bytes", 0, ""),
    ];
    for (name, title, aim) in cabinet::VIEWS {
        lines.push(line(format!("{title}: p50, ms"), format!("cabinet_{name}_p50_ms"), 1, ""));
        lines.push(line("    the slowest page, ms", format!("cabinet_{name}_slowest_ms"), 1, aim));
        lines.push(line("    the slowest answer, ms", format!("cabinet_{name}_cold_ms"), 1, ""));
    }
    lines.push(line("  depth ÷ first page, p50", "cabinet_deep_by_first", 2, ""));
    for (format, within) in [("csv", "< 20"), ("xlsx", "< 60")] {
        let of = |figure: &str| format!("cabinet_{format}_{figure}");
        lines.extend([
            line(format!("  register as {format}: rows"), of("rows"), 0, ""),
            line("    made in, s", of("s"), 1, within),
            line("    rows /s", of("rows_per_s"), 0, ""),
            line("    memory at its most, MB", of("peak_mb"), 0, "< 150"),
            line("    ÷ that of a tenth of the rows", of("peak_by_tenth"), 2, ""),
        ]);
    }
    lines
}

/// Columns under their heads.
pub fn table(corner: &str, columns: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut head = vec![corner.to_owned()];
    head.extend(columns.iter().map(|column| (*column).to_owned()));
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |at: usize| {
        let cells = lines.iter().filter_map(|cells| cells.get(at));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for (number, cells) in lines.iter().enumerate() {
        let padded: Vec<String> = cells
            .iter()
            .enumerate()
            .map(|(at, cell)| {
                let width = width(at);
                if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            })
            .collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
        if number == 0 {
            text.push_str(&"-".repeat(padded.join("  ").chars().count()));
            text.push('\n');
        }
    }
    text
}

fn verdict(bench: &Bench, figures: &Figures) -> String {
    let mut text = format!(
        "R6, R12, R14 over {} payments. R12's other half, a report from a rollup ÷ from rows, has \
         nothing to measure: there is no rollup yet\n\
         (¹) PostgreSQL: its log; SQLite: everything the process wrote, log and file\n\
         errors {}, lost {}, doubled {}",
        grouped(bench.payments as f64, 0),
        figures.errors,
        figures.lost,
        figures.doubled
    );
    if figures.is_clean() && bench.does(Part::EndToEnd) {
        text.push_str("; the provider's register and the books do not differ");
    }
    for fault in &figures.faults {
        text.push_str("\nWRONG ");
        text.push_str(fault);
    }
    text
}

/// `median (least–most)`
pub fn shown(spread: Spread, decimals: usize) -> String {
    let Spread { median, least, most } = spread;
    let number = |value: f64| grouped(value, decimals);
    let (least, most) = (number(least), number(most));
    if least == most {
        return number(median);
    }
    format!("{} ({least}–{most})", number(median))
}

/// `12,345.6`
fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = String::new();
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let mut left = digits;
    for character in whole.chars() {
        out.push(character);
        if character.is_ascii_digit() {
            left -= 1;
            if left > 0 && left.is_multiple_of(3) {
                out.push(',');
            }
        }
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0.1549, 3), "0.155");
        assert_eq!(grouped(1_234_567.0, 0), "1,234,567");
        assert_eq!(grouped(-1_234.56, 1), "-1,234.6");
        assert_eq!(grouped(999.0, 0), "999");
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let rows = vec![vec!["long name".to_owned(), "1".to_owned(), "x".to_owned()]];
        let text = table("a", &["number", "aim"], rows);
        let ends: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(ends, [22, 22, 22]);
    }
}

//! The filter read from an address and written back: bad values are named, good ones survive.

use proptest::prelude::*;

use super::*;

fn read(query: &str) -> Request {
    Request::read(query)
}

fn within() -> Within {
    let project = |number| ProjectId::new(number).unwrap();
    Within {
        accounts: vec![("alfa".into(), 127), ("alfa-two".into(), 127), ("ipay".into(), 9)],
        projects: vec![project(1), project(2)],
    }
}

#[test]
fn every_field_is_read_and_written_back() {
    let query = "q=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2+%26+%D0%A1%D1%8B%D0%BD&status=success\
                 &status=partially_refunded&ps=9&ps=127&method=card&currency=RUB&project=1\
                 &from=2026-11-01&to=22.11.2026&min=1+000%2C5&max=2000&size=100";
    let request = read(query);
    assert_eq!(request.problems, []);
    assert_eq!(request.asked.query(), query);
    assert_eq!(request.asked.search, "Иванов & Сын");
    let (filter, problems) = request.asked.filter(&within());
    assert_eq!(problems, []);
    assert_eq!(filter.statuses, [Status::Success, Status::PartiallyRefunded]);
    assert_eq!(filter.accounts, ["alfa", "alfa-two", "ipay"]);
    assert_eq!(filter.projects, [ProjectId::new(1).unwrap()]);
    assert_eq!((filter.amount_min, filter.amount_max), (Some(100_050), Some(200_000)));
    // Days are inclusive.
    let span = filter.until.unwrap().as_millis() - filter.from.unwrap().as_millis();
    assert_eq!(span, 22 * altyn_domain::time::DAY_MS);
    assert_eq!(filter.search.unwrap().as_str(), "иванов & сын");
}

#[test]
fn one_view_has_one_address() {
    let one = read("status=stuck&status=success&status=stuck&project=2&project=1&unknown=1&ps=");
    let other = read("project=1&project=2&status=success&status=stuck");
    assert_eq!(one.asked.query(), other.asked.query());
    assert_eq!(one.problems, []);
}

#[test]
fn what_cannot_be_meant_is_said_at_its_field() {
    for (query, field, wrong) in [
        ("status=paid", Field::Status, Wrong::NoSuch),
        ("ps=0", Field::System, Wrong::NoSuch),
        ("ps=alfa", Field::System, Wrong::NoSuch),
        ("method=cash", Field::Method, Wrong::NoSuch),
        ("currency=XXQ", Field::Currency, Wrong::NoSuch),
        ("project=0", Field::Project, Wrong::NoSuch),
        ("project=3", Field::Project, Wrong::NoSuch),
        ("from=yesterday", Field::From, Wrong::NotADay),
        ("to=31.02.2026", Field::To, Wrong::NotADay),
        ("from=2026-11-22&to=2026-11-21", Field::To, Wrong::Reversed),
        ("min=abc", Field::Min, Wrong::NotASum(Fault::NotANumber)),
        ("max=1,005", Field::Max, Wrong::NotASum(Fault::TooPrecise)),
        ("min=1,5&currency=JPY", Field::Min, Wrong::NotASum(Fault::TooPrecise)),
        ("min=2&max=1", Field::Max, Wrong::Reversed),
        ("size=0", Field::Size, Wrong::NotASize),
        ("size=501", Field::Size, Wrong::NotASize),
        ("size=-1", Field::Size, Wrong::NotASize),
        ("size=ten", Field::Size, Wrong::NotASize),
        ("before=1", Field::Place, Wrong::NotAPlace),
        ("after=1.x", Field::Place, Wrong::NotAPlace),
        ("q=a%00b", Field::Search, Wrong::Unsearchable),
    ] {
        let request = read(query);
        let mut problems = request.problems.clone();
        problems.extend(request.asked.filter(&within()).1);
        assert_eq!(problems, [Problem { field, wrong }], "{query}");
        assert_eq!(request.asked.page_size(), PAGE_SIZE);
    }
}

#[test]
fn a_search_of_ten_kilobytes_is_only_a_problem() {
    let text = "я".repeat(10_000);
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", &text).finish();
    let (filter, problems) = read(&query).asked.filter(&within());
    assert_eq!(problems, [Problem { field: Field::Search, wrong: Wrong::Unsearchable }]);
    assert_eq!(filter.search, None);
}

#[test]
fn what_databases_give_a_meaning_is_only_text() {
    for text in ["%", "_", "100%", "'", "\"; drop table", "\\", "😀😀😀", "<script>"] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", text).finish();
        let request = read(&query);
        assert_eq!(request.asked.search, text);
        assert_eq!(request.asked.query(), query);
        assert_eq!(request.asked.is_short(), text.chars().count() < 3);
        assert_eq!(request.asked.filter(&within()).1, [], "{text}");
    }
}

#[test]
fn places_read_back() {
    let place =
        Place { created_at: Timestamp::from_millis(1_795_294_800_123), id: PaymentId::new(42) };
    assert_eq!(write_place(place), "1795294800123.42");
    assert_eq!(read(&format!("before={}", write_place(place))).part, Part::OlderThan(place));
    assert_eq!(read(&format!("after={}", write_place(place))).part, Part::NewerThan(place));
    assert_eq!(read_place("-1.4"), None);
}

proptest! {
    #[test]
    fn whatever_is_asked_is_written_back(query in "[a-z=&%0-9+._-]{0,120}", text in ".{0,60}") {
        let searched =
            form_urlencoded::Serializer::new(query.clone()).append_pair("q", &text).finish();
        for query in [query, searched] {
            let asked = read(&query).asked;
            let again = read(&asked.query());
            prop_assert_eq!(&again.asked, &asked);
            let _ = asked.filter(&within());
        }
    }
}

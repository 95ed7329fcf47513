//! The frame as it stands around pages, for the tests of every page; and its switches.

use altyn_domain::id::ProjectId;

use super::*;

/// Text that must stay text.
pub const HOSTILE: &str = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>=1+2&amp;";
/// A name as long as one may be.
pub const LONG: &str = "Общество с ограниченной ответственностью «Издательско-полиграфический \
                        комплекс имени Первопечатника», филиал в Петропавловске-Камчатском";

/// A frame with three projects, one of them a test project with a long name.
pub fn example(lang: Lang, section: Section) -> Frame {
    frame(lang, section, ["Книжный", "Билеты", LONG])
}

/// The same with names that want to be markup.
pub fn example_hostile(lang: Lang, section: Section) -> Frame {
    Frame {
        login: HOSTILE.to_owned(),
        notice: Some(HOSTILE.to_owned()),
        address: format!("{}?q=%22%3E%3Cscript%3E&x=%27", section.path()),
        ..frame(lang, section, [HOSTILE; 3])
    }
}

fn frame(lang: Lang, section: Section, names: [&str; 3]) -> Frame {
    let projects = (1..).zip(names).map(|(number, name)| ProjectChoice {
        id: ProjectId::new(number).unwrap(),
        name: name.to_owned(),
        test: number == 3,
    });
    let address = format!("{}?q=x&status=stuck", section.path());
    Frame {
        lang,
        section,
        sections: Section::ALL.iter().filter(|own| own.right().is_some()).copied().collect(),
        projects: projects.collect(),
        chosen: None,
        test: false,
        login: "kassir".to_owned(),
        token: "0123456789abcdef".to_owned(),
        other_language: in_other_language(&address, lang),
        notice: Some(lang.pick("Готово.", "Done.").to_owned()),
        address,
    }
}

fn chosen(number: u32, section: Section, address: &str) -> Frame {
    Frame {
        chosen: ProjectId::new(number),
        address: address.to_owned(),
        ..example(Lang::Russian, section)
    }
}

#[test]
fn a_project_is_switched_within_a_list_and_its_filter() {
    let list = chosen(2, Section::Payments, "/cabinet/payments?q=a+b&before=9&project=2&lang=en");
    let ways: Vec<_> = list.switches().into_iter().map(|way| (way.address, way.here)).collect();
    assert_eq!(
        ways,
        [
            ("/cabinet/payments?q=a+b".to_owned(), false),
            ("/cabinet/payments?q=a+b&project=1".to_owned(), false),
            ("/cabinet/payments?q=a+b&project=2".to_owned(), true),
            ("/cabinet/payments?q=a+b&project=3".to_owned(), false),
        ]
    );
    assert_eq!(list.chosen_name(), "Билеты");
    let one = chosen(2, Section::Payments, "/cabinet/payments/2/77?tab=refunds");
    assert_eq!(one.switches().first().map(|way| way.address.clone()).unwrap(), "/cabinet/payments");
    assert!(one.ways().iter().all(|way| way.address.ends_with("?project=2")));
}

#[test]
fn the_search_box_keeps_the_filter_of_the_list() {
    let list = chosen(1, Section::Payments, "/cabinet/payments?q=%D0%B0&status=stuck&before=9");
    let search = list.search();
    assert_eq!(search.text, "а");
    assert_eq!(search.kept, [("status".to_owned(), "stuck".to_owned())]);
    let elsewhere = chosen(1, Section::Users, "/cabinet/users?q=%D0%B0&status=stuck").search();
    assert_eq!((elsewhere.text.as_str(), elsewhere.kept.len()), ("", 1));
    assert_eq!(elsewhere.kept, [("project".to_owned(), "1".to_owned())]);
}

#[test]
fn the_other_language_is_this_page() {
    let address = "/cabinet/audit?before=7&lang=ru&user=1";
    let other = in_other_language(address, Lang::Russian);
    assert_eq!(other, "/cabinet/audit?before=7&user=1&lang=en");
}

/// Pages of the frame itself, by name.
pub fn pages(lang: Lang, hostile: bool) -> Vec<(&'static str, String)> {
    let frame = |section| match hostile {
        true => example_hostile(lang, section),
        false => example(lang, section),
    };
    let text = |plain: &str| if hostile { HOSTILE.to_owned() } else { plain.to_owned() };
    let denied = refusals::DeniedPage {
        frame: frame(Section::Account),
        right: Right::Refund,
        project: Some(text("Книжный")),
        givers: vec![text("admin"), text("chief")],
    };
    let test = Frame { test: true, notice: None, ..frame(Section::Account) };
    vec![
        ("denied", denied.render().unwrap()),
        ("not-found", refusals::NotFoundPage { frame: test }.render().unwrap()),
        ("problem", bare::example(lang)),
    ]
}

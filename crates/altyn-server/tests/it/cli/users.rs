//! Users from the command line, and the log of what commands did.

use altyn_testkit::harness::{Output, eventually};
use serde_json::json;

use crate::support::World;

on_both_databases! {
    users_are_added_and_changed_beside_a_node,
    the_log_shows_that_it_was_touched,
}

fn password(output: &Output) -> &str {
    let (_, password) = output.stdout.split_once("shown this once: ").unwrap();
    password.trim()
}

fn users_are_added_and_changed_beside_a_node(world: &mut World) {
    let setup = &world.setup;
    let done = |arguments: &[&str]| setup.cli(&[["user"].as_slice(), arguments].concat()).done();
    let empty = done(&["list"]).stdout;
    assert!(empty.contains("altyn user add LOGIN --role administrator"), "{empty}");

    let added = done(&["add", "Chief", "--role", "administrator"]);
    assert!(added.stdout.starts_with("user chief was added as administrator in every project\n"));
    assert_eq!(password(&added).len(), 16, "{added:?}");
    let added = done(&["add", "anna", "--project", "1", "--project", "2"]);
    let can = "user anna was added as operator in project 1, operator in project 2\n";
    assert!(added.stdout.starts_with(can), "{added:?}");
    let granted = done(&["grant", "ANNA", "--project", "2", "--role", "support"]).stdout;
    assert_eq!(granted, "user anna is operator in project 1, support in project 2\n");
    let revoked = done(&["revoke", "anna", "--project", "1"]).stdout;
    assert_eq!(revoked, "user anna is support in project 2\n");
    let reset = done(&["reset", "anna", "--second-factor"]);
    assert_ne!(password(&reset), password(&added));
    assert_eq!(done(&["disable", "anna"]).stdout, "user anna cannot sign in any more\n");
    let expected = "anna\tsupport in project 2\tdisabled\n\
                    chief\tadministrator in every project\tactive\n";
    assert_eq!(done(&["list"]).stdout, expected);
    assert_eq!(done(&["enable", "anna"]).stdout, "user anna can sign in again\n");
    let listed = done(&["list", "--json"]).json();
    assert_eq!(
        listed[0],
        json!({
            "login": "anna",
            "memberships": [{"project": 2, "role": "support"}],
            "disabled": false,
            "must_change": true,
            "second_factor": false,
        })
    );

    for (arguments, code, words) in [
        (["add", "chief"].as_slice(), 1, "the login is taken"),
        (&["add", "a b"], 1, "none of them a space"),
        (&["add", "boris", "--project", "9"], 1, "there is no project 9"),
        (&["add", "boris", "--role", "king"], 2, "king"),
        (&["reset", "boris"], 1, "there is no user boris"),
        (&["grant", "anna", "--project", "1"], 2, "--role"),
        (&["revoke", "anna", "--project", "1"], 1, "no role there, only support in project 2"),
        (&["disable", "chief"], 1, "the last administrator"),
        (&["revoke", "chief"], 1, "the last administrator"),
    ] {
        let output = setup.cli(&[["user"].as_slice(), arguments].concat());
        assert_eq!(output.code, Some(code), "{arguments:?}: {output:?}");
        assert!(output.stderr.contains(words), "{words} in {output:?}");
    }
}

fn the_log_shows_that_it_was_touched(world: &mut World) {
    let setup = &world.setup;
    setup.cli(&["user", "add", "chief", "--role", "administrator"]).done();
    setup.cli(&["project", "set", "--id", "1", "--name", "Чай"]).done();
    // Three projects were added before.
    let head = eventually("the log is sealed", || {
        let report = setup.cli(&["check", "--json"]).done().json();
        (report["audit"]["position"] == 5).then(|| report["audit"]["hash"].clone())
    });
    let head = head.as_str().unwrap();
    let text = setup.cli(&["check"]).done().stdout;
    assert!(text.ends_with(&format!("\naudit log: 5 entries sealed, head {head}\n")), "{text}");
    for (breaks, mends, told) in [
        (
            "UPDATE audit SET login = 'anna' WHERE position = 4",
            "UPDATE audit SET login = 'command line' WHERE position = 4",
            "at position 4 was changed",
        ),
        (
            "UPDATE audit SET position = 20 WHERE position = 5",
            "UPDATE audit SET position = 5 WHERE position = 20",
            "audit position 5 is missing",
        ),
    ] {
        world.sql(breaks);
        let output = setup.cli(&["check"]);
        assert_eq!(output.code, Some(3), "{output:?}");
        assert!(output.stdout.contains("I17 audit log: "), "{output:?}");
        assert!(output.stdout.contains(told), "{told} in {output:?}");
        world.sql(mends);
    }
}

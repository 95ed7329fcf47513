//! The audit log as the cabinet shows it, and what `altyn check` says when it was touched.

use altyn_testkit::harness::eventually;

use crate::support::cabinet::Person;
use crate::support::{World, texts};

on_both_databases! {
    a_log_that_was_touched_is_found,
}

fn a_log_that_was_touched_is_found(world: &mut World) {
    let chief = Person::signed_in(world, "chief", &["--role", "administrator"]);
    assert_eq!(chief.get("/cabinet/payments/1/77").status, 404);
    assert_eq!(chief.post("/cabinet/projects/1/clock", &[("by", "1h")]).status, 303);
    let setup = &world.setup;
    let count: usize = eventually("the log is sealed", || {
        let unsealed = "SELECT CAST(COUNT(*) AS TEXT) FROM audit WHERE position IS NULL";
        let all = "SELECT CAST(COUNT(*) AS TEXT) FROM audit";
        (texts(setup, unsealed) == ["0"]).then(|| texts(setup, all)[0].parse().unwrap())
    });
    let report = setup.check();
    assert_eq!(report["audit"]["position"], count, "{report}");
    let head = report["audit"]["hash"].as_str().unwrap();
    let html = chief.page("/cabinet/audit");
    assert!(html.contains(head), "the newest entry shows its link: {html}");
    assert!(html.contains("<td class=\"wrap\"><b>chief</b>"), "{html}");

    let moved = "action = 'move_clock'";
    let place =
        &texts(setup, &format!("SELECT CAST(position AS TEXT) FROM audit WHERE {moved}"))[0];
    // Changed, taken away from the middle, and two changing places.
    let swap =
        |from: &str, to: &str| format!("UPDATE audit SET position = {to} WHERE position = {from};");
    let (far, first) = ("900000", "1");
    let swapped = [swap(place, far), swap(first, place), swap(far, first)].concat();
    for (breaks, mends, told) in [
        (
            format!("UPDATE audit SET detail = detail || '!' WHERE {moved}"),
            format!(
                "UPDATE audit SET detail = SUBSTR(detail, 1, LENGTH(detail) - 1) WHERE {moved}"
            ),
            format!("at position {place} was changed"),
        ),
        (
            format!("UPDATE audit SET result = 'refused' WHERE {moved}"),
            format!("UPDATE audit SET result = 'done' WHERE {moved}"),
            format!("at position {place} was changed"),
        ),
        (swapped.clone(), swapped, "at position 1 was changed".to_owned()),
        (swap("2", far), swap(far, "2"), "audit position 2 is missing".to_owned()),
    ] {
        world.sql(&breaks);
        let output = setup.cli(&["check"]);
        assert_eq!(output.code, Some(3), "{breaks}: {output:?}");
        assert!(output.stdout.contains(&told), "{told} in {output:?}");
        world.sql(&mends);
        setup.check();
    }
}

//! Links and signatures that the platform's own libraries made, byte for byte.

use super::*;

/// ecommpay.md §1.7: one payment through three libraries, byte for byte.
#[test]
fn links_of_the_libraries_are_understood() {
    let links = [
        "project_id=250&interface_type=%7B%22id%22%3A22%7D&payment_id=X%2003936&payment_amount=10000&payment_currency=KES&customer_id=customer1&payment_description=B%26W%20(%D1%87%D0%B0%D0%B9)%20&recurring_register=true&signature=nlaUCS74QTDCQVFCiU39SVnUInsYqwTJVd54SB4bq%2FLKxduYxpz0OLvKpR%2FPAgqgHKxdiEAtM6Rm0uDRy27HHQ%3D%3D",
        "project_id=250&interface_type=%7B%22id%22%3A+24%7D&payment_id=X+03936&payment_amount=10000&payment_currency=KES&customer_id=customer1&payment_description=B%26W+%28%D1%87%D0%B0%D0%B9%29+&recurring_register=True&signature=bErpGSSZ9GL%2BHl421o%2FH0M2elJMjUybh347tRfqcUQvnfypF7aWe%2B3TUXyiqkHL1Ed%2BEbX7bjArwrGbRFjw3cw%3D%3D",
        "project_id=250&interface_type=%7B%22id%22%3A23%7D&payment_id=X+03936&payment_amount=10000&payment_currency=KES&customer_id=customer1&payment_description=B%26W+%28%D1%87%D0%B0%D0%B9%29+&recurring_register=1&signature=FpS%2FhkRaDVHDTIvHYNaGFqqil0LIqu0caLquF90k2mdDRq9F5hK8eZhJLyFXxNEYwhaZaRVzJtKbDE%2BKh7vMbA%3D%3D",
    ];
    for sent in links {
        let link = read_sent(sent.as_bytes()).unwrap();
        assert_eq!(link.reference.as_str(), "X 03936");
        assert_eq!(link.amount.to_major(), "100.00");
        assert_eq!(link.description, "B&W (чай) ");
        assert_eq!(link.customer.id.as_deref(), Some("customer1"));
        assert_eq!(link.echo.value("recurring_register"), Some("1"));
        assert_eq!(read_sent(link.query().as_bytes()).unwrap().query(), link.query());
        // Before the sum is looked at, the signature is.
        let other = sent.replace("amount=10000", "amount=10001");
        assert_eq!(told(&read_sent(other.as_bytes())), "3261");
    }
}

/// What is told, the signature, the parameters.
type Published = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PUBLISHED: &[Published] = &[
    (
        "ok",
        "GeI5sCc0eIo1f3CQPsCXqe4OJbIVdoCzOb6dgEPcm1lIUxv2XDHAHs2iL7vPSasR8loL3jH+ctmsbGvx0AeX1A==",
        &[
            ("payment_id", "X03936"),
            ("payment_amount", "10000"),
            ("payment_currency", "KES"),
            ("project_id", "250"),
            ("customer_id", "customer1"),
            ("customer_phone", "123456789"),
            ("customer_email", "customer@example.com"),
        ],
    ),
    (
        "2004 payment_amount",
        "hXPbHcm5+TLco/rhN7Q8M7K2VF/dvj+gltE+DElWiPyEjUheXXTEhgW1T6HUi2w1bQwv76HJgsJ9zETUydmb7A==",
        &[("project_id", "250"), ("interface_type", "{\"id\":22}"), ("payment_id", "a")],
    ),
    (
        "2004 customer_id",
        "+NGChjO/3L6vSJkEUSXBDPJBSUuEu4rXw4wtAoXiTDATSMerNixVYKdh9Cg2jTXSu1Ez9R+LxX/ioWr70Tlxew==",
        &[
            ("project_id", "11"),
            ("payment_id", "test_payment_id"),
            ("payment_currency", "EUR"),
            ("payment_amount", "1000"),
            ("some_future_bool_param", "true"),
            ("interface_type", "{\"id\": 20}"),
        ],
    ),
    (
        "2004 payment_amount",
        "xdIXTiffRnObgBtT6YVSn10lvtdZQznyBDL2aafvTETigagUr5iof6CYCv097qoJDRROGGH4xNb+aF2GRTgA9Q==",
        &[
            ("project_id", "60481"),
            ("payment_id", "test_payment"),
            ("interface_type", "{\"id\": 21}"),
            ("best_before", "2200-12-12T12:12:12+03:00"),
        ],
    ),
    (
        "2004 payment_amount",
        "q69mSGul5x6KACTn0Vl+X6N4hH1lL45yQiEbmLzJvNoJ1hwkBuiEv/LLpJuyLWtIrgU7+q0TAUO0f+ai0bqjKQ==",
        &[
            ("project_id", "1"),
            ("payment_id", "test-payment"),
            ("best_before", "2055-05-05T00:00:00"),
            ("interface_type", "{\"id\": 24}"),
        ],
    ),
    (
        "2004 payment_amount",
        "97JFQpAyJ4HPfGVedJh0M1MqQDOFt/MCbdh8VrsT7DdRyTBDAF2mvUOsDANx1ZPfbvZg0+VUbF43xJnq0jEeLA==",
        &[
            ("project_id", "100"),
            ("interface_type", "{\"id\":23}"),
            ("payment_id", "test payment id"),
            ("payment_description", "B&W"),
        ],
    ),
];

/// ecommpay.md §1.4 V1, §1.6 and §1.7: signatures that libraries' own tests publish. Most lack
/// what a payment needs, which is told only after the signature was right.
#[test]
fn signatures_of_the_libraries_fit() {
    for &(expected, signature, parameters) in PUBLISHED {
        let mut parameters = parameters.to_vec();
        parameters.push(("signature", signature));
        for _ in 0..parameters.len() {
            let result = read_sent(encoded(&parameters).as_bytes());
            assert_eq!(told(&result), expected, "{parameters:?}");
            parameters.rotate_left(1);
        }
    }
}

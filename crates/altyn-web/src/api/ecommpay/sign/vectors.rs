//! Values to compare with: texts and signatures made by the clients themselves.
//!
//! From `protocols/ecommpay.md` §1.4 to §1.7; none was made by the code under test.

/// One body with the text and signature that the clients agree on.
pub(super) struct Agreed {
    pub(super) name: &'static str,
    pub(super) secret: &'static str,
    pub(super) input: &'static str,
    pub(super) text: &'static str,
    pub(super) signature: &'static str,
}

/// One body that the JavaScript and Python clients sign differently, secret `secret`.
pub(super) struct Differing {
    pub(super) name: &'static str,
    pub(super) input: &'static str,
    pub(super) first: (&'static str, &'static str),
    pub(super) second: (&'static str, &'static str),
    /// Whether PHP, whose order is the rule, sides with the first; nothing when with neither.
    pub(super) rule_is_first: Option<bool>,
}

/// One value out of a client's own tests: origin, secret, body, signature.
pub(super) type Published = (&'static str, &'static str, &'static str, &'static str);

pub(super) const AGREED: &[Agreed] = &[
    // Payment Page query `[S3]` sample
    Agreed {
        name: "V1",
        secret: "secret",
        input: r#"{"payment_id":"X03936","payment_amount":10000,"payment_currency":"KES","project_id":250,"customer_id":"customer1","customer_phone":"123456789","customer_email":"customer@example.com"}"#,
        text: "customer_email:customer@example.com;customer_id:customer1;customer_phone:123456789;payment_amount:10000;payment_currency:KES;payment_id:X03936;project_id:250",
        signature: "GeI5sCc0eIo1f3CQPsCXqe4OJbIVdoCzOb6dgEPcm1lIUxv2XDHAHs2iL7vPSasR8loL3jH+ctmsbGvx0AeX1A==",
    },
    // Gate card-partner sale `[S3]` sample
    Agreed {
        name: "V2",
        secret: "secret",
        input: r#"{"general":{"project_id":125,"payment_id":"TEST_184"},"customer":{"ip_address":"1.2.3.4","phone":"123456789","email":"customer@example.com","id":"123"},"payment":{"amount":1000,"currency":"KES"}}"#,
        text: "customer:email:customer@example.com;customer:id:123;customer:ip_address:1.2.3.4;customer:phone:123456789;general:payment_id:TEST_184;general:project_id:125;payment:amount:1000;payment:currency:KES",
        signature: "4rAYR8TP2+Mx8ddHksTVdWUNfKsL1D8mEAm2VXpEPNTQEe/T2QxH5jb5sOwp1eubO50EaP0YpAnzXIwLTkxq2A==",
    },
    // refund with only `general` `[S3]` sample
    Agreed {
        name: "V3",
        secret: "secret",
        input: r#"{"general":{"project_id":239,"payment_id":"refund_02"}}"#,
        text: "general:payment_id:refund_02;general:project_id:239",
        signature: "GtgQKkoStPqvt2NBqBusyKoQrb1FmG21t9+wS+uvYqeCsqsGI8iuuhtJ1VKeAbT0om04NKcHshuPkDHjgAIatg==",
    },
    // callback shaped as `[S3]`
    Agreed {
        name: "V4",
        secret: "secret",
        input: r#"{"project_id":2924,"payment":{"id":"EP79a6-d2db","type":"purchase","status":"success","date":"2020-08-26T15:03:20+0000","method":"Card partner","sum":{"amount":1000,"currency":"KES"},"description":""},"customer":{"phone":"12345678900"},"operation":{"id":389,"type":"sale","status":"success","date":"2020-08-26T15:03:19+0000","created_date":"2020-08-26T15:03:05+0000","request_id":"0be9d6d5-00000001","sum_initial":{"amount":1000,"currency":"KES"},"sum_converted":{"amount":1000,"currency":"KES"},"code":"0","message":"Success","provider":{"id":2377,"payment_id":"1598454195644A","auth_code":""}}}"#,
        text: "customer:phone:12345678900;operation:code:0;operation:created_date:2020-08-26T15:03:05+0000;operation:date:2020-08-26T15:03:19+0000;operation:id:389;operation:message:Success;operation:provider:auth_code:;operation:provider:id:2377;operation:provider:payment_id:1598454195644A;operation:request_id:0be9d6d5-00000001;operation:status:success;operation:sum_converted:amount:1000;operation:sum_converted:currency:KES;operation:sum_initial:amount:1000;operation:sum_initial:currency:KES;operation:type:sale;payment:date:2020-08-26T15:03:20+0000;payment:description:;payment:id:EP79a6-d2db;payment:method:Card partner;payment:status:success;payment:sum:amount:1000;payment:sum:currency:KES;payment:type:purchase;project_id:2924",
        signature: "aVRp/aj/m8H6l+gY6Q4ZlHI+2W8qwkr6Oazi0UXju4wO/zSapUG21igoQJdJ4Z+zpDOjNEzPG1CQlT5euy6dcQ==",
    },
    // Cyrillic, emoji, Cyrillic secret
    Agreed {
        name: "V5",
        secret: "секрет",
        input: r#"{"customer":{"first_name":"Иван","last_name":"Ёжик"},"payment":{"description":"Оплата заказа №5 🚀"},"project_id":7}"#,
        text: "customer:first_name:Иван;customer:last_name:Ёжик;payment:description:Оплата заказа №5 🚀;project_id:7",
        signature: "vnOB26XPVn5rlznw6Si7rUOVrH3SjCrGyiDYmRv+MAz7lu4zWnLx1vUxz4UuAHqCbCsujPeSAbWvIKf26k/pFA==",
    },
    // booleans, `frame_mode`, empty containers, empty string
    Agreed {
        name: "V6",
        secret: "secret",
        input: r#"{"a":true,"b":false,"frame_mode":"popup","empty_list":[],"empty_obj":{},"empty_str":"","z":0}"#,
        text: "a:1;b:0;empty_str:;z:0",
        signature: "OsZhRsZP/C2LjT8qioKk1qr4JY07a5gcPCPiWZqRhiXa+ljY5sDP22Bxwibcqaf24rVcd1ilR4bwZQzvTt91zg==",
    },
    // nested `frame_mode` is dropped too
    Agreed {
        name: "V7",
        secret: "secret",
        input: r#"{"x":{"frame_mode":"iframe","y":1},"frame_mode":"popup"}"#,
        text: "x:y:1",
        signature: "aE0QMe6FHtCwBNrylZAZCdw173qVvgsqENw+j6zPdthuQ97E31ru9mnc43y/ri6m2asxh53dm+nqRCCgUW7UPA==",
    },
    // array of objects
    Agreed {
        name: "V8",
        secret: "secret",
        input: r#"{"project_id":1,"errors":[{"code":"3061","message":"Transaction not found"},{"code":"2003","message":"Invalid","field":"customer.id"}]}"#,
        text: "errors:0:code:3061;errors:0:message:Transaction not found;errors:1:code:2003;errors:1:field:customer.id;errors:1:message:Invalid;project_id:1",
        signature: "l+rpHkVMhe1UTcKcoz59kfMNWPwdhmUqO68g8WsTGYMSxnCpj27yiNxNHx6D0hRvbH+NIU5Fxdiw6V741QIluw==",
    },
    // unescaped separators (same signature for `{"a":"1","b":"2;c:x:y"}`)
    Agreed {
        name: "V9",
        secret: "secret",
        input: r#"{"a":"1;b:2","c":"x:y"}"#,
        text: "a:1;b:2;c:x:y",
        signature: "9F1FPlDAxEetnK2nGB4Pqn2hUkTNy9H/H0fDyAe2q6Q9MfDfUZiaaI2D1asksqzOPS4rzvv7amwA8uP73H4EIQ==",
    },
    // documentation example of a Gate body (expected value published by doc)
    Agreed {
        name: "V10",
        secret: "secret",
        input: r#"{"general":{"project_id":3254,"payment_id":"id_38202316"},"customer":{"id":"585741","email":"johndoe@example.com","first_name":"John","last_name":"Doe","address":"Downing str., 23","identify":{"doc_number":"54122312544"},"ip_address":"198.51.100.47"},"payment":{"amount":10800,"currency":"USD","description":"Computer keyboards"},"receipt_data":{"positions":[{"quantity":"10","amount":"108","description":"Computer keyboard"}]},"return_url":{"success":"https://paymentpage.example.com/complete-redirect?id=success","decline":"https://paymentpage.example.com/complete-redirect?id=decline"}}"#,
        text: "customer:address:Downing str., 23;customer:email:johndoe@example.com;customer:first_name:John;customer:id:585741;customer:identify:doc_number:54122312544;customer:ip_address:198.51.100.47;customer:last_name:Doe;general:payment_id:id_38202316;general:project_id:3254;payment:amount:10800;payment:currency:USD;payment:description:Computer keyboards;receipt_data:positions:0:amount:108;receipt_data:positions:0:description:Computer keyboard;receipt_data:positions:0:quantity:10;return_url:decline:https://paymentpage.example.com/complete-redirect?id=decline;return_url:success:https://paymentpage.example.com/complete-redirect?id=success",
        signature: "lagSnuspAn+F6XkmQISqwtBg0PsiTy62fF9x33TM+278mnufIDZyi1yP0BQALuCxyikkIxIMbodBn2F8hMdRwA==",
    },
    // key ordering
    Agreed {
        name: "V11",
        secret: "secret",
        input: r#"{"b":"1","B":"2","_b":"3","1":"4","a":"5","a1":"6","a_b":"7"}"#,
        text: "1:4;B:2;_b:3;a:5;a1:6;a_b:7;b:1",
        signature: "xxl0utauqgx27Yc69gL2rX20X/i477s7NhPRuNpfIdejy7mDfuPq0qE3tYuM5kkumyKz5tSVFLGCk0P9v52/xw==",
    },
    // integer at 2^53-1 and negative
    Agreed {
        name: "V12",
        secret: "secret",
        input: r#"{"amount":9007199254740991,"neg":-5}"#,
        text: "amount:9007199254740991;neg:-5",
        signature: "8vQVlmX5PvPzvUSHms2GEgZB/ymKhG2mw7sjfEnjMRZXxuM09QFQAd5hsVXIjj3CFn0/WzKUtH2AN1bf5upKbA==",
    },
];

pub(super) const DIFFERING: &[Differing] = &[
    // null
    Differing {
        name: "D1",
        input: r#"{"a":null,"b":"x"}"#,
        first: (
            "a:;b:x",
            "x/1GJqdcrZL5x0l4RRcdVRDoq50t8IdIOOIWePByEXofVb1bmkCUatscs9u96ogBZsruL/XGPGKDiK6Ejxc1SA==",
        ),
        second: (
            "a:None;b:x",
            "D/pDYyzQPNB/fsZSTaVRZrlXb0rp8dX7OZ1wMeqwNhFBw2WAxY1lNgLECMutRTYbMxRlzGHj/NQluE88acxmTA==",
        ),
        rule_is_first: Some(true),
    },
    // float with integral value
    Differing {
        name: "D2",
        input: r#"{"a":1.0,"b":1e16,"c":0.5,"d":10.50}"#,
        first: (
            "a:1;b:10000000000000000;c:0.5;d:10.5",
            "8eZc9sMXohjSYNV7K0SXRDrpsqjPYdF9MttEB4Iv0Ita7fk/tlM+kf3vgtAJ4CQgZXOCYgkAbs8Q8Glyojgq2A==",
        ),
        second: (
            "a:1.0;b:1e+16;c:0.5;d:10.5",
            "MMtodvuBQ93J4VxeV22CNJUJ8TRkzYOc/xvp4BQwc33+2nJgyhF0+Lil0NdordZrJjZJit3X6K6yyGfUc6Iw7A==",
        ),
        rule_is_first: None,
    },
    // list of 11 items
    Differing {
        name: "D3",
        input: r#"{"l":["a","b","c","d","e","f","g","h","i","j","k"]}"#,
        first: (
            "l:0:a;l:1:b;l:2:c;l:3:d;l:4:e;l:5:f;l:6:g;l:7:h;l:8:i;l:9:j;l:10:k",
            "oKqmTC1LQEwSR2pSxFtAI42HkGv50gnjHuzgbU97twBxADLTzhm0oLlEFNELYKdTh3OOkzSD67Fk2TStleLw/w==",
        ),
        second: (
            "l:0:a;l:1:b;l:10:k;l:2:c;l:3:d;l:4:e;l:5:f;l:6:g;l:7:h;l:8:i;l:9:j",
            "8odLHaVzCs7hbliY8dHU9CDxzAJzVfOzHUCUbnp1R5PMaYpjMjVoHs158p1cUi1xuGIA/Z6Av1RDDlJqb0ox9Q==",
        ),
        rule_is_first: Some(true),
    },
    // sibling key that sorts before ':' (digit/minus)
    Differing {
        name: "D4",
        input: r#"{"a":{"b":"1"},"a1":"2","a-b":"3"}"#,
        first: (
            "a:b:1;a-b:3;a1:2",
            "UP5d0AIyRliQBHStBVSOyxMWWuqzTfRRlwsF/6kfaUesReAIIDGtXJ0BSpCb4qF6O4i/+k6+zf1hu1gioU4A7Q==",
        ),
        second: (
            "a-b:3;a1:2;a:b:1",
            "E36LDLKJEZrjpMDeV9kMyH3wW5XC2Mpwdrl//AmXvP635/pBmDD+Kcm8ALKUUCyaMEs1HNg9k5RDcmid2CLkGg==",
        ),
        rule_is_first: Some(false),
    },
    // integer beyond 2^53
    Differing {
        name: "D5",
        input: r#"{"a":9007199254740993}"#,
        first: (
            "a:9007199254740992",
            "1Yji1P5u91lIGMh59FlsVYhJVKo5LKQ1TR5QoNGlu+8ggoz/E3MKvSJaOL0d2mzSPVaDs7lIF0vL9IVom7fAzQ==",
        ),
        second: (
            "a:9007199254740993",
            "naajYN7xmwqkAqQM1akjgnndKSp5ZWF9IaSahlvipY+Q4gzOSG+voFRW5/+R5JYeBxk4Q8hmyHf1t8JFKnn71g==",
        ),
        rule_is_first: Some(false),
    },
    // numeric keys
    Differing {
        name: "D6",
        input: r#"{"10":"x","2":"y"}"#,
        first: (
            "2:y;10:x",
            "ZUYlZtDBDVBvB2UOtFczcpKmAVZadPPCeQYWhmBVJ4SMgu/PPQvAfcTsRfSAWxz5kNVoWiduHlgHmNB4ppi5lQ==",
        ),
        second: (
            "10:x;2:y",
            "zUS+F5tkLmeZdY9VFdPf51zR881Ii0lrtbEkHlkI9gfrXrhOUHZbrzImNtZtVZo92OStFwRpPxmKry2wcWuuQw==",
        ),
        rule_is_first: Some(true),
    },
    // astral key vs BMP high key
    Differing {
        name: "D7",
        input: r#"{"ﬁ":"1","🚀":"2"}"#,
        first: (
            "🚀:2;ﬁ:1",
            "XUBYtb3fFhkYdUztOSEAUtVzxqBz2ULjMmYusesAxhRJnvNd07PTJ9d/a9gbD9RnKhe7JxwcCJgJSjPgddUfUg==",
        ),
        second: (
            "ﬁ:1;🚀:2",
            "0B+otaQHbJ8Vj+G3xKG9Wya94Zrg+KyCSA8OrvmP/aZ8Bd3MCS+zU869+4L4Se6FiHMWB/VfpHCqIIxWHr25kg==",
        ),
        rule_is_first: Some(false),
    },
    // key with a colon: js and py keep it, php and java double it
    Differing {
        name: "S1",
        input: r#"{"a:b":"1"}"#,
        first: (
            "a:b:1",
            "zBFR2Nh/qM7Y6VcpyxAANNbTNrHsTtI6SrhE4dbqup2U9sYW4DMBPCD02IxLwOvoG6HpSRVu2J+4dpu/eHnjYA==",
        ),
        second: (
            "a::b:1",
            "dwrnqi7wqvOn/3xVK9L2B9yguwKOuiVMDJO4D2ty7h0J99w+IwM60x0XfqIZnzzNKcvQJMqvqXb3hdJj1SZssQ==",
        ),
        rule_is_first: Some(true),
    },
];

pub(super) const PUBLISHED: &[Published] = &[
    (
        "js __tests__/data/signed.js, php SignatureHandlerTest",
        "secret",
        r#"{"customer":{"project_id":0,"id":"sutm_id"},"card":{"pan":"4242424242424242","year":2020,"month":8,"card_holder":"John Smith","cvv":"123","save":true},"frame_mode":"popup"}"#,
        "lY0LTSAzpR7zGce5qfYGacOuYlHGWqkMcQlqmjlsDDZI2gVcE1qVeWANnkIR7mdOqRXJnL1kO0lUmkQ0YYLWRg==",
    ),
    (
        "js __tests__/data/callback.js, php tests/data/callback.php",
        "secret",
        r#"{"payment":{"id":"000049","status":"success"}}"#,
        "/3TrhHVz9BHaLfgLyhoxO7dsQNzbzZa/TdO3pxQocXWwgVM6tGlzMLVfpOxFNTnkR9iiFVK/77ZedMcbkCjmng==",
    ),
    (
        "go gate_test.go, payment-page_test.go",
        "qwerty",
        r#"{"project_id":11,"payment_id":"test_payment_id","payment_currency":"EUR","payment_amount":1000,"some_future_bool_param":true,"interface_type":"{\"id\": 20}"}"#,
        "+NGChjO/3L6vSJkEUSXBDPJBSUuEu4rXw4wtAoXiTDATSMerNixVYKdh9Cg2jTXSu1Ez9R+LxX/ioWr70Tlxew==",
    ),
    (
        "go callback_test.go",
        "qwerty",
        r#"{"payment":{"id":"11","status":"success"}}"#,
        "Rk9xmCfiv/BJbVrCz+oazsOOuiMqrktLVXruRLM9WJ2zmYvufwOS7uxz5Pd36kfKPqbBwKZjMs/EEzF/VsbbNw==",
    ),
    (
        "go signature-handler_test.go",
        "qwerty",
        r#"{"project_id":11,"payment_currency":"EUR","frame_mode":"popup","some_bool_param":true,"two_levels_param":{"param1":1,"param2":2}}"#,
        "ehwG+e+Sq6b0QEek2hmHGUFzViX9/Xfcgnh0Ysn1+AqCY8BsKhC/Vcyr4XH8CKXW3iS0vW9S2mTwOt/0Ozf5pg==",
    ),
    (
        "java SignatureHandlerTest",
        "qwerty",
        r#"{"payment":{"id":"test.test-payment","status":"success","valid":true},"some-data":1234,"frame_mode":"popup"}"#,
        "Z0YwpWdNwBspA/6wicHVr4f6n0xMFuyZnAlIxnO86Zu/EIo3FZUEntClEVjulKpBrVF+HlyPEK1X41iCjbFgWg==",
    ),
    (
        "java TestFixtures",
        "qwerty",
        r#"{"payment":{"id":"test.test-payment","status":"success"}}"#,
        "OonQm2ElTzZU80dNnsrS/ulnGU/eEMg7U1jfLRiKn0zx3GmnEOP2ne/pUOJ9LkzntYT7llgRhTpbxcT3ldHyEA==",
    ),
    (
        "java TestFixtures",
        "qwerty",
        r#"{"payment":{"status":"success"}}"#,
        "jRtwdhnY6bQGt39FRUVrXEBTgplUTjRpCA/37x95/c5FvdsnZMnlLUGXVRpNjKOHbawT0s9AmUy3rajlexddwQ==",
    ),
    (
        "java TestFixtures, py tests/test_callback (there project_id is a string)",
        "qwerty",
        r#"{"project_id":123,"recurring":{"id":321,"status":"active","type":"Y","currency":"EUR","exp_year":"2025","exp_month":"12","period":"D","time":"11"}}"#,
        "AThqkBCZ6WZtY3WrMV28o7SM/vq6OIVF9qiVbELN4e/Ux59Lb5LFFnEuTq6bHa5pRvaPIkQGABXdpIrNLaeJdQ==",
    ),
    (
        "java TestFixtures",
        "qwerty",
        r#"{"errors":[{"message":"error1","code":1,"fail":true},{"message":"error2","code":2,"fail":false},{"message":"error3","code":3,"fail":{"sub-fail":{"test":1}}}],"sum_converted":{"amount":10000,"currency":"EUR"}}"#,
        "oXF9a0F80FBkT5plV1aVcQIVSWr3l07StkQ2izUKmy//H2S9gMX982Kgm4tXB4+Ze1S5E1jeKhwheIgYMZ4J+w==",
    ),
    (
        "java TestFixtures (URL)",
        "qwerty",
        r#"{"project_id":60481,"payment_id":"test_payment","interface_type":"{\"id\": 21}","best_before":"2200-12-12T12:12:12+03:00"}"#,
        "xdIXTiffRnObgBtT6YVSn10lvtdZQznyBDL2aafvTETigagUr5iof6CYCv097qoJDRROGGH4xNb+aF2GRTgA9Q==",
    ),
    (
        "py tests/test_gate, test_callback",
        "qwerty",
        r#"{"payment":{"id":"test-payment","status":"success"}}"#,
        "UGzKT0NC26f4u0niyJSQPx5q3kFFIndwLXeJVXahfCFwbY+Svg1WoXIxzrIyyjWUSLFhT8wAQ5SfBDRHnwm6Yg==",
    ),
    (
        "py tests/test_signature_handler",
        "qwerty",
        r#"{"payment":{"id":"test-payment","status":"success"},"some_bool_param":true,"frame_mode":"popup"}"#,
        "TZS0J65ReNUMgKzeXUey9xOGGyC7r4OhsFXt/3H8XZM2Le8Wot2E1NIjeSPOyV1F3sUU6F3kfo9om2dhbe3ieA==",
    ),
    (
        "py tests/test_signature_handler (only py master; PyPI 1.0.6 writes None)",
        "qwerty",
        r#"{"payment":{"id":"test-payment"},"errors":[{"code":"123","message":"grand crash","description":["description-str",{"description1":1}]},{"code":"456","message":"minor crash","description":null}]}"#,
        "dxjnun8oySSl0CWlhhjy/k1V9CZcCtaHvu/Y5qJQbWHq8wd6TqTUt4bIfHrlWxT8ba9NOJfkgGHrGc5OgyQVGA==",
    ),
    (
        "py tests/test_payment_page",
        "qwerty",
        r#"{"project_id":"1","payment_id":"test-payment","best_before":"2055-05-05T00:00:00","interface_type":"{\"id\": 24}"}"#,
        "q69mSGul5x6KACTn0Vl+X6N4hH1lL45yQiEbmLzJvNoJ1hwkBuiEv/LLpJuyLWtIrgU7+q0TAUO0f+ai0bqjKQ==",
    ),
    (
        "php PaymentPageTest",
        "secret",
        r#"{"project_id":100,"interface_type":"{\"id\":23}","payment_id":"test payment id","payment_description":"B&W"}"#,
        "97JFQpAyJ4HPfGVedJh0M1MqQDOFt/MCbdh8VrsT7DdRyTBDAF2mvUOsDANx1ZPfbvZg0+VUbF43xJnq0jEeLA==",
    ),
    (
        "whole URL, js",
        "secret",
        r#"{"project_id":250,"interface_type":"{\"id\":22}","payment_id":"X 03936","payment_amount":10000,"payment_currency":"KES","customer_id":"customer1","payment_description":"B&W (чай) ","recurring_register":true}"#,
        "nlaUCS74QTDCQVFCiU39SVnUInsYqwTJVd54SB4bq/LKxduYxpz0OLvKpR/PAgqgHKxdiEAtM6Rm0uDRy27HHQ==",
    ),
    (
        "whole URL, py",
        "secret",
        r#"{"project_id":250,"interface_type":"{\"id\": 24}","payment_id":"X 03936","payment_amount":10000,"payment_currency":"KES","customer_id":"customer1","payment_description":"B&W (чай) ","recurring_register":true}"#,
        "bErpGSSZ9GL+Hl421o/H0M2elJMjUybh347tRfqcUQvnfypF7aWe+3TUXyiqkHL1Ed+EbX7bjArwrGbRFjw3cw==",
    ),
    (
        "whole URL, php",
        "secret",
        r#"{"project_id":250,"interface_type":"{\"id\":23}","payment_id":"X 03936","payment_amount":10000,"payment_currency":"KES","customer_id":"customer1","payment_description":"B&W (чай) ","recurring_register":true}"#,
        "FpS/hkRaDVHDTIvHYNaGFqqil0LIqu0caLquF90k2mdDRq9F5hK8eZhJLyFXxNEYwhaZaRVzJtKbDE+Kh7vMbA==",
    ),
];

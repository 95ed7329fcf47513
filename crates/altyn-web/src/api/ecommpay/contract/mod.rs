//! The contract with merchants: an OpenAPI 3.1 document made from the wire types and tables.
//!
//! Tests hold it to the code: every field of every body goes through the reader right and wrong,
//! every line of [`stages::CASES`] is sent, and the answers' schemas fit what the views make.

pub mod examples;
pub mod fields;
pub mod stages;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use altyn_domain::method::{Method, When};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required,
};

use self::examples::Told;
use super::codes::Code;
use super::endpoints::{Answers, Endpoint};
use super::requests::{
    AuthenticationRequest, BrowserData, CardSaleRequest, ClarificationRequest, ClockRequest,
    Customer, FingerprintRequest, HoldRequest, RefundRequest, RequestStatusRequest, SaleRequest,
    StatusRequest,
};
use super::wire::{Accepted, CallbackBody, ClockMoved, Refused, StatusBody, UnknownPayment};
use crate::lang::Lang;

/// HTTP statuses with a refusal in them, and when they come.
const REFUSALS: [(&str, &str); 9] = [
    ("400", "Refused: a parameter or the signature is not right. Nothing is stored."),
    ("403", "Refused: not for this project, as the test clock for a live one."),
    ("404", "Refused: there is no such project, method, path or request."),
    ("405", "Refused: not POST."),
    ("408", "Refused: the body did not come within 20 seconds."),
    ("413", "Refused: the body is over 256 KiB."),
    ("422", "Refused: the body is not one JSON object, or a parameter is in it twice."),
    ("500", "Failed: it says nothing about the payment. Ask for its status."),
    ("503", "Put off: send the same request again after the seconds of Retry-After."),
];

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(openapi()).unwrap_or_default());

/// The OpenAPI document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// The OpenAPI document as text.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The name of the schema of an endpoint's body: a sale's depends on the method.
pub fn body_name(endpoint: Endpoint) -> String {
    let (name, _) = endpoint.body();
    match endpoint.method().filter(|_| name == SaleRequest::name()) {
        Some(Method::AlfaClick) => format!("OnlineBanking{name}"),
        Some(Method::CardPartner) => format!("CardPartner{name}"),
        Some(Method::Card) | None => name,
    }
}

fn openapi() -> OpenApi {
    let paths = Endpoint::ALL.iter().fold(PathsBuilder::new(), |paths, endpoint| {
        let item = PathItem::new(HttpMethod::Post, operation(*endpoint));
        paths.path(endpoint.path(), item)
    });
    let told = PathItem::new(HttpMethod::Post, webhook());
    let info = InfoBuilder::new()
        .title("Altyn Gate")
        .version("v2")
        .description(Some(description()))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .webhooks(Some(PathsBuilder::new().path("callback", told).build()))
        .components(Some(components()))
        .build()
}

fn description() -> String {
    let mut text = "Signed JSON in, signed JSON out, the result by callback.\n\n\
        **Security.** Every request, callback and status document has a `signature`: base64 of \
        HMAC-SHA512, by the project's secret, over the lines `path:value` of all its values but \
        those called `signature` or `frame_mode`. The path joins keys and list positions with `:`; \
        true is `1`, false `0`, null nothing. The lines are sorted by path in natural order and \
        joined with `;`. OpenAPI has no scheme for that, so none is declared.\n\n\
        **Codes.** `code` of refusals, `operation.code` and `errors[].code` are these:\n\n\
        | Code | HTTP when refused at once | Message |\n|---|---|---|\n"
        .to_owned();
    for code in Code::ALL {
        let (number, status, message) = (code.number(), code.status().as_u16(), code.message());
        text.push_str(&format!("| {number} | {status} | {message} |\n"));
    }
    text
}

fn operation(endpoint: Endpoint) -> Operation {
    let body = RequestBodyBuilder::new()
        .required(Some(Required::True))
        .content("application/json", content(&body_name(endpoint), examples::request(endpoint)))
        .build();
    let mut operation = OperationBuilder::new()
        .operation_id(Some(endpoint.id()))
        .summary(Some(endpoint.title(Lang::English)))
        .description(Some(endpoint.about(Lang::English)))
        .request_body(Some(body))
        .response("200", success(endpoint));
    for (status, when) in REFUSALS {
        let refused = content(&Refused::name(), Value::Null);
        let response = ResponseBuilder::new().description(when);
        operation =
            operation.response(status, response.content("application/json", refused).build());
    }
    if endpoint.path().contains("{method}") {
        let codes = endpoint.method().map(Method::code);
        let schema =
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes)).build();
        operation = operation.parameter(
            ParameterBuilder::new()
                .name("method")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(schema)),
        );
    }
    operation.build()
}

fn content(schema: &str, example: Value) -> utoipa::openapi::Content {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    content.example(Some(example).filter(|example| !example.is_null())).build()
}

fn value_of(example: &impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

fn success(endpoint: Endpoint) -> Response {
    let (when, content) = match endpoint.answers() {
        Answers::Acceptance => (
            "Taken and recorded; the result comes by callback.",
            content(&Accepted::name(), value_of(&examples::accepted())),
        ),
        Answers::Time => (
            "Moved; jobs that are due now are being worked on.",
            content(&ClockMoved::name(), value_of(&examples::clock_moved())),
        ),
        Answers::DocumentOnly => {
            ("How the payment stands.", content(&StatusBody::name(), value_of(&examples::status())))
        }
        Answers::Document => {
            // Whatever has an error in it fits both, and objects stay open to new fields.
            let either = AnyOfBuilder::new()
                .item(Ref::from_schema_name(StatusBody::name()))
                .item(Ref::from_schema_name(UnknownPayment::name()));
            let content = ContentBuilder::new()
                .schema(Some(Schema::AnyOf(either.build())))
                .example(Some(value_of(&examples::status())));
            ("How the payment stands, or that there is none.", content.build())
        }
    };
    ResponseBuilder::new().description(when).content("application/json", content).build()
}

/// The request that a merchant's server gets from us.
fn webhook() -> Operation {
    let mut body = ContentBuilder::new().schema(Some(Ref::from_schema_name(CallbackBody::name())));
    body = body.examples_from_iter(Told::ALL.iter().map(|told| {
        let example = utoipa::openapi::example::ExampleBuilder::new();
        (told.id(), example.value(Some(value_of(&examples::callback(*told)))).build())
    }));
    OperationBuilder::new()
        .operation_id(Some("callback"))
        .summary(Some("What became of an operation"))
        .description(Some(
            "Sent by POST to the address of the request or of the project, with the same bytes \
             each time until it is answered with 200. Order is not guaranteed.",
        ))
        .request_body(Some(
            RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", body.build())
                .build(),
        ))
        .response("200", ResponseBuilder::new().description("Taken, also when it is a repeat."))
        .response("default", ResponseBuilder::new().description("Not taken: sent again later."))
        .build()
}

fn components() -> Components {
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    add::<Accepted>(&mut schemas);
    add::<Refused>(&mut schemas);
    add::<StatusBody>(&mut schemas);
    add::<UnknownPayment>(&mut schemas);
    add::<CallbackBody>(&mut schemas);
    add::<ClockMoved>(&mut schemas);
    add::<SaleRequest>(&mut schemas);
    add::<CardSaleRequest>(&mut schemas);
    add::<HoldRequest>(&mut schemas);
    add::<RefundRequest>(&mut schemas);
    add::<FingerprintRequest>(&mut schemas);
    add::<AuthenticationRequest>(&mut schemas);
    add::<ClarificationRequest>(&mut schemas);
    add::<StatusRequest>(&mut schemas);
    add::<RequestStatusRequest>(&mut schemas);
    add::<ClockRequest>(&mut schemas);
    schemas.retain(|(name, _)| *name != SaleRequest::name() && *name != CardSaleRequest::name());
    for endpoint in [Endpoint::CardSale, Endpoint::OnlineBankingSale, Endpoint::CardPartnerSale] {
        schemas.extend(narrowed(endpoint));
    }
    let mut components = Components::new();
    components.schemas.extend(schemas);
    components
}

fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// The sale of one method: its payer must have what the method's rules require, and for cards the
/// browser.
fn narrowed(endpoint: Endpoint) -> Vec<(String, RefOr<Schema>)> {
    let name = body_name(endpoint);
    let payer = name.replace("SaleRequest", &Customer::name());
    let (_, body) = endpoint.body();
    let (RefOr::T(Schema::Object(mut body)), RefOr::T(Schema::Object(mut customer))) =
        (body, <Customer as utoipa::PartialSchema>::schema())
    else {
        return Vec::new();
    };
    let required = endpoint.method().map_or(&[][..], |method| method.rules().required);
    customer.required = required
        .iter()
        .filter(|(_, when)| *when == When::Always)
        .map(|(field, _)| field.as_str().to_owned())
        .collect();
    if endpoint.method() != Some(Method::Card) {
        body.description = Some(endpoint.title(Lang::English).to_owned());
    } else if let RefOr::T(Schema::Object(browser)) =
        <BrowserData as utoipa::PartialSchema>::schema()
    {
        customer.properties.extend(browser.properties);
    }
    for name in &customer.required {
        if let Some(RefOr::T(Schema::Object(field))) = customer.properties.get_mut(name) {
            field.schema_type = not_null(&field.schema_type);
        }
    }
    body.properties.insert("customer".to_owned(), Ref::from_schema_name(&payer).into());
    vec![(payer, Schema::Object(customer).into()), (name, Schema::Object(body).into())]
}

fn not_null(kind: &SchemaType) -> SchemaType {
    match kind {
        SchemaType::Array(types) => {
            let rest: Vec<Type> =
                types.iter().filter(|kind| **kind != Type::Null).cloned().collect();
            match rest.as_slice() {
                [one] => SchemaType::Type(one.clone()),
                _ => SchemaType::Array(rest),
            }
        }
        SchemaType::Type(_) | SchemaType::AnyValue => kind.clone(),
    }
}

//! Prints the API as an OpenAPI document. `cargo xtask openapi` writes it to `docs/openapi.json`.

#![expect(clippy::print_stdout, reason = "the document is its product")]

fn main() {
    println!("{:#}", sluse_api::openapi());
}

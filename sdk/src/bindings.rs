//! The contract in Rust, as generated from `wit/v0.1`. Nothing in here is written by hand but three worlds
//! with one export each: a component that joins two of them is a `target`, a `source` or both, because the
//! encoder unites the worlds that it finds in a module. So there is one set of types for all of them.

/// The export `connector`, all imports and all shared types.
pub mod connector {
    wit_bindgen::generate!({
        inline: "
            package sluse:sdk;
            world connector-part {
                include sluse:connector/host@0.1.0;
                export sluse:connector/connector@0.1.0;
            }
        ",
        path: "../wit/v0.1",
        export_macro_name: "export_connector_part",
        default_bindings_module: "sluse_sdk::bindings::connector",
        pub_export_macro: true,
        generate_unused_types: true,
        generate_all,
        additional_derives: [PartialEq],
    });
}

/// The export `operations`.
pub mod operations {
    wit_bindgen::generate!({
        inline: "
            package sluse:sdk;
            world operations-part {
                export sluse:connector/operations@0.1.0;
            }
        ",
        path: "../wit/v0.1",
        export_macro_name: "export_operations_part",
        default_bindings_module: "sluse_sdk::bindings::operations",
        pub_export_macro: true,
        with: {
            "sluse:connector/types@0.1.0": crate::bindings::connector::sluse::connector::types,
            "sluse:connector/operations@0.1.0": generate,
        },
    });
}

/// The export `feeds`.
pub mod feeds {
    wit_bindgen::generate!({
        inline: "
            package sluse:sdk;
            world feeds-part {
                export sluse:connector/feeds@0.1.0;
            }
        ",
        path: "../wit/v0.1",
        export_macro_name: "export_feeds_part",
        default_bindings_module: "sluse_sdk::bindings::feeds",
        pub_export_macro: true,
        generate_unused_types: true,
        additional_derives: [PartialEq],
        with: {
            "sluse:connector/types@0.1.0": crate::bindings::connector::sluse::connector::types,
            "sluse:connector/feeds@0.1.0": generate,
        },
    });
}

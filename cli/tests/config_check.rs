//! What `assay config check` says of rules.

//! Any JSON-RPC method, by name: what one node has and another lacks.

use serde::{Serialize, de::DeserializeOwned};
use subxt::rpcs::client::RpcParams;

use crate::{ChainError, Client};

/// The code of a method that the node doesn't have.
pub(crate) const METHOD_NOT_FOUND: i32 = -32601;

impl Client {
    /// Ask once: what is asked for may be an act.
    pub async fn request<R: DeserializeOwned>(
        &self,
        method: &'static str,
        parameters: &[impl Serialize],
    ) -> Result<R, ChainError> {
        let mut encoded = RpcParams::new();
        for parameter in parameters {
            encoded.push(parameter).map_err(|error| ChainError::malformed(method, error))?;
        }
        let connection = self.connection().await?;
        match connection.rpc().request(method, encoded).await.map_err(connection.error(method)) {
            Err(error) => {
                if error.breaks_connection() {
                    self.discard(&connection, &error).await;
                }
                Err(error)
            }
            answered => answered,
        }
    }
}

impl ChainError {
    /// Whether the node has no such method.
    pub fn is_unknown_method(&self) -> bool {
        matches!(self, Self::Rpc { code: METHOD_NOT_FOUND, .. })
    }
}

//! Questions that the runtime itself answers, by name.

use subxt::{
    ext::{frame_decode::storage::IntoEncodableValues, scale_decode::DecodeAsType},
    runtime_apis::dynamic,
};

use crate::{ChainError, storage::At};

impl At {
    /// Call a method of a runtime API at this block.
    pub(crate) async fn ask<T: DecodeAsType>(
        &self,
        api: &'static str,
        method: &'static str,
        arguments: impl IntoEncodableValues,
    ) -> Result<T, ChainError> {
        let item = || format!("runtime API {api}.{method}");
        let metadata = self.runtime.metadata_ref();
        let found = metadata.runtime_api_trait_by_name(api).and_then(|api| api.method_by_name(method));
        let found = found.ok_or_else(|| ChainError::Unsupported { item: item(), source: None })?;
        let payload = dynamic::<_, T>(api, method, arguments);
        let arguments = self.runtime.runtime_apis().encode_args(&payload);
        let arguments = arguments.map_err(|error| ChainError::unsupported(item(), error))?;
        let name = format!("{api}_{method}");
        let answer = self.connection.methods.state_call(&name, Some(&arguments), self.hash()).await;
        let answer = answer.map_err(self.connection.error("state_call"))?;
        T::decode_as_type(&mut &*answer, found.output_ty(), metadata.types())
            .map_err(|error| ChainError::unsupported(item(), error))
    }
}

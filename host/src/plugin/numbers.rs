//! Numbers as they cross the boundary: bytes, little-endian, one after another.

use bytemuck::Pod;

use super::fault::Fault;

#[cfg(target_endian = "big")]
compile_error!("numbers cross the plugin boundary as they lie in memory, which has to be little-endian");

/// Numbers as bytes.
pub(super) fn given<T: Pod>(numbers: &[T]) -> &[u8] {
    bytemuck::cast_slice(numbers)
}

/// Numbers of bytes that a plugin gave as `what`.
///
/// # Errors
/// Bytes that are no whole number of them.
pub(super) fn taken<T: Pod>(what: &str, bytes: &[u8]) -> Result<Vec<T>, Fault> {
    let size = size_of::<T>();
    if !bytes.len().is_multiple_of(size) {
        let bytes = bytes.len();
        return Err(Fault::contract(format!("{what} has {bytes} bytes, which are no numbers of {size} bytes each")));
    }
    // Bytes that a plugin gave lie anywhere, and numbers do not.
    let mut numbers = vec![T::zeroed(); bytes.len() / size];
    bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(bytes);
    Ok(numbers)
}
